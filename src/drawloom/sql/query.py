"""Queries as the reader sees them: the columns they give, what those are made of, and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from drawloom.sql.clauses import (
    Names,
    arms,
    excepted,
    inner_names,
    is_bounded,
    is_star,
    star_list,
    values_columns,
)
from drawloom.sql.constant import Folder
from drawloom.sql.dayset import ALL, DaySet, Grain, Probed, allowed
from drawloom.sql.facts import Facts, Solver, Term
from drawloom.sql.joins import Joins
from drawloom.sql.predicates import Conditions, Target
from drawloom.sql.renames import inner_name, inside, translated
from drawloom.sql.scope import Builder, Cte, Source, Tree, grain_of, sources_of
from drawloom.sql.values import UNKNOWN

_PASSING = (exp.Max, exp.Min, exp.AnyValue, exp.First, exp.Last)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all scopes of one text share."""

    folder: Folder
    probed: Probed
    builder: Builder
    ctes: dict[Cte, Relational] = field(default_factory=dict)

    def cte(self, cte: Cte) -> Relational:
        """The query of a CTE, the same one wherever its name is used."""
        if cte not in self.ctes:
            self.ctes[cte] = Relational(self, cte.query, cte.names, None, cte)
        return self.ctes[cte]


class Scope:
    """One SELECT: its sources, what its names mean, and what its conditions say.

    ``outer`` is the scope that a correlated subquery stands in.
    """

    def __init__(
        self,
        shop: Workshop,
        node: exp.Expr,
        names: Names,
        outer: Scope | None = None,
        tree: Tree | None = None,
    ) -> None:
        self.shop = shop
        self.node = node
        self.names = names
        self.outer = outer
        self.tree = tree or shop.builder.tree(node, names)
        self.sources = list(sources_of(self.tree))
        self.solver = Solver(shop.probed, self.known)
        self.conditions = Conditions(shop.folder, shop.probed, self.solver, self)
        self.joins = Joins(self.solver, self.conditions, self.has)
        self.found: dict[Term, DaySet] = {}
        self._queries: dict[int, Relational] = {}
        self._own: dict[Term, DaySet] | None = None
        self._where: Facts | None = None

    def resolve(self, column: exp.Column) -> Target | None:
        """The column of a source that a name means; a name of an outer scope is found there."""
        name = column.name.lower()
        prefix = column.table.lower()
        if prefix:
            source = self._qualified(column, prefix)
            return source and Target(((source, name),))
        merged = self.joins.merged(self.tree).get(name)
        if merged is not None:
            if not merged[0]:
                return None
            return Target(tuple((source, name) for source in merged[0]), soft=merged[1])
        chances = [(source, self.has(source, name)) for source in self.sources]
        sure = [source for source, has in chances if has]
        maybe = [source for source, has in chances if has is None]
        for some in (sure, maybe):
            if len(some) == 1:
                return Target(((some[0], name),))
            if some:
                return None
        return self.outer.resolve(column) if self.outer else None

    def _qualified(self, column: exp.Column, prefix: str) -> Any:
        scope: Scope | None = self
        while scope:
            found = [source for source in scope.sources if source.alias == prefix]
            if column.args.get("db") is not None:
                dotted = ".".join(part.name.lower() for part in column.parts[:-1])
                found = [source for source in found if source.table.lower().endswith(dotted)]
            if found:
                return found[0] if len(found) == 1 else None
            scope = scope.outer
        return None

    def has(self, source: Source, name: str) -> bool | None:
        """Whether a source has a column of that name; None where it may."""
        if source.columns is not None:
            # The one column of UNNEST may be a struct, whose fields can be named alone on some engines.
            return True if name in source.columns else (None if source.kind == "rows" else False)
        if source.kind == "table":
            if source.entry.columns:
                return name in source.entry.columns or name in source.keys
            builder = self.shop.builder
            if name in builder.hidden or (source.entry.keys is not None and name in builder.keys):
                return name in source.keys
            return True if name in source.keys or name in source.entry.days_from else None
        query = self.query(source)
        return query.has(name) if query else None

    def grain(self, term: Term) -> Grain:
        """Whether a column holds days, times of days, or either."""
        source, name = term
        if source.kind == "table":
            return grain_of(source, name)
        query = self.query(source)
        return query.grain(inner_name(source, query, name)) if query else "any"

    def slack(self, term: Term) -> int:
        """The days that a session's time zone may put between a column and its partition."""
        source, name = term
        kind = source.entry.columns.get(name, "").upper() if source.kind == "table" else ""
        return int(kind.endswith(("TZ", "WITH TIME ZONE")))

    def known(self, term: Term) -> DaySet:
        """The days a column can have whatever this SELECT asks: from its subquery, or from the outer row."""
        source, name = term
        if source in self.sources:
            query = None if source.sealed else self.query(source)
            return query.days(inner_name(source, query, name)) if query else ALL
        scope = self.outer
        while scope and source not in scope.sources:
            scope = scope.outer
        return scope.bound(term) if scope else ALL

    def bound(self, term: Term) -> DaySet:
        """The days a column of this scope can have in the rows that matter."""
        return self.shop.probed.both(self.found.get(term, ALL), self.known(term))

    def answers(self, query: exp.Expr, position: int = 0) -> DaySet:
        """The days that a subquery's output column can have."""
        return self.relational(query).days_at(position)

    def query(self, source: Source) -> Relational | None:
        """The query that a source is; None for a table, and for a recursive name inside itself."""
        if source.query is None:
            return None
        if source.cte is not None:
            return None if inside(self, source.cte) else self.shop.cte(source.cte)
        if id(source) not in self._queries:
            outer = self if source.lateral else self.outer
            self._queries[id(source)] = Relational(self.shop, source.query, self.names, outer)
        return self._queries[id(source)]

    def relational(self, query: exp.Expr) -> Relational:
        """A subquery in an expression of this scope."""
        if id(query) not in self._queries:
            self._queries[id(query)] = Relational(self.shop, query, self.names, self)
        return self._queries[id(query)]

    def where(self) -> Facts:
        """What the WHERE says."""
        if self._where is None:
            where = self.node.args.get("where")
            self._where = self.conditions.facts(where.this) if where else Facts()
        return self._where

    def spread(self, facts: Facts) -> dict[Term, DaySet]:
        """The days of each column of each source in rows that matter, where the facts hold after all joins."""
        return self.joins.spread(self.tree, facts)

    def own(self) -> dict[Term, DaySet]:
        """The days of columns by this SELECT's own conditions."""
        if self._own is None:
            self._own = {}
            self._own = self.spread(self.where())
        return self._own


class Relational:
    """A query: a SELECT, or several put together, with the names of the columns it gives."""

    def __init__(
        self, shop: Workshop, query: exp.Expr, names: Names, outer: Scope | None = None, cte: Cte | None = None
    ) -> None:
        self.shop = shop
        self.outer = outer
        self.cte = cte
        self.ctes: list[Cte] = []
        self.names = inner_names(query, names, self.ctes)
        self.limited = False
        while isinstance(query, exp.Subquery | exp.Paren):
            self.limited = self.limited or is_bounded(query)
            query = query.this
            self.names = inner_names(query, self.names, self.ctes)
        self.query = query
        self.limited = self.limited or is_bounded(query)
        self.arms = list(arms(self.query))
        self.scope: Scope | None = None
        if isinstance(self.query, exp.Select):
            self.scope = Scope(shop, self.query, self.names, outer)
        self.parts = [] if len(self.arms) < 2 else [Relational(shop, arm, self.names, outer, cte) for arm in self.arms]
        self.columns: list[str] | None = self.parts[0].columns if self.parts else self._find_columns()
        self._days: dict[str, DaySet] = {}
        self._grains: dict[str, Grain] = {}
        self._has: dict[str, bool | None] = {}

    def _find_columns(self) -> list[str] | None:
        """The names of the output columns in lower case; None where a star hides them."""
        if self.scope is None:
            return values_columns(self.query)
        names: list[str] = []
        for item in self.query.expressions:
            some = self._star_names(self.scope, item) if is_star(item) else [item.alias_or_name.lower()]
            if some is None:
                return None
            names += some
        return names

    def _star_names(self, scope: Scope, star: exp.Expr) -> list[str] | None:
        """The columns that a star stands for, in their order, where that is certain."""
        if scope.joins.merged(scope.tree) or star_list(star, "rename"):
            return None
        names: list[str] = []
        for source in self.star_sources(star):
            query = scope.query(source)
            some = source.columns or (query.columns if query else None)
            if some is None or source.sealed:
                return None
            names += [name for name in some if name not in excepted(star)]
        return names

    def has(self, name: str) -> bool | None:
        """Whether the query gives a column of that name; None where it may."""
        if name not in self._has:
            self._has[name] = None
            self._has[name] = self._find(name)
        return self._has[name]

    def _find(self, name: str) -> bool | None:
        if self.parts:
            return self.parts[0].has(name)
        if self.scope is None:
            columns = self.columns
            return None if columns is None else name in columns
        if name in self._explicit():
            return True
        chances = [self._star_has(star, name) for star in self._stars()]
        return True if True in chances else (None if None in chances else False)

    def _star_has(self, star: exp.Expr, name: str) -> bool | None:
        if name in excepted(star):
            return False
        if self.scope is None:
            return None
        chances = [self.scope.has(source, name) for source in self.star_sources(star)]
        return True if True in chances else (None if None in chances else False)

    def meaning(self, name: str) -> exp.Expr | Target | None:
        """What an output column is made of: an expression, or (through a star) the column of a source."""
        if self.scope is None:
            return None
        explicit = self._explicit().get(name)
        if explicit is not None:
            return explicit
        for star in self._stars():
            replaced: dict[str, exp.Expr] = {item.alias.lower(): item.this for item in star_list(star, "replace")}
            if name in replaced:
                return replaced[name]
            if star_list(star, "rename"):
                return None
        return self._through_star(self.scope, name)

    def _through_star(self, scope: Scope, name: str) -> Target | None:
        found = [s for star in self._stars() if name not in excepted(star) for s in self.star_sources(star)]
        chances = [(source, scope.has(source, name)) for source in found]
        some = [source for source, has in chances if has] or [source for source, has in chances if has is None]
        if len(some) == 1 and name not in scope.joins.merged(scope.tree):
            return Target(((some[0], name),))
        merged = scope.resolve(exp.column(name))
        return merged if merged is not None and all(term[0] in found for term in merged.terms) else None

    def grain(self, name: str) -> Grain:
        """Whether an output column holds days, times of days, or either."""
        if name not in self._grains:
            self._grains[name] = "any"
            self._grains[name] = self._find_grain(name)
        return self._grains[name]

    def _find_grain(self, name: str) -> Grain:
        if self.parts:
            grains = {part.grain(translated(self, part, name)) for part in self.parts}
            return grains.pop() if len(grains) == 1 else "any"
        meaning = self.meaning(name)
        if isinstance(meaning, Target) and self.scope:
            return self.scope.grain(meaning.terms[0])
        return self._expression_grain(meaning)

    def _expression_grain(self, node: Any) -> Grain:
        if node is None or self.scope is None:
            return "any"
        key = self.scope.conditions.keys.read(node.this if isinstance(node, _PASSING) else node)
        if key is None:
            return "day" if self.shop.folder.fold(node) is not UNKNOWN else "any"
        target = self.scope.resolve(key.column)
        return key.grain or (self.scope.grain(target.terms[0]) if target else "any")

    def days(self, name: str) -> DaySet:
        """The days that an output column can have, where it is not NULL."""
        if name not in self._days:
            self._days[name] = ALL
            self._days[name] = self._find_days(name)
        return self._days[name]

    def days_at(self, position: int) -> DaySet:
        """Likewise, of the output column at a position."""
        columns = self.columns
        return (
            self.days(columns[position])
            if columns and position < len(columns) and columns[position]
            else self._first(position)
        )

    def _first(self, position: int) -> DaySet:
        if self.scope is None or position >= len(self.query.expressions) or self.columns is None:
            return ALL
        return self._expression_days(self.query.expressions[position])

    def _find_days(self, name: str) -> DaySet:
        if self.parts:
            return self.shop.probed.either([part.days(translated(self, part, name)) for part in self.parts])
        if self.scope is None:
            return _values_days(self, name)
        meaning = self.meaning(name)
        if isinstance(meaning, Target):
            return self._term_days(meaning.terms[0]) if len(meaning.terms) == 1 else ALL
        return self._expression_days(meaning)

    def _expression_days(self, node: Any) -> DaySet:
        if node is None or self.scope is None:
            return ALL
        node = node.this if isinstance(node, exp.Alias) else node
        key = self.scope.conditions.keys.read(node.this if isinstance(node, _PASSING) else node)
        if key is not None:
            target = self.scope.resolve(key.column)
            if target is None or len(target.terms) != 1 or key.unit or key.slack:
                return ALL
            return self.shop.probed.shift(self._term_days(target.terms[0]), key.shift)
        if isinstance(node, exp.Subquery):
            return self.scope.answers(node)
        return self.shop.probed.compared(lambda value: allowed("=", value, "day"), self.shop.folder.fold(node))

    def _term_days(self, term: Term) -> DaySet:
        if self.scope is None or term[0] not in self.scope.sources:
            return ALL
        return self.shop.probed.both(self.scope.own().get(term, ALL), self.scope.known(term))

    def _explicit(self) -> dict[str, exp.Expr]:
        found: dict[str, exp.Expr] = {}
        for item in self.query.expressions:
            if not is_star(item):
                found.setdefault(item.alias_or_name.lower(), item)
        return found

    def _stars(self) -> list[exp.Expr]:
        return [item for item in self.query.expressions if is_star(item)]

    def star_sources(self, star: exp.Expr) -> list[Source]:
        """The sources whose columns a star stands for."""
        if self.scope is None:
            return []
        table = star.table.lower() if isinstance(star, exp.Column) else ""
        return [source for source in self.scope.sources if not table or source.alias == table]


def _values_days(query: Relational, name: str) -> DaySet:
    columns = query.columns
    if not isinstance(query.query, exp.Values) or not columns or name not in columns:
        return ALL
    position, shop = columns.index(name), query.shop
    rows = [row.expressions[position] for row in query.query.expressions if len(row.expressions) > position]
    days = [shop.probed.compared(lambda v: allowed("=", v, "day"), shop.folder.fold(row)) for row in rows[:1000]]
    return shop.probed.either(days) if len(days) == len(query.query.expressions) else ALL
