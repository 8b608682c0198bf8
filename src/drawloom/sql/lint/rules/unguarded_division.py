"""{division} divides by {divisor}, which may be zero.

Division by zero stops the run on some engines, and gives NULL or infinity on others.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.lint.nodes import filters, nodes, unwrap
from drawloom.sql.lint.positions import extent, full_span, replace_span, snippet
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
    if isinstance(node, exp.Window) and node.args.get("spec") is None:
        of = node.this.this if isinstance(node.this, exp.Sum) else None
        return _counts_rows(node.this) or (of is not None and _counts_a_group(of))  # the row itself is among them
    if _counts_a_group(node):
        return True
    return isinstance(node, _GUARDS) or not any(node.find_all(exp.Column, exp.Func, exp.Star, exp.Query))


def _counts_rows(node: exp.Expr) -> bool:
    """Whether it is count(*) or count(1), which count every row."""
    return isinstance(node, exp.Count) and isinstance(node.this, exp.Star | exp.Literal) and not node.expressions


def _counts_a_group(node: exp.Expr) -> bool:
    """Whether it counts the rows of a group, of which there is one at least; a total over all rows may have none."""
    query = node.find_ancestor(exp.Query)
    group = query.args.get("group") if query else None
    return _counts_rows(node) and query is not None and group is not None and _has_keys(query, group)


def _has_keys(query: exp.Expr, group: exp.Expr) -> bool:
    if any(group.args.get(one) for one in ("rollup", "cube", "grouping_sets", "totals")):
        return False
    if group.args.get("all"):
        return any(one.find(exp.Column) and not one.find(exp.AggFunc) for one in query.args.get("expressions", ()))
    totals = exp.Rollup, exp.Cube, exp.GroupingSets
    return any(not isinstance(key, totals) and key != exp.Tuple() for key in group.expressions)


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
    """The edit around a divisor whose end is known."""
    span = extent(divisor) if isinstance(divisor, exp.Column) else full_span(script, divisor)
    return replace_span(script, span, f"nullif({script.rendered.text[slice(*span)]}, 0)") if span else ()
