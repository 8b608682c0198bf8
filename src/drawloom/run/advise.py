"""Advice on one text, in a project or without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.model import InputError, Problem, Schedule, Where, refuse
from drawloom.sql.cache import Description, describe
from drawloom.sql.catalog import Catalog, load_catalog

if TYPE_CHECKING:
    from drawloom.run.project import Project


@dataclass(frozen=True, slots=True)
class Question:
    """A text and how to read it."""

    text: str
    file: str | None = None
    dialect: str = "duckdb"
    keys: tuple[str, ...] = ("ds",)
    catalog: Catalog | None = None
    schedule: Schedule = Schedule()
    target: str | None = None
    params: Mapping[str, Any] | None = None

    @classmethod
    def of(
        cls,
        text: str,
        file: str | None = None,
        *,
        dialect: str | None = None,
        keys: tuple[str, ...] = ("ds",),
        catalog: str | None = None,
        schedule: str | None = None,
        target: str | None = None,
        project: Project | None = None,
    ) -> Question:
        """What is given here, then what the text's own header says, then what the project knows of its tables.

        Raises:
            InputError: the header, the catalog, the schedule or the file is wrong.
        """
        header = _header(text, file)
        words = schedule or header.get("schedule") or (project.config.defaults.schedule if project else "@daily")
        if catalog is not None:
            known: Catalog | None = load_catalog(catalog)
        else:
            known = project.catalog if project else None
        try:
            rhythm = Schedule.parse(str(words))
        except ValueError as error:
            raise refuse("bad-schedule", f"{error}.", Where(file)) from error
        params = header.get("params")
        return cls(
            text=text,
            file=file,
            dialect=str(dialect or header.get("dialect") or "duckdb"),
            keys=keys,
            catalog=known,
            schedule=rhythm,
            target=target or header.get("table"),
            params=params if isinstance(params, Mapping) else None,
        )


def advise_text(question: Question) -> Description:
    """What the text reads and writes, and every problem of it.

    Raises:
        InputError: the text is refused: it cannot be read.
    """
    return describe(
        question.text,
        dialect=question.dialect,
        keys=question.keys,
        catalog=question.catalog,
        schedule=question.schedule,
        target=question.target,
        params=question.params,
        file=question.file,
    )


def fix_text(question: Question) -> tuple[str, int]:
    """The text with the safe fixes applied until none is left, and how many problems that mended."""
    from drawloom.sql.advice import apply_fixes

    mended, before = 0, question
    while True:
        safe = [problem for problem in advise_text(before).problems if _safe(problem)]
        after = replace(before, text=apply_fixes(before.text, safe))
        if after.text == before.text:
            return before.text, mended
        mended += len(safe)
        before = after


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: it cannot be read, or is no text.
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
        raise refuse("not-sql", f"{name} == binary, must be SQL text in UTF-8.", Where(name)) from error


def _safe(problem: Problem) -> bool:
    return problem.fix is not None and problem.fix.safe and bool(problem.fix.edits)


def _header(text: str, file: str | None) -> Mapping[str, Any]:
    """The keys of the text's drawloom header; empty without one."""
    from drawloom.specs.load import sql_document

    try:
        return sql_document(text, file).data
    except InputError as error:
        if all(problem.code == "no-header" for problem in error.problems):
            return {}
        raise
