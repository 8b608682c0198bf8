"""Compiled templates are cached where they can be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from drawloom.frameworks import sqlfiles


def test_compiled_templates_are_kept(tmp_path: Path) -> None:
    cache = sqlfiles._Cache(str(tmp_path))
    environment = Environment(loader=DictLoader({"a": "{{ n }}"}), bytecode_cache=cache)
    assert environment.get_template("a").render(n=1) == "1"
    assert len(list(tmp_path.iterdir())) == 1


def test_templates_work_without_a_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = sqlfiles._Cache(str(tmp_path / "missing"))
    environment = Environment(loader=DictLoader({"a": "{{ n }}"}), bytecode_cache=cache)
    assert environment.get_template("a").render(n=2) == "2"

    def refuse(_: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(sqlfiles._Cache, "_get_default_cache_dir", refuse)
    assert sqlfiles._cache() is None
