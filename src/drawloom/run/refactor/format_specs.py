"""Formatting the SQL of specs: their headers, comments, templates and fingerprints stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.model import InputError, Problem, Where, refuse
from drawloom.run.compile_project import find_macros
from drawloom.run.text_file import write_text
from drawloom.specs.document import read_text
from drawloom.specs.load import find_header, spec_files, sql_document
from drawloom.sql.fingerprint import fingerprint
from drawloom.sql.layout import format_sql
from drawloom.sql.template.macro_files import Macros
from drawloom.sql.template.rendering import render

if TYPE_CHECKING:
    from drawloom.run.project import Project

_DAYS = (date(2026, 1, 31), date(2026, 3, 1))  # on which templates are rendered to compare what they say


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file with its text before and after; the same where ``problems`` say why it is left as it is."""

    file: str
    before: str
    after: str
    problems: tuple[Problem, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether formatting changes it."""
        return self.before != self.after


def format_specs(project: Project, names: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Formatted]:
    """The ``.sql`` specs of what is selected, or all without names; nothing is written.

    Raises:
        InputError: a name is unknown, or nothing is selected.
    """
    files = list(_files(project.config.root))
    if names or exclude:
        wanted = {pipeline.spec.file for pipeline in project.select(names, exclude)}
        files = [file for file in files if file in wanted]
    macros, _ = find_macros(project.config.root / "macros")
    return [_format(project.config.root / file, file, macros) for file in files]


def write_formatted(root: Path, found: Sequence[Formatted]) -> None:
    """Write the files that change."""
    for one in found:
        if one.changed:
            write_text(root / one.file, one.after)


def format_text(text: str, file: str, macros: Macros) -> str:
    """The text of a ``.sql`` spec with its SQL in the one layout.

    Raises:
        InputError: its SQL cannot be formatted safely; with the place.
    """
    header = find_header(text)
    if header is None or not header["end"]:
        raise refuse("format-unsafe", "The header is missing.", Where(file, 1))
    data = sql_document(text, file).data
    body, dialect = text[header.end() :], str(data.get("dialect", "duckdb"))
    try:
        formatted = format_sql(body, dialect)
        _compare_rendered(body, formatted, dialect, data.get("params") or {}, macros)
    except InputError as error:
        above = text.count("\n", 0, header.end())
        places = (replace(p.where, file=file, line=(p.where.line or 1) + above) for p in error.problems)
        raise InputError(*(replace(p, where=w) for p, w in zip(error.problems, places, strict=True))) from error
    return f"{text[: header.end()]}\n{formatted}"


def _files(root: Path) -> Iterator[str]:
    return (file for _, file in spec_files(root / "specs") if file.endswith(".sql"))


def _format(path: Path, file: str, macros: Macros) -> Formatted:
    before = ""
    try:
        read_text(path, file)  # refuses what is too long and what is no text
        before = path.read_bytes().decode("utf-8")
        after = format_text(before.replace("\r\n", "\n"), file, macros)
    except InputError as error:
        return Formatted(file, before, before, error.problems)
    return Formatted(file, before, after.replace("\n", "\r\n") if "\r\n" in before else after)


def _compare_rendered(before: str, after: str, dialect: str, params: Any, macros: Macros) -> None:
    """Refuse a layout in which a tag renders into another text: a macro may end in a comment, which ends with its line.

    Raises:
        InputError: it does, or the template does not render.
    """
    if "{{" not in before and "{%" not in before:
        return
    for day in _DAYS:
        one, other = (render(text, day, params=params, macros=macros.used_by(text)).text for text in (before, after))
        if fingerprint(one, dialect) != fingerprint(other, dialect):
            raise refuse("format-unsafe", "A tag of the template would render to another SQL in another layout.")
