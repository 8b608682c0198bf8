"""Creating a new project that runs at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from drawloom.model import refuse


def init_project(folder: Path, name: str | None = None) -> list[Path]:
    """Write drawloom.yml, a first spec with a test, .gitignore and the schemas for editors; return the files written.

    Raises:
        InputError: the folder already has a project, or the name is not a plain word.
    """
    name = name or re.sub(r"\W+", "_", folder.absolute().name).strip("_").lower() or "project"
    _check_is_new(folder)
    if not re.fullmatch(r"[^\W\d]\w*", name):
        raise refuse("bad-name", f"name == {name!r}, must be a word such as rides.", fix="Give one with --name.")
    start = date.today() - timedelta(days=7)
    texts = {path: (_TEMPLATE / path).read_text(encoding="utf-8") for path in _FILES}
    texts["drawloom.yml"] = texts["drawloom.yml"].replace("__name__", name).replace("__start__", start.isoformat())
    return _write_project(folder, texts)


def init_shop(folder: Path) -> list[Path]:
    """Write the finished project of the tutorial, with its raw files and a script that lands them; return the files written.

    Raises:
        InputError: the folder already has a project.
    """
    _check_is_new(folder)
    shop = Path(str(files("drawloom.run") / "shop"))
    found = sorted(path for path in shop.rglob("*") if path.is_file())
    return _write_project(folder, {str(path.relative_to(shop)): path.read_text(encoding="utf-8") for path in found})


_TEMPLATE = files("drawloom.run") / "template"
_FILES = ("drawloom.yml", "specs/hello.sql", "tests/hello.yml")


def _check_is_new(folder: Path) -> None:
    if (folder / "drawloom.yml").exists():
        raise refuse("exists", f"{folder / 'drawloom.yml'} already exists.", fix="Choose another folder.")


def _write_project(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    all_texts = {**texts, ".gitignore": (_TEMPLATE / "gitignore").read_text(encoding="utf-8")}
    return [*(_write(folder / path, text) for path, text in all_texts.items()), *write_schemas(folder)]


def write_schemas(folder: Path) -> list[Path]:
    """Write the JSON Schemas for editors, where they are not up to date; return the files written."""
    from drawloom.frameworks.base import frameworks
    from drawloom.specs.schema import config_schema, spec_schema
    from drawloom.specs.unit_test import tests_schema

    kinds = {kind: framework.Spec for kind, framework in frameworks().items()}
    schemas = {
        "drawloom.schema.json": config_schema(),
        "spec.schema.json": spec_schema(kinds),
        "tests.schema.json": tests_schema(),
    }
    texts = {
        folder / ".drawloom" / name: json.dumps(schema, indent=2, sort_keys=True) + "\n"
        for name, schema in schemas.items()
    }
    return [_write(path, text) for path, text in texts.items() if not path.is_file() or path.read_text() != text]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
