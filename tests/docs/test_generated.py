"""The generated pages are up to date."""

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


@pytest.mark.parametrize("page", load().PAGES)
def test_page_is_up_to_date(page: str) -> None:
    assert load().regenerate(page) == (ROOT / page).read_text(), f"{page}: not up to date. Run scripts/docs."


def test_the_map_of_folders_is_complete() -> None:
    text = (ROOT / "AGENTS.md").read_text()
    files = [*(ROOT / "src/drawloom").glob("*/*.py"), *(ROOT / "src/drawloom").glob("*/*/*.py")]
    folders = {f"`{path.parent.relative_to(ROOT / 'src/drawloom')}/`" for path in files}
    assert sorted(folder for folder in folders if folder not in text) == []
