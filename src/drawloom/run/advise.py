"""Lint one SQL text, with or without a project: analyze it, apply the safe fixes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drawloom.model import InputError, Problem, Schedule, Where, refuse
from drawloom.sql import Analysis, analyze
from drawloom.sql.catalog import Catalog, load_catalog
from drawloom.sql.template.macro_files import Macros, load_macros


@dataclass(frozen=True, slots=True)
class LintRequest:
    """A SQL text and how to read it."""

    text: str
    file: str | None = None
    dialect: str = "duckdb"
    keys: tuple[str, ...] = ("ds",)
    catalog: Catalog | None = None
    schedule: Schedule = Schedule()
    target: str | None = None
    params: Mapping[str, Any] | None = None
    macros: Macros = Macros()

    @classmethod
    def from_text(  # noqa: PLR0913 - one keyword for each setting
        cls,
        text: str,
        file: str | None = None,
        *,
        dialect: str | None = None,
        keys: tuple[str, ...] = ("ds",),
        catalog: str | None = None,
        schedule: str | None = None,
        target: str | None = None,
        known_tables: Catalog | None = None,
        default_schedule: str = "@daily",
        timezone: str = "UTC",
        macros: Path | None = None,
    ) -> LintRequest:
        """Settings given here come first, then those in the text's own header, then the project's.

        Args:
            text: SQL with Jinja, with or without a drawloom header.
            file: its file, for places.
            dialect: whose SQL it is.
            keys: the partition columns of tables that are in no catalog.
            catalog: JSON text or a JSON file with tables; it replaces ``known_tables``.
            schedule: how often the text runs.
            target: the table that it fills.
            known_tables: the tables of the project.
            default_schedule: the project's schedule.
            timezone: where the project's days begin and end.
            macros: a folder with macros.

        Raises:
            InputError: the header, the catalog, the schedule or the file is wrong.
        """
        header = _header(text, file)
        tables = known_tables if catalog is None else load_catalog(catalog)
        params = header.get("params")
        return cls(
            text=text,
            file=file,
            dialect=str(dialect or header.get("dialect") or "duckdb"),
            keys=keys,
            catalog=tables,
            schedule=_parse_schedule(str(schedule or header.get("schedule") or default_schedule), timezone, file),
            target=target or header.get("table"),
            params=params if isinstance(params, Mapping) else None,
            macros=load_macros(macros) if macros else Macros(),
        )


def lint_text(request: LintRequest) -> Analysis:
    """What the text reads and writes, and every problem in it.

    Raises:
        InputError: the text cannot be read.
    """
    return analyze(
        request.text,
        dialect=request.dialect,
        keys=request.keys,
        catalog=request.catalog,
        schedule=request.schedule,
        target=request.target,
        params=request.params,
        file=request.file,
        macros=request.macros.used_by(request.text),
    )


def fix_text(request: LintRequest) -> tuple[str, int]:
    """The text with safe fixes applied until none is left, and how many problems they fixed."""
    from drawloom.sql.lint import apply_fixes

    fixed = 0
    while True:
        fixable = [problem for problem in lint_text(request).problems if _has_safe_fix(problem)]
        text = apply_fixes(request.text, fixable)
        if text == request.text:
            return text, fixed
        fixed += len(fixable)
        request = replace(request, text=text)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: it cannot be read, or is not text.
    """
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as error:
        raise refuse("missing-file", f"file == {str(path)!r}, must be readable: {error.strerror}.") from error


def decode(data: bytes, name: str) -> str:
    """Bytes as text.

    Raises:
        InputError: they are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse("not-sql", f"{name} is not text in UTF-8.", Where(name)) from error


def _has_safe_fix(problem: Problem) -> bool:
    return problem.fix is not None and problem.fix.safe and bool(problem.fix.edits)


def _parse_schedule(text: str, timezone: str, file: str | None) -> Schedule:
    try:
        return Schedule.parse(text, timezone)
    except ValueError as error:
        raise refuse("bad-schedule", f"{error}.", Where(file)) from error


def _header(text: str, file: str | None) -> Mapping[str, Any]:
    """The keys of the text's drawloom header; empty if it has none."""
    from drawloom.specs.load import sql_document

    try:
        return sql_document(text, file).data
    except InputError as error:
        if all(problem.code == "no-header" for problem in error.problems):
            return {}
        raise
