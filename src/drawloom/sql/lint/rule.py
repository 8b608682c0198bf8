"""The protocol of a lint rule, loading of all rules, and how a rule reports a finding."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.positions import start_offset
from drawloom.sql.script import Script, place

RULES = Path(__file__).parent / "rules"


class Rule(Protocol):
    """A module of ``rules``; the first paragraph of its docstring is the message of its findings."""

    CODE: str
    SEVERITY: Severity
    __doc__: str | None

    def check(self, script: Script) -> Iterator[Problem]:
        """The findings of this rule in a script."""
        ...


@cache
def load_rules() -> tuple[Rule, ...]:
    """All rules, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(RULES)]))
    return tuple(cast(Rule, import_module(f"{__package__}.rules.{name}")) for name in names)


def finding(
    rule: str,
    script: Script,
    at: exp.Expr | int,
    fix: Fix,
    severity: Severity | None = None,
    **values: Any,
) -> Problem:
    """A finding of a rule, as a problem.

    Args:
        rule: the rule's module name; pass ``__name__``.
        script: the script it was found in.
        at: the node that is wrong, or an offset in the rendered text.
        fix: what to do about it.
        severity: if it differs from the rule's own.
        **values: the values for the message's placeholders.
    """
    module = sys.modules[rule]
    where = script.place(at if isinstance(at, int) else start_offset(script, at))
    return Problem(module.CODE, severity or module.SEVERITY, _message(module.__doc__ or "", **values), where, fix)


def template_finding(rule: str, script: Script, offset: int, fix: Fix, **values: Any) -> Problem:
    """As ``finding``, for a place in the template itself: an offset in the user's text."""
    module = sys.modules[rule]
    where = place(script.source, offset, script.file)
    return Problem(module.CODE, module.SEVERITY, _message(module.__doc__ or "", **values), where, fix)


def _message(docstring: str, **values: Any) -> str:
    """The first paragraph on one line, with its placeholders filled."""
    first = docstring.strip().split("\n\n", 1)[0]
    return " ".join(first.split()).format(**values)
