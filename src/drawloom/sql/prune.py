"""Which days of each table a query needs: conditions are pushed down to the places where tables are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from drawloom.sql.clauses import Names
from drawloom.sql.dayset import ALL, DaySet
from drawloom.sql.facts import Facts, Term
from drawloom.sql.predicates import Target, flat
from drawloom.sql.query import Relational, Scope, Workshop
from drawloom.sql.renames import inner_name, translated
from drawloom.sql.scope import Cte, Source, Tree

Demand = Mapping[str, DaySet]
"""What a query's user needs of it: for some of its output columns, the days that rows must lie in to matter."""


@dataclass(slots=True, eq=False)
class Place:
    """One place where a table is read, and the days that are needed there."""

    table: str
    node: exp.Expr
    days: DaySet


class Pruner:
    """Walks queries and notes every table they read, with its days."""

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self.places: dict[int, Place] = {}
        self._asked: dict[Cte, list[Demand]] = {}

    def read(self, query: exp.Expr, names: Names, outer: Scope | None = None) -> None:
        """Note what a whole query reads; all its rows matter."""
        self.visit(Relational(self.shop, query, names, outer), {})

    def read_parts(self, node: exp.Expr, names: Names, tree: Tree | None = None) -> None:
        """Note what a statement with sources and conditions reads that is no query: UPDATE, DELETE, MERGE."""
        scope = Scope(self.shop, node, names, tree=tree)
        self._scope(scope, scope.where(), node)

    def visit(self, query: Relational, demand: Demand) -> None:
        """Note what a query reads for those of its rows that matter."""
        if query.limited:
            demand = {}
        if query.parts:
            for part in query.parts:
                self.visit(part, {translated(query, part, name): days for name, days in demand.items()})
        elif query.scope is not None:
            self._select(query, query.scope, demand)
        else:
            self._nested(query.query, query.names, query.outer, {})
        self.visit_ctes(query.ctes)

    def visit_ctes(self, ctes: list[Cte]) -> None:
        """Note what CTEs read, the last one first, each for all that was asked of it."""
        for cte in reversed(ctes):
            asked = self._asked.get(cte, [])
            demand = self._united(asked) if cte.open else {}
            self.visit(self.shop.cte(cte), demand)

    def _united(self, asked: list[Demand]) -> Demand:
        if not asked:
            return {}
        shared = set.intersection(*(set(demand) for demand in asked))
        return {name: self.shop.probed.either([demand[name] for demand in asked]) for name in shared}

    def _select(self, query: Relational, scope: Scope, demand: Demand) -> None:
        grouping = Grouping(scope, query.query)
        parts = [scope.where()]
        parts += [self._demanded(query, scope, grouping, name, days) for name, days in demand.items()]
        for clause in ("having", "qualify"):
            if query.query.args.get(clause):
                parts.append(self._filtered(scope, grouping, query.query.args[clause].this, query))
        self._scope(scope, scope.solver.merge(parts), query.query)

    def _scope(self, scope: Scope, facts: Facts, node: exp.Expr) -> None:
        scope.found = scope.spread(facts)
        for source in scope.sources:
            self._source(scope, source)
        wanted = _wanted(scope, node)
        for part in _expressions(node):
            self._nested(part, scope.names, scope, wanted)

    def _source(self, scope: Scope, source: Source) -> None:
        if source.kind == "table":
            self._table(scope, source)
            return
        query = scope.query(source)
        if query is None:
            if source.query is None:
                self._nested(source.node, scope.names, scope, {})
            return
        found = {term[1]: days for term, days in scope.found.items() if term[0] is source and term[1]}
        demand = {inner_name(source, query, name): days for name, days in found.items()}
        if source.cte is not None:
            self._asked.setdefault(source.cte, []).append(demand)
        else:
            self.visit(query, demand)

    def _table(self, scope: Scope, source: Source) -> None:
        days = scope.found.get((source, ""), ALL)
        days = self.shop.probed.both(days, self._partitions(scope, source))
        place = self.places.get(id(source.node))
        if place is not None:
            place.days = self.shop.probed.either([place.days, days])
        else:
            self.places[id(source.node)] = Place(source.table, source.node, days)

    def _partitions(self, scope: Scope, source: Source) -> DaySet:
        """The days by the first partition key that conditions bound."""
        if source.sealed or not source.keys:
            return ALL
        days = ALL
        for name in source.entry.days_from:
            days = self.shop.probed.both(days, scope.found.get((source, name), ALL))
        for key in source.keys:
            found = scope.found.get((source, key), ALL)
            if not found.every:
                return self.shop.probed.both(days, found)
        return days

    def _demanded(self, query: Relational, scope: Scope, grouping: Grouping, name: str, days: DaySet) -> Facts:
        """A demand on an output column, as facts of what it is made of, where it may be pushed that far."""
        meaning = query.meaning(name)
        if isinstance(meaning, Target):
            target, facts = meaning, Facts()
            for term in meaning.terms:
                (facts.soft if meaning.soft else facts.days)[term] = days
        else:
            key = scope.conditions.keys.read(meaning)
            found = scope.resolve(key.column) if key and not key.unit and not key.slack else None
            if key is None or found is None:
                return Facts()
            target, facts = found, scope.conditions.told(found, key, days)
        own = all(term[0] in scope.sources for term in target.terms)
        return facts if own and grouping.passes(target.terms) else Facts()

    def _filtered(self, scope: Scope, grouping: Grouping, condition: exp.Expr, query: Relational) -> Facts:
        """What HAVING or QUALIFY say of columns that they filter whole groups by."""
        facts = scope.conditions.facts(condition)
        kept = Facts()
        for term, days in facts.days.items():
            if grouping.passes((term,)) and not _hidden(query, scope, term):
                kept.days[term] = days
        return kept

    def _nested(self, node: exp.Expr, names: Names, outer: Scope | None, wanted: Mapping[int, Demand]) -> None:
        for query in subqueries(node):
            if outer is not None and names is outer.names:
                self.visit(outer.relational(query), wanted.get(id(query), {}))
            else:
                self.visit(Relational(self.shop, query, names, outer), {})


class Grouping:
    """Whether a SELECT treats days apart: no limit, window, group or DISTINCT ON mixes rows of different days."""

    def __init__(self, scope: Scope, select: exp.Expr) -> None:
        self.scope = scope
        self.select = select
        self._mixed: list[set[Term]] | None = None

    def passes(self, terms: tuple[Term, ...]) -> bool:
        """Whether rows of other days can be left out without changing the rows of these."""
        if self._mixed is None:
            self._mixed = list(self._apart())
        return all(term in group for group in self._mixed for term in terms)

    def _apart(self) -> Iterator[set[Term]]:
        """For everything that mixes rows, the columns that it keeps apart."""
        args = self.select.args
        if args.get("limit") or args.get("offset") or args.get("match") or args.get("connect") or args.get("sample"):
            yield set()
        distinct = args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            yield self._terms(distinct.args["on"].expressions)
        for window in _own(self.select, exp.Window):
            if window.parent is None or not isinstance(window.parent, exp.Select) or window.arg_key != "windows":
                yield self._terms(self._partition(window))
        group = args.get("group")
        if group is not None:
            yield self._grouped(group)
        elif any(not _windowed(call) for call in _own(self.select, exp.AggFunc)):
            yield set()

    def _grouped(self, group: exp.Expr) -> set[Term]:
        if any(group.args.get(name) for name in ("rollup", "cube", "grouping_sets", "totals")):
            return set()
        outputs = self.select.expressions
        if group.args.get("all"):
            return self._terms([item for item in outputs if not any(True for _ in item.find_all(exp.AggFunc))])
        items: list[exp.Expr] = []
        for item in group.expressions:
            if isinstance(item, exp.Literal) and item.this.isdigit() and 0 < int(item.this) <= len(outputs):
                items.append(outputs[int(item.this) - 1])
                continue
            if isinstance(item, exp.Rollup | exp.Cube | exp.GroupingSets):
                return set()
            items.append(item)
            if isinstance(item, exp.Column) and not item.table:
                items += [output for output in outputs if output.alias.lower() == item.name.lower()]
        return self._terms(items)

    def _partition(self, window: exp.Expr) -> list[exp.Expr]:
        named = {item.name.lower(): item for item in self.select.args.get("windows") or []}
        found = list(window.args.get("partition_by") or [])
        base = named.get(window.alias.lower()) if window.alias else None
        seen: set[int] = set()
        while base is not None and id(base) not in seen:
            seen.add(id(base))
            found += base.args.get("partition_by") or []
            base = named.get(base.alias.lower()) if base.alias else None
        return found

    def _terms(self, items: list[exp.Expr]) -> set[Term]:
        terms: set[Term] = set()
        for item in items:
            key = self.scope.conditions.keys.read(item)
            target = self.scope.resolve(key.column) if key and not key.unit and not key.slack else None
            if target is not None and not target.soft:
                terms |= set(target.terms)
        return terms


def subqueries(node: exp.Expr) -> Iterator[exp.Expr]:
    """The outermost queries in an expression, the expression itself if it is one."""
    stack: list[Any] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, exp.Query) or (isinstance(part, exp.Values) and isinstance(part.parent, exp.Subquery)):
            yield part
        else:
            stack += reversed(list(part.iter_expressions()))


def _expressions(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a statement outside of its sources and CTEs."""
    for name, value in node.args.items():
        if name in ("from_", "with_", "laterals", "joins"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                yield part
    for join in node.args.get("joins") or []:
        if join.args.get("on") is not None:
            yield join.args["on"]


def _wanted(scope: Scope, node: exp.Expr) -> dict[int, Demand]:
    """For each ``columns IN (query)`` that WHERE asks of every row, the days of the columns that can be found there."""
    where = node.args.get("where")
    wanted: dict[int, Demand] = {}
    for part in flat(where.this) if where and isinstance(where.this, exp.And) else ([where.this] if where else []):
        query = part.args.get("query") if isinstance(part, exp.In) else None
        if query is None:
            continue
        columns = scope.relational(query).columns or []
        lefts = part.this.expressions if isinstance(part.this, exp.Tuple) else [part.this]
        demand: dict[str, DaySet] = {}
        for name, left in zip(columns, lefts, strict=False):
            key = scope.conditions.keys.read(left)
            target = scope.resolve(key.column) if key and not key.unit and not key.slack else None
            if key is not None and target is not None and not target.soft:
                days = scope.shop.probed.shift(scope.bound(target.terms[0]), key.shift)
                demand |= {} if days.every else {name: days}
        wanted[id(query)] = demand
    return wanted


def _hidden(query: Relational, scope: Scope, term: Term) -> bool:
    """Whether a name in HAVING or QUALIFY may mean an output of the same name instead of the source's column."""
    for item in query.query.expressions:
        if item.alias.lower() == term[1]:
            inner = item.unalias()
            target = scope.resolve(inner) if isinstance(inner, exp.Column) else None
            return target is None or target.terms != (term,)
    return False


def _own(select: exp.Expr, kind: type[Any]) -> Iterator[Any]:
    """Nodes of a kind in a SELECT's own expressions, not in subqueries."""
    stack = [part for part in _expressions(select) if not isinstance(part, exp.Query)]
    while stack:
        part = stack.pop()
        if isinstance(part, kind):
            yield part
        stack += [inner for inner in part.iter_expressions() if not isinstance(inner, exp.Query)]


def _windowed(call: exp.Expr) -> bool:
    parent = call.parent
    while isinstance(parent, exp.IgnoreNulls | exp.RespectNulls | exp.Filter | exp.WithinGroup):
        parent = parent.parent
    return isinstance(parent, exp.Window)


__all__ = ["Demand", "Place", "Pruner", "subqueries"]
