"""{division} divides by {divisor}, which may be zero.

Division by zero stops the run on some engines, and gives NULL or infinity on others.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.lint.nodes import filters, nodes, unwrap
from drawloom.sql.lint.positions import extent, replace_span, snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "unguarded-division"
SEVERITY: Severity = "info"

_GUARDS = (exp.Nullif, exp.Case, exp.If, exp.Exp, exp.Greatest)
_WRAPPERS = (exp.Paren, exp.Cast, exp.TryCast, exp.Neg)


def check(script: Script) -> Iterator[Problem]:
    """Divisors that may be zero: not a number, and not guarded by nullif, CASE, or a condition around them."""
    for division in nodes(script, exp.Div, exp.IntDiv, exp.Mod):
        divisor = division.expression
        if not _never_zero(divisor) and not _is_guarded(division, unwrap(divisor, *_WRAPPERS)):
            short = snippet(script, divisor)
            fix = Fix(f"Write nullif({short}, 0).", _wrap(script, divisor))
            yield finding(__name__, script, divisor, fix, division=snippet(script, division), divisor=short)


def _never_zero(node: exp.Expr) -> bool:
    node = unwrap(node, *_WRAPPERS)
    if isinstance(node, exp.Literal):
        return node.is_string or float(node.this) != 0
    if isinstance(node, exp.Coalesce):
        return all(_never_zero(item) for item in node.expressions) and _never_zero(node.this)
    if isinstance(node, exp.Mul):
        return _never_zero(node.this) and _never_zero(node.expression)
    return isinstance(node, _GUARDS) or not any(node.find_all(exp.Column, exp.Func, exp.Star, exp.Query))


def _is_guarded(division: exp.Expr, divisor: exp.Expr) -> bool:
    """Whether a CASE or IF around a division, or the WHERE or HAVING of its query, tests the divisor."""
    inner, node = division, division.parent
    while node is not None and not isinstance(node, exp.Query):
        if isinstance(node, exp.If | exp.Case) and any(_mentions(part, divisor) for part in _tests(node, inner)):
            return True
        inner, node = node, node.parent
    return node is not None and any(_mentions(test, divisor) for test in filters(node, "where", "having"))


def _tests(node: exp.Expr, inside: exp.Expr) -> list[exp.Expr]:
    """The conditions of a CASE or IF, without the one that the division is in; they also guard a CASE's ELSE."""
    ifs = node.args.get("ifs") or ([node] if isinstance(node, exp.If) else [])
    return [branch.this for branch in ifs if branch.this is not inside]


def _mentions(test: exp.Expr, divisor: exp.Expr) -> bool:
    return any(node == divisor for node in test.find_all(type(divisor)))


def _wrap(script: Script, divisor: exp.Expr) -> tuple[Edit, ...]:
    """The edit around a column; where longer expressions end is not known."""
    span = extent(divisor) if isinstance(divisor, exp.Column) else None
    return replace_span(script, span, f"nullif({script.rendered.text[slice(*span)]}, 0)") if span else ()
