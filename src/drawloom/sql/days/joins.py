"""Joins: which conditions bound the rows that are read on each side of a join."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from drawloom.sql.days.column_bounds import ANY_ROW, BoundsSolver, ColumnBounds, ColumnRelation, SourceColumn
from drawloom.sql.days.day_set import ALL, DaySet
from drawloom.sql.days.predicates import PredicateReader, flatten_chain
from drawloom.sql.scope import JoinNode, JoinTree, Source, SourceLeaf, sources_of

_MERGING = ("inner", "left", "right", "full")
Merged = dict[str, tuple[list[Source], bool]]


class JoinBounds:
    """The joins of one SELECT.

    ``has`` returns whether a source has a column, None where that is not known.
    """

    def __init__(
        self, solver: BoundsSolver, predicates: PredicateReader, has: Callable[[Source, str], bool | None]
    ) -> None:
        self.solver = solver
        self.predicates = predicates
        self.has = has
        self._merged: dict[int, Merged] = {}

    def bounds_below_joins(self, tree: JoinTree | None, bounds: ColumnBounds) -> dict[SourceColumn, DaySet]:
        """The days of each column of each source in rows that matter, where the bounds hold after all joins.

        The key (source, ANY_ROW) has the days on which any row of the source can matter.
        """
        found: dict[SourceColumn, DaySet] = {}
        if tree is not None:
            self._visit(tree, bounds, found)
        return found

    def using_columns(self, tree: JoinTree | None) -> Merged:
        """For each name that USING merged in a part of the FROM: its sources, and whether each may be NULL."""
        if id(tree) not in self._merged:
            self._merged[id(tree)] = self._find_merged(tree)
        return self._merged[id(tree)]

    def are_merged(self, tree: JoinTree | None, members: Sequence[SourceColumn]) -> bool:
        """Whether rows of these columns' sources meet only where the columns are equal, so that any is the day of all."""
        joined: set[SourceColumn] = set()
        nodes: list[JoinNode] = []
        while isinstance(tree, JoinNode):
            nodes.append(tree)
            tree = tree.left
        if any(isinstance(node.right, JoinNode) or node.kind not in _MERGING for node in nodes):
            return False
        joined |= {member for member in members if isinstance(tree, SourceLeaf) and member[0] is tree.source}
        for node in reversed(nodes):
            new = [member for member in members if member[0] in sources_of(node.right)]
            if new and joined and not self._joins_equal(node, joined, new[0]):
                return False
            joined |= set(new)
        return joined == set(members) and len({source for source, _ in members}) == len(members)

    def _joins_equal(self, node: JoinNode, before: set[SourceColumn], new: SourceColumn) -> bool:
        if new[1] in node.using:
            return all(name == new[1] for _, name in before)
        parts = [] if node.on is None else flatten_chain(node.on) if isinstance(node.on, exp.And) else [node.on]
        for part in parts:
            if isinstance(part, exp.EQ):
                sides = [self._columns_of(side) for side in (part.this, part.expression)]
                if {new} in sides and any(side and side <= before for side in sides):
                    return True
        return False

    def _columns_of(self, node: exp.Expr) -> set[SourceColumn]:
        """The columns that a side of an equality is: one, or those of a COALESCE; empty for anything else."""
        key = self.predicates.keys.read(node)
        if key is None or not key.is_day or key.shift != 0:
            return set()
        parts = [key.column.this, *key.column.expressions] if isinstance(key.column, exp.Coalesce) else [key.column]
        if not all(isinstance(part, exp.Column) for part in parts):
            return set()
        found = [self.predicates.resolver.resolve(part) for part in parts]
        certain = [one.columns[0] for one in found if one is not None and not one.nullable]
        return set(certain) if len(certain) == len(parts) else set()

    def sources_left_out(self, tree: JoinTree | None) -> set[Source]:
        """The sources of which an outer join leaves columns empty in some rows."""
        if not isinstance(tree, JoinNode):
            return set()
        found = self.sources_left_out(tree.left) | self.sources_left_out(tree.right)
        if tree.kind not in ("inner", "semi", "anti", "left", "asof", "asof left"):
            found |= set(sources_of(tree.left))
        return found if tree.kind in ("inner", "asof") else found | set(sources_of(tree.right))

    def _visit(self, tree: JoinTree, bounds: ColumnBounds, found: dict[SourceColumn, DaySet]) -> None:
        while isinstance(tree, JoinNode):
            parts, rights = [bounds], []
            while isinstance(tree, JoinNode) and self._kind(tree, bounds) in ("inner", "semi"):
                parts.append(self._on(tree))
                rights.append(tree.right)
                tree = tree.left
            if rights:
                bounds = self.solver.solve(self.solver.all_of(parts))
                self._leaves([right for right in rights if isinstance(right, SourceLeaf)], bounds, found)
                for right in rights:
                    if isinstance(right, JoinNode):
                        self._visit(right, bounds, found)
            elif isinstance(tree, JoinNode):
                tree, bounds = self._outer_join(tree, bounds, found)
        self._leaves([tree], self.solver.solve(bounds), found)

    def _outer_join(
        self, tree: JoinNode, bounds: ColumnBounds, found: dict[SourceColumn, DaySet]
    ) -> tuple[JoinTree, ColumnBounds]:
        """Find the days on the right side of a join that is not inner; returns the left side and the bounds there."""
        kind = self._kind(tree, bounds)
        right = left = bounds
        if kind in ("left", "anti"):
            right = self.solver.all_of([bounds, self._on(tree)])
        elif kind == "right":
            left = self.solver.all_of([bounds, self._on(tree)])
        elif kind.startswith("asof"):
            # The nearest row is looked for before WHERE, so only ON decides which rows it can be.
            before = self._without_sources(bounds, set(sources_of(tree.right)))
            right = self.solver.all_of([before, self._on(tree)])
            left = right if kind == "asof" else bounds
        self._visit(tree.right, right, found)
        return tree.left, left

    def _leaves(self, leaves: list[SourceLeaf], solved: ColumnBounds, found: dict[SourceColumn, DaySet]) -> None:
        sources = {leaf.source for leaf in leaves if not leaf.source.opaque}
        for column in {*solved.days, *solved.nullable}:
            if column[0] in sources:
                intersect = self.solver.probe_days.intersect(
                    solved.days.get(column, ALL), solved.nullable.get(column, ALL)
                )
                found[column] = self.solver.where_possible(solved, intersect)
        if not solved.possible_at.is_all:
            for source in sources:
                found[source, ANY_ROW] = solved.possible_at

    def _kind(self, tree: JoinNode, bounds: ColumnBounds) -> str:
        """The join's kind, where rows that a later condition rejects do not count: a LEFT JOIN may be an inner one."""
        if tree.kind not in ("left", "right", "full"):
            return tree.kind
        keeps_left = tree.kind != "right" and not bounds.rejects_nulls(sources_of(tree.right))
        keeps_right = tree.kind != "left" and not bounds.rejects_nulls(sources_of(tree.left))
        if keeps_left and keeps_right:
            return "full"
        return "left" if keeps_left else ("right" if keeps_right else "inner")

    def _on(self, tree: JoinNode) -> ColumnBounds:
        parts = [self.predicates.bounds(tree.on)] if tree.on is not None else []
        nearest = tree.using[-1] if tree.using and tree.kind.startswith("asof") else None
        usings = [self._using(tree, name, ">=" if name == nearest else "=") for name in tree.using]
        return self.solver.all_of([*parts, *usings] or [ColumnBounds()])

    def _using(self, tree: JoinNode, name: str, operator: str) -> ColumnBounds:
        """The columns of a name that USING joins: equal, or as the nearest one before, for the last name of an ASOF join."""
        lefts, nullable = self.using_columns(tree.left).get(name) or (self._sources_with(tree.left, name), False)
        rights = self._sources_with(tree.right, name)
        if len(lefts) != 1 or len(rights) != 1 or nullable:
            return ColumnBounds()
        return ColumnBounds(relations=[ColumnRelation((lefts[0], name), operator, (rights[0], name))])

    def _sources_with(self, tree: JoinTree, name: str) -> list[Source]:
        """The one source of a part of the FROM that has a column; empty where that is not certain."""
        candidates = [(source, self.has(source, name)) for source in sources_of(tree)]
        certain = [source for source, has in candidates if has]
        some = certain or [source for source, has in candidates if has is None]
        return some if len(some) == 1 else []

    def _find_merged(self, tree: JoinTree | None) -> Merged:
        spine: list[JoinNode] = []
        node = tree
        while isinstance(node, JoinNode):
            spine.append(node)
            node = node.left
        found: Merged = {}
        for joined in reversed(spine):
            if isinstance(joined.right, JoinNode):
                found |= {name: value for name, value in self.using_columns(joined.right).items() if name not in found}
            for name in joined.using:
                left, nullable = found.get(name) or (self._sources_with(joined.left, name), False)
                right = self._sources_with(joined.right, name)
                if joined.kind == "full" or nullable:
                    found[name] = (left + right if left and right else [], True)
                else:
                    found[name] = (right if joined.kind == "right" else left, False)
        return found

    def _without_sources(self, bounds: ColumnBounds, sources: set[Source]) -> ColumnBounds:
        days = {column: days for column, days in bounds.days.items() if column[0] not in sources}
        nullable = {column: days for column, days in bounds.nullable.items() if column[0] not in sources}
        keep = [r for r in bounds.relations if r.left[0] not in sources and r.right[0] not in sources]
        return ColumnBounds(days, nullable, keep, bounds.non_null_sources - sources, bounds.possible_at)
