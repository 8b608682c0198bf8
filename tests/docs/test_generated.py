"""The generated pages are those that the code would write now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["AGENTS.md", "docs/cli.md", "docs/specs.md", "docs/advice.md", "docs/portable.md"])
def test_page_is_up_to_date(page: str) -> None:
    assert load().written(page) == (ROOT / page).read_text(), f"{page}: not up to date. Run scripts/docs."


def test_every_source_file_is_in_the_map() -> None:
    text = (ROOT / "AGENTS.md").read_text()
    sources = [path for path in (ROOT / "src").rglob("*.py") if path.stat().st_size]
    assert [path for path in sources if f"`{path.relative_to(ROOT)}`: " not in text] == []
