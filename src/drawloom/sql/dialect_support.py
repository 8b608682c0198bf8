"""Constructs that an engine does not support, reported when a text is analyzed, before it runs."""

from __future__ import annotations

from dataclasses import replace

from drawloom.model import InputError, Problem, Where
from drawloom.sql.catalog import column_types
from drawloom.sql.dialect import transpile
from drawloom.sql.script import Script


def unsupported_constructs(script: Script, engine: str) -> tuple[Problem, ...]:
    """The constructs of a text that the engine does not support, as problems with their place in the user's text."""
    if engine == script.dialect:
        return ()
    try:
        transpile(script.rendered.text, script.dialect, engine, column_types(script.catalog))
    except InputError as error:
        return tuple(replace(problem, where=_locate(script, problem.where)) for problem in error.problems)
    return ()


def _locate(script: Script, where: Where) -> Where:
    """The place in the user's text for a line and column of the rendered one."""
    if not where.line:
        return Where(script.file)
    lines = script.rendered.text.splitlines(keepends=True)
    offset = sum(map(len, lines[: where.line - 1])) + (where.column or 1) - 1
    return script.place(min(offset, max(len(script.rendered.text) - 1, 0)))
