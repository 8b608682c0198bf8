"""Bounds of columns: which days they lie in where a condition holds, carried from column to column by comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from drawloom.sql.days.day_set import ALL, NONE, DaySet, ProbeDays
from drawloom.sql.days.values import PerProbe, Value
from drawloom.sql.scope import Source

SourceColumn = tuple[Source, str]
ANY_ROW = "*"
"""In place of a column: all days, none at the probes at which no row of a source is needed."""
_MAX_ROUNDS = 12  # a chain of more comparisons than that gives wider bounds, which is safe


@dataclass(frozen=True, slots=True)
class ColumnRelation:
    """``left operator right + shift`` between two columns, in days; the operator is =, >= or <=."""

    left: SourceColumn
    operator: str
    right: SourceColumn
    shift: Value = 0


@dataclass(slots=True)
class ColumnBounds:
    """Facts that hold for every row where a condition is TRUE.

    Attributes:
        days: the days that a column lies in, which then is not NULL.
        nullable: the same for columns that may also be NULL.
        relations: comparisons between two columns.
        non_null_sources: sources with at least one column that is not NULL; an outer join to them is an inner one.
        possible_at: all days; none at those probe days where the condition is never TRUE.
    """

    days: dict[SourceColumn, DaySet] = field(default_factory=dict)
    nullable: dict[SourceColumn, DaySet] = field(default_factory=dict)
    relations: list[ColumnRelation] = field(default_factory=list)
    non_null_sources: set[Source] = field(default_factory=set)
    possible_at: DaySet = ALL

    def rejects_nulls(self, sources: Iterable[Source]) -> bool:
        """Whether a row in which all columns of these sources are NULL is never TRUE."""
        some = set(sources)
        if self.non_null_sources & some or any(column[0] in some for column in self.days):
            return True
        return any(relation.left[0] in some or relation.right[0] in some for relation in self.relations)


class BoundsSolver:
    """Combines bounds.

    ``known_days`` returns the days of a column that are known from outside the SELECT: from the subquery that it comes from,
    or from the outer row.
    """

    def __init__(
        self,
        probe_days: ProbeDays,
        known_days: Callable[[SourceColumn], DaySet],
        holds_days: Callable[[SourceColumn], bool],
    ) -> None:
        self.probe_days = probe_days
        self.known_days = known_days
        self.holds_days = holds_days

    def all_of(self, parts: Sequence[ColumnBounds]) -> ColumnBounds:
        """The bounds where all of the conditions hold."""
        if len(parts) == 1:
            return parts[0]
        total = ColumnBounds()
        for part in parts:
            for column, days in part.days.items():
                self._narrow(total.days, column, days)
            for column, days in part.nullable.items():
                self._narrow(total.nullable, column, days)
            total.relations += part.relations
            total.non_null_sources |= part.non_null_sources
            total.possible_at = self.probe_days.intersect(total.possible_at, part.possible_at)
        return total

    def any_of(self, parts: Sequence[ColumnBounds]) -> ColumnBounds:
        """The bounds where at least one of the conditions holds."""
        solved = [self.solve(part) for part in parts if not part.possible_at.is_empty]
        if not solved:
            return ColumnBounds(possible_at=NONE)
        result = ColumnBounds(possible_at=self.probe_days.union([part.possible_at for part in solved]))
        result.non_null_sources = set.intersection(*(part.non_null_sources for part in solved))
        shared = set.intersection(*(set(part.days) for part in solved))
        for column in solved[0].days:
            if column in shared:
                result.days[column] = self._union_of(column, solved, lambda part: part.days)
        nullable = set.intersection(*(set(part.nullable) | set(part.days) for part in solved))
        for column in nullable - shared:
            result.nullable[column] = self._union_of(column, solved, lambda part: part.days | part.nullable)
        if len(solved) == 1:
            result.relations = solved[0].relations
        return result

    def solve(self, bounds: ColumnBounds) -> ColumnBounds:
        """The bounds with all that follows from the comparisons between columns."""
        if not bounds.relations:
            return self._narrowed(bounds)
        days = dict(bounds.days)
        solved = ColumnBounds(days, bounds.nullable, bounds.relations, bounds.non_null_sources, bounds.possible_at)
        for _ in range(_MAX_ROUNDS):
            before = dict(days)
            for relation in bounds.relations:
                self._propagate(solved, relation)
            if days == before:
                break
        return self._narrowed(solved)

    def _narrowed(self, bounds: ColumnBounds) -> ColumnBounds:
        """The bounds, impossible at the probes where a column of days has none left. Other columns may hold other values."""
        possible = bounds.possible_at
        for column in filter(self.holds_days, bounds.days):
            possible = self.probe_days.intersect(possible, self.probe_days.where_any(self.get(bounds, column)))
        return bounds if possible is bounds.possible_at else replace(bounds, possible_at=possible)

    def get(self, bounds: ColumnBounds, column: SourceColumn) -> DaySet:
        """The days that a column can have in rows where the bounds hold."""
        known = bounds.days.get(column, ALL)
        nullable = bounds.nullable.get(column, ALL)
        return self.probe_days.intersect(self.probe_days.intersect(known, nullable), self.known_days(column))

    def where_possible(self, bounds: ColumnBounds, days: DaySet) -> DaySet:
        """The set, empty at the probes where the condition never holds."""
        return self.probe_days.intersect(days, bounds.possible_at)

    def _propagate(self, bounds: ColumnBounds, relation: ColumnRelation) -> None:
        left, right = self.get(bounds, relation.left), self.get(bounds, relation.right)
        if left.is_all and right.is_all:
            return
        ahead, back = self._directions(relation.operator)
        to_left = ahead(self.probe_days.shift(right, relation.shift))
        to_right = back(self.probe_days.shift(left, negate(relation.shift)))
        if not to_left.is_all:
            self._narrow(bounds.days, relation.left, self.probe_days.intersect(left, to_left))
        if not to_right.is_all:
            self._narrow(bounds.days, relation.right, self.probe_days.intersect(right, to_right))

    def _directions(self, operator: str) -> tuple[Callable[[DaySet], DaySet], Callable[[DaySet], DaySet]]:
        if operator == ">=":
            return self.probe_days.from_first, self.probe_days.up_to_last
        if operator == "<=":
            return self.probe_days.up_to_last, self.probe_days.from_first
        return (lambda days: days), (lambda days: days)

    def _narrow(self, known: dict[SourceColumn, DaySet], column: SourceColumn, days: DaySet) -> None:
        known[column] = self.probe_days.intersect(known[column], days) if column in known else days

    def _union_of(
        self,
        column: SourceColumn,
        parts: Sequence[ColumnBounds],
        of: Callable[[ColumnBounds], dict[SourceColumn, DaySet]],
    ) -> DaySet:
        return self.probe_days.union([self.where_possible(part, of(part)[column]) for part in parts])


def negate(shift: Value) -> Value:
    """The shift the other way."""
    return PerProbe(-n for n in shift) if type(shift) is PerProbe else -shift
