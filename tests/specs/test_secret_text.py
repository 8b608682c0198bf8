"""Passwords that somebody wrote into a file are in no message about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.model import InputError
from drawloom.specs.config import load_config
from drawloom.specs.secret_text import hide_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("trino://ana:hunter2@host:8080/c", "trino://ana:hidden@host:8080/c"),
        ("postgresql://ana:hun/ter@2@host/db", "postgresql://ana:hidden@host/db"),
        ("postgresql://host/db?user=ana&password=hunter2&x=1", "postgresql://host/db?user=ana&password=hidden&x=1"),
        ("{'api_key': 'hunter2', 'a': 1}", "{'api_key': 'hidden', 'a': 1}"),
        ("trino://ana@host:8080/c", "trino://ana@host:8080/c"),
        ("s3://bucket/a:b", "s3://bucket/a:b"),
    ],
)
def test_secrets_are_hidden(text: str, shown: str) -> None:
    assert hide_secrets(text) == shown


@pytest.mark.parametrize(
    "written",
    [
        "engine: {kind: duckdb, url: 'trino://ana:hunter2@host:8080/c'}",
        "registry: 'nonsense://ana:hunter2@host/db'",
        "engine: {kind: trino, url: 'trino://ana:hunter2@host:8080/c', settings: [a, 'password=hunter2']}",
        "engine: {kind: trino, settings: {password: [hunter2]}}",
        "registry: 'postgresql://ana:hunter2@host/db': x",
        "- postgresql://ana:hunter2@host/db",
    ],
)
def test_messages_about_settings_have_no_passwords(tmp_path: Path, written: str) -> None:
    (tmp_path / "drawloom.yml").write_text(f"start: 2026-01-01\n{written}\n")
    try:
        load_config(tmp_path)
    except InputError as error:
        assert "hunter2" not in str(error)  # noqa: PT017 - what is accepted tells nothing
