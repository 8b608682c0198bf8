"""``${NAME}`` and secrets."""

from __future__ import annotations

import pytest

from drawloom.model import InputError
from drawloom.specs.env import expand, has_password, unset_variables


def test_expand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAWLOOM_TEST", "s3cret")
    assert expand("a/${DRAWLOOM_TEST}/{ds}/$x") == "a/s3cret/{ds}/$x"
    assert unset_variables("${DRAWLOOM_TEST} ${DRAWLOOM_NONE}") == ["DRAWLOOM_NONE"]


def test_unset_names_are_refused() -> None:
    with pytest.raises(InputError, match="DRAWLOOM_NONE is not set in the environment"):
        expand("${DRAWLOOM_NONE}")


def test_passwords_in_plain_text() -> None:
    assert has_password("postgresql://me:secret@host/db")
    assert has_password("postgresql://me:x${PART}@host/db")
    assert not has_password("postgresql://me:${PASSWORD}@host/db")
    assert not has_password("postgresql://me@host/db")
    assert not has_password("sqlite:///lake/registry.db")
