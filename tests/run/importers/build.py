"""Projects of other tools as files, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

from drawloom.run.importers.front import import_project
from drawloom.run.importers.imported import Imported
from drawloom.run.importers.write import write_imported
from drawloom.run.project import Project

DAY = date(2026, 3, 2)


def project(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder with these files in it; texts are dedented."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode())
    return folder


def imported(tool: str, folder: Path, files: Mapping[str, str | bytes], dialect: str | None = None) -> Imported:
    """What is made of a project with these files."""
    return import_project(tool, project(folder, files), dialect)


def outcomes(made: Imported) -> dict[str, str]:
    """The outcome of each file."""
    return {name: file.outcome for name, file in made.files.items()}


def said(made: Imported, file: str) -> list[str]:
    """What the report says of a file, each with its line."""
    return [f"{one.where.line or ''}: {one.message}" for one in made.files[file].problems]


def run(made: Imported, folder: Path, start: date = DAY, end: date = DAY) -> Project:
    """The written project, after a run of these days."""
    write_imported(made, folder, start=start)
    path = folder / "drawloom.yml"
    path.write_text(f"{path.read_text()}end: {end}\n")
    loaded = Project.load(folder)
    errors = [one for one in loaded.compiled.problems if one.severity == "error"]
    assert errors == []
    summary = loaded.run()
    assert summary.exit_code == 0, summary.results
    return loaded


def rows(loaded: Project, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, in their order."""
    return [tuple(row.values()) for row in loaded.query(sql).to_pylist()]
