"""Predicates -> column bounds: which days a column can have where a condition is TRUE (or FALSE)."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sqlglot import exp

from drawloom.model import Days
from drawloom.model.days import Span
from drawloom.sql.days.column_bounds import BoundsSolver, ColumnBounds, ColumnRelation, SourceColumn, negate
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.date_parts import bounds_of_parts
from drawloom.sql.days.day_set import ALL, NONE, DaySet, Grain, ProbeDays, days_allowed
from drawloom.sql.days.forms import LAST, NUMBER, PLUS, Form, days_of_step, days_of_text, days_of_year, is_time_text
from drawloom.sql.days.functions import compare, last_day, trunc
from drawloom.sql.days.key_expressions import KeyExpression, KeyExpressionReader, day_after
from drawloom.sql.days.node_arguments import has_unread_arguments
from drawloom.sql.days.prefixes import days_with_prefix, has_iso_text
from drawloom.sql.days.values import UNKNOWN, Interval, PerProbe, Value, apply_per_probe, parse_time, to_date

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

    def resolve(self, column: exp.Column | exp.Coalesce) -> ResolvedColumn | None:
        """The source column that a name refers to (several for a COALESCE), None where that is not certain."""

    def grain(self, source_column: SourceColumn) -> Grain:
        """Whether a column holds days, times, or either."""

    def slack(self, source_column: SourceColumn) -> int:
        """The days by which a session's time zone may move a column away from its partition."""

    def form(self, source_column: SourceColumn) -> Form | None:
        """How a column holds its days; None where that is not known."""

    def holds_days(self, source_column: SourceColumn) -> bool:
        """Whether every value of a column is a day or a time."""

    def subquery_days(self, query: exp.Expr, position: int = 0) -> DaySet:
        """The days that a subquery's output column can have."""

    def subquery_form(self, query: exp.Expr, position: int = 0) -> Form | None:
        """How a subquery's output column holds its days."""


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
            conditions = list(flatten_chain(node))
            parts = [self.bounds(part, truth) for part in conditions]
            if truth and isinstance(node, exp.And):
                parts += bounds_of_parts(conditions, self.constants, self.probe_days, self.resolver.resolve)
            return self.solver.all_of(parts) if isinstance(node, exp.And) == truth else self.solver.any_of(parts)
        rule = _RULES.get(type(node))
        if rule is None:
            return self.constant(node, truth)
        return (
            ColumnBounds() if has_unread_arguments(node, *_ALSO_READ.get(type(node), ())) else rule(self, node, truth)
        )

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
                difference = self._difference_comparison(one, mirrored, other)
                if difference is not None:
                    return difference
                continue
            second = self.keys.read(other)
            if second is not None:
                return self._column_relation(key, mirrored, second)
            return self._constant_comparison(key, mirrored, other)
        return self._fold_comparison(left, operator, right)

    def bounds_of_text(self, text: Any, pattern: Any, days_of: Callable[[Value], Days | None]) -> ColumnBounds:
        """The bounds of a key whose text, which begins with its day, matches a constant."""
        key = self.keys.read(text)
        target = self.resolver.resolve(key.column) if key and key.is_day and not key.shift else None
        if key is None or target is None or not has_iso_text(self.form_of(key, target)):
            return ColumnBounds()
        value = self.constants.fold(pattern)
        return self.bounds_from_days(target, key, self.probe_days.days_where(days_of, value))

    def _fold_comparison(self, left: Any, operator: str, right: Any) -> ColumnBounds:
        first = self.constants.fold(left)
        second = self.constants.fold(right) if first is not UNKNOWN else UNKNOWN
        dialect = self.constants.dialect
        return self._bounds_of_truth_value(
            apply_per_probe(lambda a, b: compare(_PYTHON[operator], a, b, dialect), first, second), True
        )

    def _difference_comparison(self, node: Any, operator: str, other: Any) -> ColumnBounds | None:
        """``datediff(constant, key) operator n`` as a comparison of the key; None for any other expression."""
        pair = self.keys.read_difference(node)
        if pair is None:
            return None
        number, unit = self.constants.fold(other), None if pair[2] == "DAY" else pair[2]
        for one, rest, sign in ((pair[1], pair[0], -1), (pair[0], pair[1], 1)):
            key = self.keys.read(one)
            day = self.constants.fold(rest) if key is not None else UNKNOWN
            if key is None or day is UNKNOWN or not key.is_day:
                continue
            key = replace(key, grain="day", form=Form("date"), unit=unit)
            value = apply_per_probe(lambda a, n, by=sign: day_after(a, by * n, unit), day, number)
            target = self.resolver.resolve(key.column)
            if target is None or value is UNKNOWN:
                return ColumnBounds()
            return self._value_comparison(key, operator if sign > 0 else _MIRROR[operator], value, target)
        return ColumnBounds()

    def _constant_comparison(self, key: KeyExpression, operator: str, other: Any) -> ColumnBounds:
        target = self.resolver.resolve(key.column)
        if target is None:
            return ColumnBounds()
        query = _subquery(other)
        if query is not None:
            return self._query_comparison(key, operator, query, target)
        value = self.constants.fold(other)
        return ColumnBounds() if value is UNKNOWN else self._value_comparison(key, operator, value, target)

    def _query_comparison(
        self, key: KeyExpression, operator: str, query: exp.Expr, target: ResolvedColumn
    ) -> ColumnBounds:
        form, other = self.form_of(key, target), self.resolver.subquery_form(query)
        alike = form is None or form.is_ordered_like(other)
        alike = alike and (form is not None or other is None or other.is_ordered_like(None))
        if not key.is_day or (operator != "=" and not alike) or (other is not None and not other.tells_the_day):
            return ColumnBounds()
        days = self._days_for_unknown_day(operator, self.resolver.subquery_days(query))
        return self.bounds_from_days(target, key, days)

    def _value_comparison(
        self, key: KeyExpression, operator: str, value: Value, target: ResolvedColumn
    ) -> ColumnBounds:
        bounds = self.bounds_from_days(target, key, self.days_for_comparison(key, operator, value, target))
        if target.nullable:
            return bounds
        not_null = ColumnBounds(non_null_sources={column[0] for column in target.columns})
        return self.solver.all_of([not_null, bounds])

    def form_of(self, key: KeyExpression, target: ResolvedColumn) -> Form | None:
        """How a key expression holds its days."""
        own = self.resolver.form(target.columns[0])
        if key.form is None:
            return own
        if key.form.kind == "text" and key.form.pattern is None and key.form.of is None and own is not None:
            return own if own.kind == "text" else replace(key.form, of=own.kind)
        return key.form

    def days_for_comparison(self, key: KeyExpression, operator: str, value: Value, target: ResolvedColumn) -> DaySet:
        """The days that the whole key expression can have where ``key operator value`` holds."""
        form, slack = self.form_of(key, target), key.slack + self.resolver.slack(target.columns[0])
        if (form is not None and not _is_comparable(form, key)) or (operator == "<>" and slack):
            return ALL
        if form is None and _shifts_a_number(key, value):
            return ALL
        grain = key.grain or self.resolver.grain(target.columns[0])
        dialect = self.constants.dialect
        any_text = form is not None and form.kind == "text" and not self.resolver.holds_days(target.columns[0])

        def days_of(one: Value) -> Days | None:
            found = days_of_value(operator, one, form, grain, key.unit, dialect)
            # 'tea' is the text of no day, but a column of texts may hold it.
            return found or None if any_text else found

        days = self.probe_days.days_where(days_of, value)
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
        if first is None or second is None or first.nullable or second.nullable:
            return ColumnBounds()
        if (
            first == second
            and left.form == right.form
            and (left.grain == right.grain or self.resolver.grain(first.columns[0]) == "day")
            and left.is_day
            and right.is_day
            and not self.resolver.slack(first.columns[0])
        ):
            return self._self_comparison(left, operator, right, first)
        if operator == "<>":
            return ColumnBounds()
        sides = ((left, first), (right, second))
        slack = sum(key.slack + self.resolver.slack(target.columns[0]) for key, target in sides)
        if left.unit or right.unit or slack or not self._compare_as_days(operator, sides):
            return ColumnBounds(non_null_sources={first.columns[0][0], second.columns[0][0]})
        shift = apply_per_probe(lambda a, b: b - a, left.shift, right.shift)
        if operator in ("<", ">"):
            # A time before a midnight is on a day before it, one after a midnight may be on the same day.
            later = sides[1] if operator == "<" else sides[0]
            whole = (later[0].grain or self.resolver.grain(later[1].columns[0])) == "day"
            shift = apply_per_probe(lambda n: n + (1 if operator == ">" else -1), shift) if whole else shift
            operator += "="
        if shift is UNKNOWN:
            return ColumnBounds()
        return ColumnBounds(relations=[ColumnRelation(first.columns[0], operator, second.columns[0], shift)])

    def _self_comparison(
        self, left: KeyExpression, operator: str, right: KeyExpression, target: ResolvedColumn
    ) -> ColumnBounds:
        """``ds + 1 > ds``: true on all days or on none."""
        form = self.form_of(left, target)
        not_null = ColumnBounds(non_null_sources={target.columns[0][0]})
        if form is not None and (form.kind not in ("date", "time") or not form.tells_the_day):
            return not_null
        holds = apply_per_probe(_PYTHON[operator], left.shift, right.shift)
        return self.solver.all_of([not_null, self._bounds_of_truth_value(holds, True)])

    def _compare_as_days(self, operator: str, sides: Sequence[tuple[KeyExpression, ResolvedColumn]]) -> bool:
        """Whether two key expressions compare as their days do."""
        first, second = (self.form_of(key, target) for key, target in sides)
        if not all(form is None or form.tells_the_day for form in (first, second)):
            return False
        if operator == "=" or (first is None and second is None):
            return True
        return (
            first.is_ordered_like(second) if first is not None else second is not None and second.is_ordered_like(None)
        )

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
    inner = node.this if isinstance(node, exp.Paren) else node
    return inner if isinstance(inner, exp.Subquery | exp.Select) else None


def _shifts_a_number(key: KeyExpression, value: Value) -> bool:
    """Whether days were added to what may be a number: 20240731 + 1 is not a day."""
    sample = value[0] if type(value) is PerProbe else value
    numeric = isinstance(sample, int | float) or (isinstance(sample, str) and sample.isdigit())
    return numeric and (key.shift != 0 or key.unit is not None)


def _is_comparable(form: Form, key: KeyExpression) -> bool:
    """Whether days can be told from a comparison of a key expression in this form."""
    return form.kind != "other" and not (key.shift != 0 and form.kind == "number")


def days_of_value(
    operator: str, value: Value, form: Form | None, grain: Grain, unit: str | None, dialect: str
) -> Days | None:
    """The days whose value, in a form and truncated to a unit, compares so with a constant; None for all days."""
    kind = form.kind if form else None
    if isinstance(value, bool | Interval):
        return None
    if unit is not None and unit.startswith(NUMBER):
        return days_of_year(operator, value) if isinstance(value, int | Decimal) else Days() if value is None else None
    if isinstance(value, int | Decimal):
        as_number = kind in (None, "number", "text") and (form is None or form.pattern in (None, "%Y%m%d"))
        return days_allowed(operator, value, grain) if as_number and unit is None else None
    if form is not None and kind == "text" and isinstance(value, str):
        return days_of_text(operator, value, form, grain, unit, dialect)
    if unit is None:
        return days_allowed(operator, value, grain)
    found = _truncated(operator, value, grain, unit)
    if not is_time_text(value) or found is None or kind == "time":
        return found
    cut = _truncated(operator, to_date(value), grain, unit)
    return None if cut is None else found | cut


def _truncated(operator: str, value: Value, grain: Grain, unit: str) -> Days | None:
    """The days for which ``trunc(day, unit) operator value`` holds."""
    moment = parse_time(value) if isinstance(value, str) else value
    if value is None:
        return Days()
    if not isinstance(moment, date):
        return None
    if unit.startswith((LAST, PLUS)):
        return days_of_step(operator, moment, grain, unit)
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
    if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any):
        items = node.expression.this.unnest()
        is_list = isinstance(items, exp.Array) and truth
        return _in_list(predicates, node.this, items.expressions, True) if is_list else ColumnBounds()
    if isinstance(node, exp.NullSafeEQ):
        return _null_safe(predicates, node, truth)
    return predicates.comparison(node.this, operator if truth else _OPPOSITE[operator], node.expression)


def _null_safe(predicates: PredicateReader, node: exp.NullSafeEQ | exp.NullSafeNEQ, truth: bool) -> ColumnBounds:
    """``a <=> b`` bounds a column only by a constant that is not NULL: two columns may both be NULL."""
    values = [predicates.constants.fold(side) for side in (node.this, node.expression)]
    known = [value for value in values if value is not UNKNOWN and not _may_be_null(value)]
    return predicates.comparison(node.this, "=", node.expression) if truth and known else ColumnBounds()


def _may_be_null(value: Value) -> bool:
    return None in value if type(value) is PerProbe else value is None


def _null_safe_not(predicates: PredicateReader, node: exp.NullSafeNEQ, truth: bool) -> ColumnBounds:
    """``a IS DISTINCT FROM b`` is FALSE where both are the same."""
    return ColumnBounds() if truth else _null_safe(predicates, node, True)


def _not(predicates: PredicateReader, node: exp.Not, truth: bool) -> ColumnBounds:
    return predicates.bounds(node.this, not truth)


def _paren(predicates: PredicateReader, node: exp.Paren, truth: bool) -> ColumnBounds:
    return predicates.bounds(node.this, truth)


def _between(predicates: PredicateReader, node: exp.Between, truth: bool) -> ColumnBounds:
    low, high = node.args["low"], node.args["high"]
    operators = (">=", "<=") if truth else ("<", ">")
    parts = [predicates.comparison(node.this, op, end) for op, end in zip(operators, (low, high), strict=True)]
    return predicates.solver.all_of(parts) if truth else predicates.solver.any_of(parts)


def _in(predicates: PredicateReader, node: exp.In, truth: bool) -> ColumnBounds:
    query = node.args.get("query")
    if query is not None:
        return _in_query(predicates, node, query) if truth else ColumnBounds()
    if not node.expressions:
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
        target = predicates.resolver.resolve(key.column) if key and key.is_day else None
        form = predicates.resolver.subquery_form(query, position)
        if key is not None and target is not None and (form is None or form.tells_the_day):
            parts.append(predicates.bounds_from_days(target, key, predicates.resolver.subquery_days(query, position)))
    return predicates.solver.all_of(parts)


def _is(predicates: PredicateReader, node: exp.Is, truth: bool) -> ColumnBounds:
    truth = truth != bool(node.args.get("negate"))
    if isinstance(node.expression, exp.Boolean) and predicates.constants.fold(node.this) is UNKNOWN:
        return predicates.bounds(node.this, bool(node.expression.this)) if truth else ColumnBounds()
    key = predicates.keys.read(node.this) if not truth and isinstance(node.expression, exp.Null) else None
    target = predicates.resolver.resolve(key.column) if key else None
    if target is not None and not target.nullable:
        return ColumnBounds(non_null_sources={target.columns[0][0]})
    return predicates.constant(node, truth != bool(node.args.get("negate")))


def _like(predicates: PredicateReader, node: exp.Like | exp.ILike, truth: bool) -> ColumnBounds:
    """``key LIKE '2024-07-%'``: the days that start with the prefix, which has no letters that ILIKE could change."""
    if truth == bool(node.args.get("negate")):
        return ColumnBounds()
    return predicates.bounds_of_text(node.this, node.expression, days_with_prefix)


def _starts_with(predicates: PredicateReader, node: exp.StartsWith, truth: bool) -> ColumnBounds:
    """``starts_with(key, '2024-07')``; what LIKE would take for a wildcard is not in the text of a day."""
    if not truth:
        return ColumnBounds()
    return predicates.bounds_of_text(node.this, node.expression, lambda value: days_with_prefix(f"{value}%"))


def _array_contains(predicates: PredicateReader, node: exp.ArrayContains, truth: bool) -> ColumnBounds:
    """``list_contains([...], key)`` is TRUE where ``key IN (...)`` is."""
    is_list = isinstance(node.this, exp.Array) and truth
    return _in_list(predicates, node.expression, node.this.expressions, True) if is_list else ColumnBounds()


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
    exp.NullSafeNEQ: _null_safe_not,
    exp.Not: _not,
    exp.Paren: _paren,
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Like: _like,
    exp.ILike: _like,
    exp.StartsWith: _starts_with,
    exp.ArrayContains: _array_contains,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
}
_ALSO_READ: dict[type[Any], tuple[str, ...]] = {exp.In: ("query",)}
