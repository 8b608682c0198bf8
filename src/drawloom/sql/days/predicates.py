"""Predicates -> column bounds: which days a column can have where a condition is TRUE (or FALSE)."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlglot import exp

from drawloom.model import Days
from drawloom.model.days import Span
from drawloom.sql.days.column_bounds import BoundsSolver, ColumnBounds, ColumnRelation, SourceColumn, negate
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.day_set import ALL, NONE, DaySet, Grain, ProbeDays, days_allowed
from drawloom.sql.days.functions import compare, last_day, trunc
from drawloom.sql.days.key_expressions import KeyExpression, KeyExpressionReader
from drawloom.sql.days.values import UNKNOWN, PerProbe, Value, apply_per_probe, parse_time

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
class ResolvedColumn:
    """The source column that a name refers to; several, each nullable, where a FULL JOIN with USING merged them."""

    columns: tuple[SourceColumn, ...]
    nullable: bool = False


class NameResolver(Protocol):
    """Resolves names and subqueries for a predicate reader; implemented by ``query.SelectScope``."""

    def resolve(self, column: exp.Column) -> ResolvedColumn | None:
        """The source column that a name refers to, None where that is not certain."""

    def grain(self, source_column: SourceColumn) -> Grain:
        """Whether a column holds days, times, or either."""

    def slack(self, source_column: SourceColumn) -> int:
        """The days by which a session's time zone may move a column away from its partition."""

    def subquery_days(self, query: exp.Expr, position: int = 0) -> DaySet:
        """The days that a subquery's output column can have."""


class PredicateReader:
    """Reads the conditions of one SELECT."""

    def __init__(
        self, constants: ConstantFolder, probe_days: ProbeDays, solver: BoundsSolver, resolver: NameResolver
    ) -> None:
        self.constants = constants
        self.probe_days = probe_days
        self.solver = solver
        self.resolver = resolver
        self.keys = KeyExpressionReader(constants)
        self._depth = 0

    def bounds(self, node: Any, truth: bool = True) -> ColumnBounds:
        """The bounds where a condition is TRUE, or with ``truth`` False where it is FALSE."""
        if self._depth > _MAX_DEPTH:
            return ColumnBounds()
        self._depth += 1
        try:
            return self._bounds(node, truth)
        finally:
            self._depth -= 1

    def _bounds(self, node: Any, truth: bool) -> ColumnBounds:
        if isinstance(node, exp.And | exp.Or):
            parts = [self.bounds(part, truth) for part in flatten_chain(node)]
            return self.solver.all_of(parts) if isinstance(node, exp.And) == truth else self.solver.any_of(parts)
        rule = _RULES.get(type(node))
        if rule is not None:
            return rule(self, node, truth)
        return self.constant(node, truth)

    def constant(self, node: Any, truth: bool) -> ColumnBounds:
        """The bounds of a condition without columns: none, or impossible at some probe days."""
        return self._bounds_of_truth_value(self.constants.fold(node), truth)

    def _bounds_of_truth_value(self, value: Value, truth: bool) -> ColumnBounds:
        if value is UNKNOWN:
            return ColumnBounds()
        if type(value) is PerProbe:
            days = (Days.span(None, None) if one is truth else Days() for one in value)
            return ColumnBounds(possible_at=self.probe_days.from_offsets(days))
        return ColumnBounds() if value is truth else ColumnBounds(possible_at=NONE)

    def comparison(self, left: Any, operator: str, right: Any) -> ColumnBounds:
        """The bounds of ``left operator right``."""
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple) and operator == "=":
            pairs = zip(left.expressions, right.expressions, strict=False)
            return self.solver.all_of([self.comparison(a, "=", b) for a, b in pairs] or [ColumnBounds()])
        for one, other, mirrored in ((left, right, operator), (right, left, _MIRROR[operator])):
            if isinstance(one, exp.Case) and self.constants.fold(one) is UNKNOWN:
                return self._case_comparison(one, mirrored, other)
            key = self.keys.read(one)
            if key is None:
                continue
            second = self.keys.read(other)
            if second is not None:
                return self._column_relation(key, mirrored, second)
            return self._constant_comparison(key, mirrored, other)
        return self._fold_comparison(left, operator, right)

    def _fold_comparison(self, left: Any, operator: str, right: Any) -> ColumnBounds:
        first = self.constants.fold(left)
        second = self.constants.fold(right) if first is not UNKNOWN else UNKNOWN
        return self._bounds_of_truth_value(
            apply_per_probe(lambda a, b: compare(_PYTHON[operator], a, b), first, second), True
        )

    def _constant_comparison(self, key: KeyExpression, operator: str, other: Any) -> ColumnBounds:
        target = self.resolver.resolve(key.column)
        if target is None:
            return ColumnBounds()
        query = _subquery(other)
        if query is not None:
            days = self._days_for_unknown_day(operator, self.resolver.subquery_days(query))
            return self.bounds_from_days(target, key, days)
        value = self.constants.fold(other)
        if value is UNKNOWN:
            return ColumnBounds()
        bounds = self.bounds_from_days(target, key, self.days_for_comparison(key, operator, value, target))
        if target.nullable:
            return bounds
        not_null = ColumnBounds(non_null_sources={column[0] for column in target.columns})
        return self.solver.all_of([not_null, bounds])

    def days_for_comparison(self, key: KeyExpression, operator: str, value: Value, target: ResolvedColumn) -> DaySet:
        """The days that the whole key expression can have where ``key operator value`` holds."""
        grain = key.grain or self.resolver.grain(target.columns[0])
        if _shifts_a_number(key, value):
            return ALL
        if key.unit:
            unit = key.unit
            return self.probe_days.days_where(lambda one: _truncated(operator, one, unit), value)
        days = self.probe_days.days_where(lambda one: days_allowed(operator, one, grain), value)
        if operator == "<>" and key.slack + self.resolver.slack(target.columns[0]):
            return ALL
        return widen(self.probe_days, days, key.slack)

    def _days_for_unknown_day(self, operator: str, days: DaySet) -> DaySet:
        """The days that a comparison allows with a value that may be any of some days."""
        if operator == "=":
            return days
        if operator in (">", ">="):
            return self.probe_days.from_first(days)
        return self.probe_days.up_to_last(days) if operator in ("<", "<=") else ALL

    def bounds_from_days(self, target: ResolvedColumn, key: KeyExpression, days: DaySet) -> ColumnBounds:
        """The bounds of a column whose key expression lies in these days."""
        if days.is_all:
            return ColumnBounds()
        moved = self.probe_days.shift(days, negate(key.shift))
        bounds = ColumnBounds()
        for source_column in target.columns:
            known = bounds.nullable if target.nullable else bounds.days
            known[source_column] = widen(self.probe_days, moved, self.resolver.slack(source_column))
        return bounds

    def _column_relation(self, left: KeyExpression, operator: str, right: KeyExpression) -> ColumnBounds:
        first, second = self.resolver.resolve(left.column), self.resolver.resolve(right.column)
        if first is None or second is None or first.nullable or second.nullable or operator == "<>":
            return ColumnBounds()
        slack = (
            left.slack + right.slack + self.resolver.slack(first.columns[0]) + self.resolver.slack(second.columns[0])
        )
        if left.unit or right.unit or slack:
            return ColumnBounds(non_null_sources={first.columns[0][0], second.columns[0][0]})
        shift = apply_per_probe(lambda a, b: b - a, left.shift, right.shift)
        whole = all(
            (key.grain or self.resolver.grain(t.columns[0])) == "day" for key, t in ((left, first), (right, second))
        )
        if operator in ("<", ">"):
            shift = apply_per_probe(lambda n: n + (1 if operator == ">" else -1), shift) if whole else shift
            operator += "="
        if shift is UNKNOWN:
            return ColumnBounds()
        return ColumnBounds(relations=[ColumnRelation(first.columns[0], operator, second.columns[0], shift)])

    def _case_comparison(self, case: exp.Case, operator: str, other: Any) -> ColumnBounds:
        if case.this is not None:
            return ColumnBounds()
        arms = [
            self.solver.all_of([self.bounds(branch.this), self.comparison(branch.args["true"], operator, other)])
            for branch in case.args["ifs"]
        ]
        default = case.args.get("default")
        return self.solver.any_of(
            [*arms, self.comparison(default, operator, other) if default else ColumnBounds(possible_at=NONE)]
        )


Rule = Callable[[PredicateReader, Any, bool], ColumnBounds]


def flatten_chain(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a chain of ANDs or ORs, however long, from left to right."""
    kind, stack = type(node), [node]
    while stack:
        part = stack.pop()
        inner = part.unnest() if isinstance(part, exp.Paren) else part
        if type(inner) is kind:
            stack += [inner.args["expression"], inner.args["this"]]
        else:
            yield inner


def widen(probe_days: ProbeDays, days: DaySet, slack: int) -> DaySet:
    """The set with each of its spans longer by ``slack`` days at both ends."""
    if not slack or days.is_all:
        return days
    return probe_days.map_days(days, lambda one: Days.union(_wider(span, slack) for span in one.spans))


def _wider(span: Span, slack: int) -> Span:
    first, last = span
    return (None if first is None else first - slack, None if last is None else last + slack)


def _subquery(node: Any) -> exp.Expr | None:
    inner = node.this if isinstance(node, exp.Paren | exp.Cast) else node
    return inner if isinstance(inner, exp.Subquery | exp.Select) else None


def _shifts_a_number(key: KeyExpression, value: Value) -> bool:
    """Whether days were added to what may be a number: 20240731 + 1 is not a day."""
    sample = value[0] if type(value) is PerProbe else value
    numeric = isinstance(sample, int | float) or (isinstance(sample, str) and sample.isdigit())
    return numeric and (key.shift != 0 or key.unit is not None)


def _truncated(operator: str, value: Value, unit: str) -> Days | None:
    """The days for which ``trunc(day, unit) operator value`` holds."""
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


def _comparison(predicates: PredicateReader, node: Any, truth: bool) -> ColumnBounds:
    operator = _OPERATORS[type(node)]
    if isinstance(node, exp.NullSafeEQ):
        return _null_safe(predicates, node, truth)
    return predicates.comparison(node.this, operator if truth else _OPPOSITE[operator], node.expression)


def _null_safe(predicates: PredicateReader, node: exp.NullSafeEQ, truth: bool) -> ColumnBounds:
    """``a <=> b`` bounds a column only by a constant that is not NULL: two columns may both be NULL."""
    values = [predicates.constants.fold(side) for side in (node.this, node.expression)]
    known = [value for value in values if value is not UNKNOWN and value is not None]
    return predicates.comparison(node.this, "=", node.expression) if truth and known else ColumnBounds()


def _not(predicates: PredicateReader, node: exp.Not, truth: bool) -> ColumnBounds:
    return predicates.bounds(node.this, not truth)


def _paren(predicates: PredicateReader, node: exp.Paren, truth: bool) -> ColumnBounds:
    return predicates.bounds(node.this, truth)


def _between(predicates: PredicateReader, node: exp.Between, truth: bool) -> ColumnBounds:
    low, high = node.args["low"], node.args["high"]
    if node.args.get("symmetric"):
        return ColumnBounds()
    operators = (">=", "<=") if truth else ("<", ">")
    parts = [predicates.comparison(node.this, op, end) for op, end in zip(operators, (low, high), strict=True)]
    return predicates.solver.all_of(parts) if truth else predicates.solver.any_of(parts)


def _in(predicates: PredicateReader, node: exp.In, truth: bool) -> ColumnBounds:
    query = node.args.get("query")
    if query is not None:
        return _in_query(predicates, node, query) if truth else ColumnBounds()
    if node.args.get("unnest") or node.args.get("field") or not node.expressions:
        return ColumnBounds()
    if len(node.expressions) == 1 and _subquery(node.expressions[0]) is not None:
        return _in_query(predicates, node, node.expressions[0]) if truth else ColumnBounds()
    if isinstance(node.this, exp.Tuple):
        rows = [predicates.comparison(node.this, "=", row) for row in node.expressions] if truth else [ColumnBounds()]
        return predicates.solver.any_of(rows)
    return _in_list(predicates, node.this, node.expressions, truth)


def _in_list(predicates: PredicateReader, left: Any, items: Sequence[exp.Expr], truth: bool) -> ColumnBounds:
    key = predicates.keys.read(left)
    target = predicates.resolver.resolve(key.column) if key else None
    if key is None or target is None:
        return ColumnBounds()
    values = [predicates.constants.fold(item) for item in items]
    if any(value is UNKNOWN for value in values):
        return ColumnBounds()
    if not truth:
        values = [value for value in values if not predicates.days_for_comparison(key, "<>", value, target).is_all]
    days = predicates.probe_days.union([predicates.days_for_comparison(key, "=", value, target) for value in values])
    return predicates.bounds_from_days(
        target, key, days if truth else predicates.probe_days.map_days(days, Days.__invert__)
    )


def _in_query(predicates: PredicateReader, node: exp.In, query: exp.Expr) -> ColumnBounds:
    lefts = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
    parts = [ColumnBounds()]
    for position, left in enumerate(lefts):
        key = predicates.keys.read(left)
        target = predicates.resolver.resolve(key.column) if key and not key.unit and not key.slack else None
        if key is not None and target is not None:
            parts.append(predicates.bounds_from_days(target, key, predicates.resolver.subquery_days(query, position)))
    return predicates.solver.all_of(parts)


def _is(predicates: PredicateReader, node: exp.Is, truth: bool) -> ColumnBounds:
    if isinstance(node.expression, exp.Boolean) and predicates.constants.fold(node.this) is UNKNOWN:
        return predicates.bounds(node.this, bool(node.expression.this)) if truth else ColumnBounds()
    key = predicates.keys.read(node.this) if not truth and isinstance(node.expression, exp.Null) else None
    target = predicates.resolver.resolve(key.column) if key else None
    if target is not None and not target.nullable:
        return ColumnBounds(non_null_sources={target.columns[0][0]})
    return predicates.constant(node, truth)


def _like(predicates: PredicateReader, node: exp.Like, truth: bool) -> ColumnBounds:
    """``key LIKE '2024-07-%'``: the days that start with the prefix."""
    key = predicates.keys.read(node.this)
    target = predicates.resolver.resolve(key.column) if truth and key and not key.unit and not key.shift else None
    if key is None or target is None or key.slack:
        return ColumnBounds()
    value = predicates.constants.fold(node.expression)
    return predicates.bounds_from_days(target, key, predicates.probe_days.days_where(days_with_prefix, value))


def _case(predicates: PredicateReader, node: exp.Case, truth: bool) -> ColumnBounds:
    if node.this is not None:
        return ColumnBounds()
    arms = [
        predicates.solver.all_of([predicates.bounds(branch.this), predicates.bounds(branch.args["true"], truth)])
        for branch in node.args["ifs"]
    ]
    default = node.args.get("default")
    return predicates.solver.any_of(
        [*arms, predicates.bounds(default, truth) if default else ColumnBounds(possible_at=NONE)]
    )


def _if(predicates: PredicateReader, node: exp.If, truth: bool) -> ColumnBounds:
    yes = predicates.solver.all_of([predicates.bounds(node.this), predicates.bounds(node.args["true"], truth)])
    other = node.args.get("false")
    return predicates.solver.any_of([yes, predicates.bounds(other, truth) if other else ColumnBounds(possible_at=NONE)])


def _coalesce(predicates: PredicateReader, node: exp.Coalesce, truth: bool) -> ColumnBounds:
    """``coalesce(condition, FALSE)`` is TRUE where the condition is."""
    rest = [predicates.constants.fold(item) for item in node.expressions]
    if truth and all(value is False for value in rest):
        return predicates.bounds(node.this)
    return predicates.constant(node, truth)


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


def days_with_prefix(pattern: Value) -> Days | None:
    """The days (as ordinals) that match a LIKE pattern such as ``2024-07-%``; None for any other pattern."""
    prefix = pattern[:-1] if isinstance(pattern, str) and pattern.endswith("%") else ""
    if "%" in prefix or "_" in prefix or "\\" in prefix or len(prefix) < 4:
        return None
    for low, high, cuts in (("0000-01-01", "9999-12-31", (4, 5, 7, 8, 10)), ("00000101", "99991231", (4, 6, 8))):
        if len(prefix) not in cuts:
            continue
        first, last = _complete_date(prefix, low), _complete_date(prefix, high)
        if first is not None and last is not None:
            return Days.span(first.toordinal(), last.toordinal())
    return None


def _complete_date(prefix: str, rest: str) -> date | None:
    """The first or last real date with the prefix; ``rest`` is the text of the earliest or latest date."""
    text = prefix + rest[len(prefix) :]
    for cut in (text, text[:-2] + "30", text[:-2] + "29", text[:-2] + "28"):
        found = parse_time(cut) if len(cut) == len(rest) and cut.startswith(prefix) else None
        if found is not None:
            return found
    return None
