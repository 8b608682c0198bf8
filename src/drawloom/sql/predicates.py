"""Conditions -> facts: which days a column can have where the condition is TRUE (or FALSE)."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlglot import exp

from drawloom.model import Days
from drawloom.model.days import Span
from drawloom.sql.constant import Folder
from drawloom.sql.dayset import ALL, NONE, DaySet, Grain, Probed, allowed
from drawloom.sql.facts import Facts, Relation, Solver, Term, negative
from drawloom.sql.functions import compare, last_day, trunc
from drawloom.sql.keys import KeyExpr, KeyReader
from drawloom.sql.prefixes import prefixed
from drawloom.sql.values import UNKNOWN, Moving, Value, lift, parse_time

_OPERATORS: dict[type[Any], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "=",
}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRROR = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PYTHON = {
    "=": operators.eq,
    "<>": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}
_MAX_DEPTH = 80


@dataclass(frozen=True, slots=True)
class Target:
    """What a column in a condition stands for: one term, or several joined by USING, each of which may be NULL."""

    terms: tuple[Term, ...]
    soft: bool = False


class Names(Protocol):
    """What conditions must be told about columns and subqueries."""

    def resolve(self, column: exp.Column) -> Target | None:
        """The column of a source that a name means, None where that is not certain."""

    def grain(self, term: Term) -> Grain:
        """Whether a column holds days, times, or either."""

    def slack(self, term: Term) -> int:
        """The days that a session's time zone may put between a column and its partition."""

    def answers(self, query: exp.Expr, position: int = 0) -> DaySet:
        """The days that a subquery's output column can have."""


class Conditions:
    """Reads conditions."""

    def __init__(self, folder: Folder, probed: Probed, solver: Solver, names: Names) -> None:
        self.folder = folder
        self.probed = probed
        self.solver = solver
        self.names = names
        self.keys = KeyReader(folder)
        self._depth = 0

    def facts(self, node: Any, want: bool = True) -> Facts:
        """The facts where a condition is TRUE, or with ``want`` False where it is FALSE."""
        if self._depth > _MAX_DEPTH:
            return Facts()
        self._depth += 1
        try:
            return self._facts(node, want)
        finally:
            self._depth -= 1

    def _facts(self, node: Any, want: bool) -> Facts:
        if isinstance(node, exp.And | exp.Or):
            parts = [self.facts(part, want) for part in flat(node)]
            return self.solver.merge(parts) if isinstance(node, exp.And) == want else self.solver.join(parts)
        rule = _RULES.get(type(node))
        if rule is not None:
            return rule(self, node, want)
        return self._constant(node, want)

    def _constant(self, node: Any, want: bool) -> Facts:
        return self._decided(self.folder.fold(node), want)

    def _decided(self, value: Value, want: bool) -> Facts:
        if value is UNKNOWN:
            return Facts()
        if type(value) is Moving:
            return Facts(alive=self.probed.offsets(Days.span(None, None) if one is want else Days() for one in value))
        return Facts() if value is want else Facts(alive=NONE)

    def compared(self, left: Any, operator: str, right: Any) -> Facts:
        """The facts of ``left operator right``."""
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple) and operator == "=":
            pairs = zip(left.expressions, right.expressions, strict=False)
            return self.solver.merge([self.compared(a, "=", b) for a, b in pairs] or [Facts()])
        for one, other, turned in ((left, right, operator), (right, left, _MIRROR[operator])):
            if isinstance(one, exp.Case) and self.folder.fold(one) is UNKNOWN:
                return self._case_compared(one, turned, other)
            key = self.keys.read(one)
            if key is None:
                continue
            second = self.keys.read(other)
            if second is not None:
                return self._related(key, turned, second)
            return self._bounded(key, turned, other)
        return self._constants(left, operator, right)

    def _constants(self, left: Any, operator: str, right: Any) -> Facts:
        first = self.folder.fold(left)
        second = self.folder.fold(right) if first is not UNKNOWN else UNKNOWN
        return self._decided(lift(lambda a, b: compare(_PYTHON[operator], a, b), first, second), True)

    def _bounded(self, key: KeyExpr, operator: str, other: Any) -> Facts:
        target = self.names.resolve(key.column)
        if target is None:
            return Facts()
        query = _subquery(other)
        if query is not None:
            return self.told(target, key, self._against(operator, self.names.answers(query)))
        value = self.folder.fold(other)
        facts = Facts() if value is UNKNOWN or target.soft else Facts(filled={term[0] for term in target.terms})
        if value is UNKNOWN:
            return facts
        return self.solver.merge([facts, self.told(target, key, self.against(key, operator, value, target))])

    def against(self, key: KeyExpr, operator: str, value: Value, target: Target) -> DaySet:
        """The days that ``key operator value`` allows the key's column, before it is moved."""
        grain = key.grain or self.names.grain(target.terms[0])
        if _clumsy(key, value):
            return ALL
        if key.unit:
            unit = key.unit
            return self.probed.compared(lambda one: _truncated(operator, one, unit), value)
        days = self.probed.compared(lambda one: allowed(operator, one, grain), value)
        if operator == "<>" and key.slack + self.names.slack(target.terms[0]):
            return ALL
        return widened(self.probed, days, key.slack)

    def _against(self, operator: str, days: DaySet) -> DaySet:
        """The days that a comparison with an unknown day of a set allows."""
        if operator == "=":
            return days
        if operator in (">", ">="):
            return self.probed.from_first(days)
        return self.probed.up_to_last(days) if operator in ("<", "<=") else ALL

    def told(self, target: Target, key: KeyExpr, days: DaySet) -> Facts:
        """The facts that a column, once moved, lies in these days."""
        if days.every:
            return Facts()
        moved = self.probed.shift(days, negative(key.shift))
        facts = Facts()
        for term in target.terms:
            known = facts.soft if target.soft else facts.days
            known[term] = widened(self.probed, moved, self.names.slack(term))
        return facts

    def _related(self, left: KeyExpr, operator: str, right: KeyExpr) -> Facts:
        first, second = self.names.resolve(left.column), self.names.resolve(right.column)
        if first is None or second is None or first.soft or second.soft or operator == "<>":
            return Facts()
        slack = left.slack + right.slack + self.names.slack(first.terms[0]) + self.names.slack(second.terms[0])
        if left.unit or right.unit or slack:
            return Facts(filled={first.terms[0][0], second.terms[0][0]})
        shift = lift(lambda a, b: b - a, left.shift, right.shift)
        whole = all((key.grain or self.names.grain(t.terms[0])) == "day" for key, t in ((left, first), (right, second)))
        if operator in ("<", ">"):
            shift = lift(lambda n: n + (1 if operator == ">" else -1), shift) if whole else shift
            operator += "="
        if shift is UNKNOWN:
            return Facts()
        return Facts(relations=[Relation(first.terms[0], operator, second.terms[0], shift)])

    def _case_compared(self, case: exp.Case, operator: str, other: Any) -> Facts:
        if case.this is not None:
            return Facts()
        arms = [
            self.solver.merge([self.facts(branch.this), self.compared(branch.args["true"], operator, other)])
            for branch in case.args["ifs"]
        ]
        default = case.args.get("default")
        return self.solver.join([*arms, self.compared(default, operator, other) if default else Facts(alive=NONE)])


Rule = Callable[[Conditions, Any, bool], Facts]


def flat(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a chain of ANDs or ORs, however long, from left to right."""
    kind, stack = type(node), [node]
    while stack:
        part = stack.pop()
        inner = part.unnest() if isinstance(part, exp.Paren) else part
        if type(inner) is kind:
            stack += [inner.args["expression"], inner.args["this"]]
        else:
            yield inner


def widened(probed: Probed, days: DaySet, slack: int) -> DaySet:
    """The set with so many days more at each end of its spans."""
    if not slack or days.every:
        return days
    return probed.change(days, lambda one: Days.union(_wider(span, slack) for span in one.spans))


def _wider(span: Span, slack: int) -> Span:
    first, last = span
    return (None if first is None else first - slack, None if last is None else last + slack)


def _subquery(node: Any) -> exp.Expr | None:
    inner = node.this if isinstance(node, exp.Paren | exp.Cast) else node
    return inner if isinstance(inner, exp.Subquery | exp.Select) else None


def _clumsy(key: KeyExpr, value: Value) -> bool:
    """Whether days were added to what may be a number: 20240731 + 1 is no day."""
    sample = value[0] if type(value) is Moving else value
    numeric = isinstance(sample, int | float) or (isinstance(sample, str) and sample.isdigit())
    return numeric and (key.shift != 0 or key.unit is not None)


def _truncated(operator: str, value: Value, unit: str) -> Days | None:
    """The days whose unit's first day compares so with a constant."""
    moment = parse_time(value) if isinstance(value, str) else value
    if value is None:
        return Days()
    if not isinstance(moment, date):
        return None
    start, end = trunc(moment, unit), last_day(moment, unit)
    first, last = date(start.year, start.month, start.day).toordinal(), (end or moment).toordinal()
    aligned = moment == start
    spans: dict[str, Days | None] = {
        "=": Days.span(first, last) if aligned else Days(),
        "<>": ~Days.span(first, last) if aligned else None,
        ">": Days.span(last + 1, None),
        ">=": Days.span(first if aligned else last + 1, None),
        "<": Days.span(None, first - 1 if aligned else last),
        "<=": Days.span(None, last),
    }
    return spans[operator]


def _comparison(conditions: Conditions, node: Any, want: bool) -> Facts:
    operator = _OPERATORS[type(node)]
    if isinstance(node, exp.NullSafeEQ):
        return _null_safe(conditions, node, want)
    return conditions.compared(node.this, operator if want else _OPPOSITE[operator], node.expression)


def _null_safe(conditions: Conditions, node: exp.NullSafeEQ, want: bool) -> Facts:
    """``a <=> b`` bounds a column only by a constant that is not NULL: two columns may both be NULL."""
    values = [conditions.folder.fold(side) for side in (node.this, node.expression)]
    known = [value for value in values if value is not UNKNOWN and value is not None]
    return conditions.compared(node.this, "=", node.expression) if want and known else Facts()


def _not(conditions: Conditions, node: exp.Not, want: bool) -> Facts:
    return conditions.facts(node.this, not want)


def _paren(conditions: Conditions, node: exp.Paren, want: bool) -> Facts:
    return conditions.facts(node.this, want)


def _between(conditions: Conditions, node: exp.Between, want: bool) -> Facts:
    low, high = node.args["low"], node.args["high"]
    if node.args.get("symmetric"):
        return Facts()
    operators = (">=", "<=") if want else ("<", ">")
    parts = [conditions.compared(node.this, op, end) for op, end in zip(operators, (low, high), strict=True)]
    return conditions.solver.merge(parts) if want else conditions.solver.join(parts)


def _in(conditions: Conditions, node: exp.In, want: bool) -> Facts:
    query = node.args.get("query")
    if query is not None:
        return _in_query(conditions, node, query) if want else Facts()
    if node.args.get("unnest") or node.args.get("field") or not node.expressions:
        return Facts()
    if len(node.expressions) == 1 and _subquery(node.expressions[0]) is not None:
        return _in_query(conditions, node, node.expressions[0]) if want else Facts()
    if isinstance(node.this, exp.Tuple):
        rows = [conditions.compared(node.this, "=", row) for row in node.expressions] if want else [Facts()]
        return conditions.solver.join(rows)
    return _in_list(conditions, node.this, node.expressions, want)


def _in_list(conditions: Conditions, left: Any, items: Sequence[exp.Expr], want: bool) -> Facts:
    key = conditions.keys.read(left)
    target = conditions.names.resolve(key.column) if key else None
    if key is None or target is None:
        return Facts()
    values = [conditions.folder.fold(item) for item in items]
    if any(value is UNKNOWN for value in values):
        return Facts()
    if not want:
        values = [value for value in values if not conditions.against(key, "<>", value, target).every]
    days = conditions.probed.either([conditions.against(key, "=", value, target) for value in values])
    return conditions.told(target, key, days if want else conditions.probed.change(days, Days.__invert__))


def _in_query(conditions: Conditions, node: exp.In, query: exp.Expr) -> Facts:
    lefts = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
    parts = [Facts()]
    for position, left in enumerate(lefts):
        key = conditions.keys.read(left)
        target = conditions.names.resolve(key.column) if key and not key.unit and not key.slack else None
        if key is not None and target is not None:
            parts.append(conditions.told(target, key, conditions.names.answers(query, position)))
    return conditions.solver.merge(parts)


def _is(conditions: Conditions, node: exp.Is, want: bool) -> Facts:
    if isinstance(node.expression, exp.Boolean) and conditions.folder.fold(node.this) is UNKNOWN:
        return conditions.facts(node.this, bool(node.expression.this)) if want else Facts()
    key = conditions.keys.read(node.this) if not want and isinstance(node.expression, exp.Null) else None
    target = conditions.names.resolve(key.column) if key else None
    if target is not None and not target.soft:
        return Facts(filled={target.terms[0][0]})
    return conditions._constant(node, want)  # noqa: SLF001


def _like(conditions: Conditions, node: exp.Like, want: bool) -> Facts:
    """``key LIKE '2024-07-%'``: the days that begin so."""
    key = conditions.keys.read(node.this)
    target = conditions.names.resolve(key.column) if want and key and not key.unit and not key.shift else None
    if key is None or target is None or key.slack:
        return Facts()
    value = conditions.folder.fold(node.expression)
    return conditions.told(target, key, conditions.probed.compared(prefixed, value))


def _case(conditions: Conditions, node: exp.Case, want: bool) -> Facts:
    if node.this is not None:
        return Facts()
    arms = [
        conditions.solver.merge([conditions.facts(branch.this), conditions.facts(branch.args["true"], want)])
        for branch in node.args["ifs"]
    ]
    default = node.args.get("default")
    return conditions.solver.join([*arms, conditions.facts(default, want) if default else Facts(alive=NONE)])


def _if(conditions: Conditions, node: exp.If, want: bool) -> Facts:
    yes = conditions.solver.merge([conditions.facts(node.this), conditions.facts(node.args["true"], want)])
    other = node.args.get("false")
    return conditions.solver.join([yes, conditions.facts(other, want) if other else Facts(alive=NONE)])


def _coalesce(conditions: Conditions, node: exp.Coalesce, want: bool) -> Facts:
    """``coalesce(condition, FALSE)`` is TRUE where the condition is."""
    rest = [conditions.folder.fold(item) for item in node.expressions]
    if want and all(value is False for value in rest):
        return conditions.facts(node.this)
    return conditions._constant(node, want)  # noqa: SLF001


_RULES: dict[type[Any], Rule] = {
    **dict.fromkeys(_OPERATORS, _comparison),
    exp.Not: _not,
    exp.Paren: _paren,
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Like: _like,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
}
