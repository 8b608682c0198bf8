"""Advice: what is wrong with a text, or could be better, before it costs anything.

One rule per file. A rule's docstring is its message (the first paragraph) and says why (the rest); its code is its
name with dashes. A new rule is a new file with CODE, SEVERITY and ``check``.
"""

from __future__ import annotations

from drawloom.model import Problem, Severity
from drawloom.sql.advice._allow import silence
from drawloom.sql.advice._fixes import apply_fixes
from drawloom.sql.advice._rules import rules
from drawloom.sql.script import Script

__all__ = ["advise", "apply_fixes", "catalogue"]


def advise(script: Script) -> tuple[Problem, ...]:
    """All problems of a script in the order of its text, without those that it allows."""
    codes = {rule.CODE for rule in rules()}
    found = [problem for rule in rules() for problem in rule.check(script)]
    return tuple(sorted(silence(script, found, codes), key=_order))


def catalogue() -> tuple[tuple[str, Severity, str], ...]:
    """Code, severity and docstring of every rule, for the documentation."""
    return tuple((rule.CODE, rule.SEVERITY, (rule.__doc__ or "").strip()) for rule in rules())


def _order(problem: Problem) -> tuple[int, int, int, str]:
    rank = {"error": 0, "warn": 1, "info": 2}[problem.severity]
    return problem.where.line or 0, problem.where.column or 0, rank, problem.code
