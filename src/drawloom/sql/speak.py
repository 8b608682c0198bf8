"""Whether an engine can say what a text says, told when it is read and not when it runs."""

from __future__ import annotations

from dataclasses import replace

from drawloom.model import InputError, Problem, Where
from drawloom.sql.catalog import typed
from drawloom.sql.script import Script


def unspeakable(script: Script, engine: str) -> tuple[Problem, ...]:
    """What in a text the engine has no SQL for, each with its place in the user's text."""
    if engine == script.dialect:
        return ()
    from drawloom.sql.dialect import transpile

    try:
        transpile(script.rendered.text, script.dialect, engine, typed(script.catalog))
    except InputError as error:
        return tuple(replace(problem, where=_place(script, problem.where)) for problem in error.problems)
    return ()


def _place(script: Script, where: Where) -> Where:
    """From a line and column of the rendered text to those of the user's."""
    if not where.line:
        return Where(script.file)
    lines = script.rendered.text.splitlines(keepends=True)
    offset = sum(map(len, lines[: where.line - 1])) + (where.column or 1) - 1
    return script.place(min(offset, max(len(script.rendered.text) - 1, 0)))
