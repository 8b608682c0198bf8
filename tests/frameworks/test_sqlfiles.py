"""Templates that are compiled once, wherever that can be kept."""

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


def test_without_a_place_for_them_templates_are_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = sqlfiles._Cache(str(tmp_path / "gone"))
    environment = Environment(loader=DictLoader({"a": "{{ n }}"}), bytecode_cache=cache)
    assert environment.get_template("a").render(n=2) == "2"

    def refuse(_: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(sqlfiles._Cache, "_get_default_cache_dir", refuse)
    assert sqlfiles._cache() is None
