"""A rule's finding as a Problem: the first paragraph of its docstring is the message."""

from __future__ import annotations

import sys
from typing import Any

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import start_of
from drawloom.sql.script import Script, place


def tell(
    rule: str,
    script: Script,
    at: exp.Expr | int,
    fix: Fix,
    severity: Severity | None = None,
    **values: Any,
) -> Problem:
    """The problem that a rule found.

    Args:
        rule: the rule's module name; give ``__name__``.
        script: the script it was found in.
        at: the node that is wrong, or an offset in the rendered text.
        fix: what to do about it.
        severity: where it differs from the rule's own.
        **values: fill the message's places.
    """
    module = sys.modules[rule]
    where = script.place(at if isinstance(at, int) else start_of(script, at))
    return Problem(module.CODE, severity or module.SEVERITY, message(module.__doc__ or "", **values), where, fix)


def tell_source(rule: str, script: Script, offset: int, fix: Fix, **values: Any) -> Problem:
    """The same for something in the template itself, at an offset in the user's text."""
    module = sys.modules[rule]
    where = place(script.source, offset, script.file)
    return Problem(module.CODE, module.SEVERITY, message(module.__doc__ or "", **values), where, fix)


def message(docstring: str, **values: Any) -> str:
    """The first paragraph on one line, with its places filled."""
    first = docstring.strip().split("\n\n", 1)[0]
    return " ".join(first.split()).format(**values)
