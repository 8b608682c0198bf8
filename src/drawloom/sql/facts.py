"""What must be true of columns where a condition holds: which days they lie in, and how they follow each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from drawloom.sql.dayset import ALL, NONE, DaySet, Probed
from drawloom.sql.scope import Source
from drawloom.sql.values import Moving, Value

Term = tuple[Source, str]
_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Relation:
    """``left operator right + shift`` between two columns, in days; the operator is =, >= or <=."""

    left: Term
    operator: str
    right: Term
    shift: Value = 0


@dataclass(slots=True)
class Facts:
    """Facts that hold for every row where a condition is TRUE.

    ``days`` bounds columns, which are then not NULL. ``soft`` does so where the column may also be NULL.
    ``filled`` are sources that have a column which is not NULL. ``alive`` is empty at probes where it never is TRUE.
    """

    days: dict[Term, DaySet] = field(default_factory=dict)
    soft: dict[Term, DaySet] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    filled: set[Source] = field(default_factory=set)
    alive: DaySet = ALL

    def rejects_nulls(self, sources: Iterable[Source]) -> bool:
        """Whether a row in which all columns of these sources are NULL is never TRUE."""
        some = set(sources)
        if self.filled & some or any(term[0] in some for term in self.days):
            return True
        return any(relation.left[0] in some or relation.right[0] in some for relation in self.relations)


class Solver:
    """Puts facts together.

    ``given`` says what is known of a column without any condition: that of a subquery, or of an outer row.
    """

    def __init__(self, probed: Probed, given: Callable[[Term], DaySet]) -> None:
        self.probed = probed
        self.given = given

    def merge(self, parts: Sequence[Facts]) -> Facts:
        """The facts where all of the conditions hold."""
        if len(parts) == 1:
            return parts[0]
        merged = Facts()
        for part in parts:
            for term, days in part.days.items():
                self._narrow(merged.days, term, days)
            for term, days in part.soft.items():
                self._narrow(merged.soft, term, days)
            merged.relations += part.relations
            merged.filled |= part.filled
            merged.alive = self.probed.both(merged.alive, part.alive)
        return merged

    def join(self, parts: Sequence[Facts]) -> Facts:
        """The facts where at least one of the conditions holds."""
        solved = [self.solve(part) for part in parts if not part.alive.empty]
        if not solved:
            return Facts(alive=NONE)
        joined = Facts(alive=self.probed.either([part.alive for part in solved]))
        joined.filled = set.intersection(*(part.filled for part in solved))
        shared = set.intersection(*(set(part.days) for part in solved))
        for term in solved[0].days:
            if term in shared:
                joined.days[term] = self._united(term, solved, lambda part: part.days)
        soft = set.intersection(*(set(part.soft) | set(part.days) for part in solved))
        for term in soft - shared:
            joined.soft[term] = self._united(term, solved, lambda part: part.soft if term in part.soft else part.days)  # noqa: B023
        if len(solved) == 1:
            joined.relations = solved[0].relations
        return joined

    def solve(self, facts: Facts) -> Facts:
        """The facts with all that follows along the relations."""
        if not facts.relations:
            return facts
        days = dict(facts.days)
        solved = Facts(days, facts.soft, facts.relations, facts.filled, facts.alive)
        for _ in range(_ROUNDS):
            before = dict(days)
            for relation in facts.relations:
                self._carry(solved, relation)
            if days == before:
                break
        return solved

    def get(self, facts: Facts, term: Term) -> DaySet:
        """The days a column can have in rows where the facts hold."""
        known = facts.days.get(term, ALL)
        soft = facts.soft.get(term, ALL)
        return self.probed.both(self.probed.both(known, soft), self.given(term))

    def masked(self, facts: Facts, days: DaySet) -> DaySet:
        """The set, empty at the probes where the condition never holds."""
        return self.probed.both(days, facts.alive)

    def _carry(self, facts: Facts, relation: Relation) -> None:
        left, right = self.get(facts, relation.left), self.get(facts, relation.right)
        if left.every and right.every:
            return
        ahead, back = self._reach(relation.operator)
        to_left = ahead(self.probed.shift(right, relation.shift))
        to_right = back(self.probed.shift(left, negative(relation.shift)))
        if not to_left.every:
            self._narrow(facts.days, relation.left, self.probed.both(left, to_left))
        if not to_right.every:
            self._narrow(facts.days, relation.right, self.probed.both(right, to_right))

    def _reach(self, operator: str) -> tuple[Callable[[DaySet], DaySet], Callable[[DaySet], DaySet]]:
        if operator == ">=":
            return self.probed.from_first, self.probed.up_to_last
        if operator == "<=":
            return self.probed.up_to_last, self.probed.from_first
        return (lambda days: days), (lambda days: days)

    def _narrow(self, known: dict[Term, DaySet], term: Term, days: DaySet) -> None:
        known[term] = self.probed.both(known[term], days) if term in known else days

    def _united(self, term: Term, parts: Sequence[Facts], of: Callable[[Facts], dict[Term, DaySet]]) -> DaySet:
        return self.probed.either([self.masked(part, of(part)[term]) for part in parts])


def negative(shift: Value) -> Value:
    """The shift the other way."""
    return Moving(-n for n in shift) if type(shift) is Moving else -shift
