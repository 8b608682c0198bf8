"""Lint rules for SQL, run before the text does; ``drawloom advise`` prints their findings.

One rule per file in ``rules``. A rule's docstring is its message (the first paragraph) and its reason (the rest); its
code is its file's name with dashes. A new rule is a new file with CODE, SEVERITY and ``check``.
"""

from __future__ import annotations

from drawloom.model import Problem, Severity
from drawloom.sql.lint.fixes import apply_fixes
from drawloom.sql.lint.rule import load_rules
from drawloom.sql.lint.suppressions import drop_suppressed
from drawloom.sql.recursion import with_deep_stack
from drawloom.sql.script import Script

__all__ = ["apply_fixes", "lint_script", "list_rules"]


def lint_script(script: Script) -> tuple[Problem, ...]:
    """All findings in a script in the order of its text, without those that its comments allow."""
    codes = {rule.CODE for rule in load_rules()}
    found = with_deep_stack(lambda: [problem for rule in load_rules() for problem in rule.check(script)])
    return tuple(sorted(drop_suppressed(script, found, codes), key=_order))


def list_rules() -> tuple[tuple[str, Severity, str], ...]:
    """Code, severity and docstring of every rule, for the documentation."""
    return tuple((rule.CODE, rule.SEVERITY, (rule.__doc__ or "").strip()) for rule in load_rules())


def _order(problem: Problem) -> tuple[int, int, int, str]:
    rank = {"error": 0, "warn": 1, "info": 2}[problem.severity]
    return problem.where.line or 0, problem.where.column or 0, rank, problem.code
