"""Joins: which conditions bound the rows that are read on which side."""

from __future__ import annotations

from collections.abc import Callable

from drawloom.sql.dayset import ALL, DaySet
from drawloom.sql.facts import Facts, Relation, Solver, Term
from drawloom.sql.predicates import Conditions
from drawloom.sql.scope import Joined, Leaf, Source, Tree, sources_of

Merged = dict[str, tuple[list[Source], bool]]


class Joins:
    """The joins of one SELECT.

    ``has`` says whether a source has a column, None where it may.
    """

    def __init__(self, solver: Solver, conditions: Conditions, has: Callable[[Source, str], bool | None]) -> None:
        self.solver = solver
        self.conditions = conditions
        self.has = has
        self._merged: dict[int, Merged] = {}

    def spread(self, tree: Tree | None, facts: Facts) -> dict[Term, DaySet]:
        """The days of each column of each source in rows that matter, where the facts hold after all joins.

        The empty column name stands for the source as a whole.
        """
        found: dict[Term, DaySet] = {}
        if tree is not None:
            self._visit(tree, facts, found)
        return found

    def merged(self, tree: Tree | None) -> Merged:
        """For each name that USING merged in a part of the FROM: its sources, and whether each may be NULL."""
        if id(tree) not in self._merged:
            self._merged[id(tree)] = self._find_merged(tree)
        return self._merged[id(tree)]

    def _visit(self, tree: Tree, facts: Facts, found: dict[Term, DaySet]) -> None:
        while isinstance(tree, Joined):
            parts, rights = [facts], []
            while isinstance(tree, Joined) and self._kind(tree, facts) in ("inner", "semi"):
                parts.append(self._on(tree))
                rights.append(tree.right)
                tree = tree.left
            if rights:
                facts = self.solver.solve(self.solver.merge(parts))
                self._leaves([right for right in rights if isinstance(right, Leaf)], facts, found)
                for right in rights:
                    if isinstance(right, Joined):
                        self._visit(right, facts, found)
            elif isinstance(tree, Joined):
                tree, facts = self._outer_join(tree, facts, found)
        self._leaves([tree], self.solver.solve(facts), found)

    def _outer_join(self, tree: Joined, facts: Facts, found: dict[Term, DaySet]) -> tuple[Tree, Facts]:
        """Look at the right side of a join that is not inner; gives the left side and what holds there."""
        kind = self._kind(tree, facts)
        right = left = facts
        if kind in ("left", "anti"):
            right = self.solver.merge([facts, self._on(tree)])
        elif kind == "right":
            left = self.solver.merge([facts, self._on(tree)])
        elif kind.startswith("asof"):
            # The nearest row is looked for before WHERE, so only ON says which rows can be it.
            before = self._without(facts, set(sources_of(tree.right)))
            right = self.solver.merge([before, self._on(tree)])
            left = right if kind == "asof" else facts
        self._visit(tree.right, right, found)
        return tree.left, left

    def _leaves(self, leaves: list[Leaf], solved: Facts, found: dict[Term, DaySet]) -> None:
        sources = {leaf.source for leaf in leaves if not leaf.source.sealed}
        for term in {*solved.days, *solved.soft}:
            if term[0] in sources:
                both = self.solver.probed.both(solved.days.get(term, ALL), solved.soft.get(term, ALL))
                found[term] = self.solver.masked(solved, both)
        if not solved.alive.every:
            for source in sources:
                found[source, ""] = solved.alive

    def _kind(self, tree: Joined, facts: Facts) -> str:
        """The join's kind, once rows that a later condition throws away are not counted."""
        if tree.kind not in ("left", "right", "full"):
            return tree.kind
        keeps_left = tree.kind != "right" and not facts.rejects_nulls(sources_of(tree.right))
        keeps_right = tree.kind != "left" and not facts.rejects_nulls(sources_of(tree.left))
        if keeps_left and keeps_right:
            return "full"
        return "left" if keeps_left else ("right" if keeps_right else "inner")

    def _on(self, tree: Joined) -> Facts:
        parts = [self.conditions.facts(tree.on)] if tree.on is not None else []
        return self.solver.merge([*parts, *(self._using(tree, name) for name in tree.using)] or [Facts()])

    def _using(self, tree: Joined, name: str) -> Facts:
        lefts, soft = self.merged(tree.left).get(name) or (self._holders(tree.left, name), False)
        rights = self._holders(tree.right, name)
        if len(lefts) != 1 or len(rights) != 1 or soft:
            return Facts()
        return Facts(relations=[Relation((lefts[0], name), "=", (rights[0], name))])

    def _holders(self, tree: Tree, name: str) -> list[Source]:
        """The source of a part of the FROM that has a column, if that is certain; else none."""
        chances = [(source, self.has(source, name)) for source in sources_of(tree)]
        sure = [source for source, has in chances if has]
        some = sure or [source for source, has in chances if has is None]
        return some if len(some) == 1 else []

    def _find_merged(self, tree: Tree | None) -> Merged:
        spine: list[Joined] = []
        node = tree
        while isinstance(node, Joined):
            spine.append(node)
            node = node.left
        found: Merged = {}
        for joined in reversed(spine):
            if isinstance(joined.right, Joined):
                found |= {name: value for name, value in self.merged(joined.right).items() if name not in found}
            for name in joined.using:
                left, soft = found.get(name) or (self._holders(joined.left, name), False)
                right = self._holders(joined.right, name)
                if joined.kind == "full" or soft:
                    found[name] = (left + right if left and right else [], True)
                else:
                    found[name] = (right if joined.kind == "right" else left, False)
        return found

    def _without(self, facts: Facts, sources: set[Source]) -> Facts:
        days = {term: days for term, days in facts.days.items() if term[0] not in sources}
        soft = {term: days for term, days in facts.soft.items() if term[0] not in sources}
        keep = [r for r in facts.relations if r.left[0] not in sources and r.right[0] not in sources]
        return Facts(days, soft, keep, facts.filled - sources, facts.alive)
