"""Partition pruning: conditions are pushed down through queries to table scans, which gives the days of each scan.

Conditions on a subquery, CTE or union become a demand: the days of its output columns that its reader needs. A demand may
only pass a SELECT that does not mix the rows of different days (see Grouping); otherwise all days are needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from drawloom.model import Days
from drawloom.sql.clauses import CteNames, is_query
from drawloom.sql.days.column_bounds import ANY_ROW, ColumnBounds, SourceColumn
from drawloom.sql.days.date_parts import WHOLE_DAY
from drawloom.sql.days.day_set import ALL, DaySet, ProbeDays
from drawloom.sql.days.family_pruning import read_arms
from drawloom.sql.days.predicates import ResolvedColumn, flatten_chain
from drawloom.sql.days.query import AnalysisContext, AnalyzedQuery, SelectScope, name_in_arm, name_in_source_query
from drawloom.sql.days.values import parse_time
from drawloom.sql.scope import Cte, JoinTree, Source, sources_of
from drawloom.sql.unread import function_of, table_arguments

RequiredDays = Mapping[str, DaySet]
"""For some output columns of a query, the days that its reader needs; rows of other days have no effect."""


@dataclass(slots=True, eq=False)
class TableScan:
    """One place in a text where a table is read, and the days that are needed there."""

    table: str
    node: exp.Expr
    days: DaySet


class Pruner:
    """Walks queries and collects a scan for every table they read."""

    def __init__(self, context: AnalysisContext) -> None:
        self.context = context
        self.scans: dict[int, TableScan] = {}
        self.seen: set[int] = set()
        self._cte_demands: dict[Cte, list[RequiredDays]] = {}

    def read(self, query: exp.Expr, names: CteNames, outer: SelectScope | None = None) -> None:
        """Collect the scans of a whole query; all its rows matter."""
        self.visit(AnalyzedQuery(self.context, query, names, outer), {})

    def read_parts(self, node: exp.Expr, names: CteNames, tree: JoinTree | None = None) -> None:
        """Collect the scans of a statement with sources and conditions that is not a query: UPDATE, DELETE, MERGE."""
        scope = SelectScope(self.context, node, names, tree=tree)
        self._scope(scope, scope.where(), node)

    def visit(self, query: AnalyzedQuery, demand: RequiredDays) -> None:
        """Collect the scans of a query for those of its rows that matter."""
        if query.limited:
            demand = {name: days for name, days in demand.items() if name == ANY_ROW}
        if query.parts:
            for part, more in zip(query.parts, self._demands_of_arms(query), strict=True):
                own = {name: self._both(demand.get(name, ALL), days) for name, days in more.items()}
                self.visit(part, {name_in_arm(query, part, name): days for name, days in {**demand, **own}.items()})
        elif query.scope is not None:
            self._select(query, query.scope, demand)
        elif is_query(query.query) and isinstance(query.query.this, exp.Expr):
            self._whole_table(query.query, query.query.this, query.names, query.outer)
        else:
            for child in query.query.iter_expressions():
                self._nested(child, query.names, query.outer, {})
        self.visit_ctes(query.ctes)

    def _both(self, left: DaySet, right: DaySet) -> DaySet:
        return self.context.probe_days.intersect(left, right)

    def _demands_of_arms(self, query: AnalyzedQuery) -> list[RequiredDays]:
        """For each arm of INTERSECT or EXCEPT, the days that the other one can have: rows meet on equal columns only."""
        first, *others = query.parts
        names = [name for name in query.columns or [] if name and name != ANY_ROW]
        if len(others) != 1 or not isinstance(query.query, exp.Except | exp.Intersect) or len({*names}) < len(names):
            return [{}] * len(query.parts)
        second = others[0]
        inner = {name: name_in_arm(query, second, name) for name in names}
        sure = [name for name in names if first.is_never_null(name) and second.is_never_null(inner[name])]
        of_second = {name: first.days(name) for name in sure if not first.days(name).is_all}
        of_first = {name: second.days(inner[name]) for name in sure if not second.days(inner[name]).is_all}
        return [of_first if isinstance(query.query, exp.Intersect) else {}, of_second]

    def visit_ctes(self, ctes: list[Cte]) -> None:
        """Collect the scans of CTEs, the last one first: only later CTEs read an earlier one, so its demands are complete."""
        for cte in reversed(ctes):
            demands = self._cte_demands.get(cte, [])
            demand = self._combined_demand(demands) if cte.can_push_down else {}
            self.visit(self.context.cte(cte), demand)

    def _whole_table(self, node: exp.Expr, table: exp.Expr, names: CteNames, outer: SelectScope | None) -> None:
        """PIVOT, UNPIVOT and SUMMARIZE read all of a table."""
        scope = SelectScope(self.context, node, names, outer, self.context.builder.leaf(table, names))
        for source in scope.sources:
            source.opaque = True
        self._scope(scope, ColumnBounds(), node)

    def _combined_demand(self, demands: list[RequiredDays]) -> RequiredDays:
        if not demands:
            return {}
        shared = set.intersection(*(set(demand) for demand in demands))
        return {name: self.context.probe_days.union([demand[name] for demand in demands]) for name in shared}

    def _select(self, query: AnalyzedQuery, scope: SelectScope, demand: RequiredDays) -> None:
        grouping = Grouping(scope, query.query)
        parts = [scope.where()]
        parts += [self._bounds_of_demand(query, scope, grouping, name, days) for name, days in demand.items()]
        for clause in ("having", "qualify"):
            if query.query.args.get(clause):
                parts.append(self._bounds_of_group_filter(scope, grouping, query.query.args[clause].this, query))
        self._scope(scope, scope.solver.all_of(parts), query.query)

    def _scope(self, scope: SelectScope, bounds: ColumnBounds, node: exp.Expr) -> None:
        scope.column_days = scope.bounds_below_joins(bounds)
        for source in scope.sources:
            self._source(scope, source)
        subquery_demands = _in_query_demands(scope, node)
        for part in _expressions(node):
            self._nested(part, scope.names, scope, subquery_demands)

    def _source(self, scope: SelectScope, source: Source) -> None:
        self.seen.add(id(source.node))
        for pivot in source.node.args.get("pivots") or []:
            self._nested(pivot, scope.names, scope, {})
        if source.kind == "table":
            self._table(scope, source)
            return
        query = scope.query(source)
        if query is None:
            if source.query is None:
                self._nested(source.node, scope.names, scope, {})
                self._arguments(source.node, scope.names)
            return
        found = {
            source_column[1]: days for source_column, days in scope.column_days.items() if source_column[0] is source
        }
        demand = {
            name if name == ANY_ROW else name_in_source_query(source, query, name): days for name, days in found.items()
        }
        if source.cte is not None:
            self._cte_demands.setdefault(source.cte, []).append(demand)
        elif source.entry.family is not None:
            for arm in read_arms(scope, source, query):
                self.visit(arm, {name_in_arm(query, arm, name): days for name, days in demand.items()})
        else:
            self.visit(query, demand)

    def _arguments(self, node: exp.Expr, names: CteNames) -> None:
        """The tables that a function in FROM gets as arguments are read, all of each."""
        for table in table_arguments(node) if function_of(node) is not None else ():
            tree = self.context.builder.leaf(table, names)
            for source in sources_of(tree):
                source.opaque = True
            self.read_parts(exp.Tuple(), names, tree)

    def _table(self, scope: SelectScope, source: Source) -> None:
        days = scope.column_days.get((source, ANY_ROW), ALL)
        days = self.context.probe_days.intersect(days, self._partitions(scope, source))
        scan = self.scans.get(id(source.node))
        if scan is not None:
            scan.days = self.context.probe_days.union([scan.days, days])
        else:
            self.scans[id(source.node)] = TableScan(source.table, source.node, days)

    def _partitions(self, scope: SelectScope, source: Source) -> DaySet:
        """The days of a table: those of its first partition key that has a condition, and of its ``days_from`` columns."""
        if source.opaque or not source.keys:
            return ALL
        days = ALL
        for name in source.entry.days_from:
            days = self.context.probe_days.intersect(days, scope.column_days.get((source, name), ALL))
        for key in (WHOLE_DAY, *source.keys):
            found = scope.column_days.get((source, key), ALL)
            if not found.is_all:
                return self.context.probe_days.intersect(days, found)
        return days

    def _bounds_of_demand(
        self, query: AnalyzedQuery, scope: SelectScope, grouping: Grouping, name: str, days: DaySet
    ) -> ColumnBounds:
        """A demand on an output column as bounds of the columns that define it, where it may be pushed down that far."""
        if name == ANY_ROW:
            return ColumnBounds(possible_at=days)
        definition = query.definition(name)
        if isinstance(definition, ResolvedColumn):
            target, bounds = definition, ColumnBounds()
            for source_column in definition.columns:
                (bounds.nullable if definition.nullable else bounds.days)[source_column] = days
        else:
            key = scope.predicates.keys.read(definition)
            found = scope.resolve(key.column) if key and key.is_day else None
            if key is None or found is None:
                return ColumnBounds()
            target, bounds = found, scope.predicates.bounds_from_days(found, key, days)
        own = all(source_column[0] in scope.sources for source_column in target.columns)
        return bounds if own and grouping.can_push_down(target.columns) else ColumnBounds()

    def _bounds_of_group_filter(
        self, scope: SelectScope, grouping: Grouping, condition: exp.Expr, query: AnalyzedQuery
    ) -> ColumnBounds:
        """The bounds that HAVING or QUALIFY put on columns that are the same in a whole group."""
        bounds = scope.predicates.bounds(condition)
        kept = ColumnBounds()
        for source_column, days in bounds.days.items():
            if grouping.can_push_down((source_column,)) and not _is_shadowed(query, scope, source_column):
                kept.days[source_column] = days
        return kept

    def _nested(
        self, node: exp.Expr, names: CteNames, outer: SelectScope | None, subquery_demands: Mapping[int, RequiredDays]
    ) -> None:
        for query in subqueries(node):
            if outer is not None and names is outer.names:
                self.visit(outer.subquery(query), subquery_demands.get(id(query), {}))
            else:
                self.visit(AnalyzedQuery(self.context, query, names, outer), {})


class Grouping:
    """Whether a SELECT keeps days apart: no limit, window, group or DISTINCT ON mixes rows of different days."""

    def __init__(self, scope: SelectScope, select: exp.Expr) -> None:
        self.scope = scope
        self.select = select
        self._groups: list[set[SourceColumn]] | None = None

    def can_push_down(self, columns: tuple[SourceColumn, ...]) -> bool:
        """Whether rows with other values of these columns can be left out without changing the remaining ones."""
        if self._groups is None:
            self._groups = list(self._find_groups())
        return all(source_column in group for group in self._groups for source_column in columns)

    def _find_groups(self) -> Iterator[set[SourceColumn]]:
        """For each clause that combines rows, the columns that it groups by; an empty set where it combines all rows."""
        args = self.select.args
        if args.get("limit") or args.get("offset") or args.get("match") or args.get("connect") or args.get("sample"):
            yield set()
        distinct = args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            yield self._columns(distinct.args["on"].expressions)
        for window in _nodes_outside_subqueries(self.select, exp.Window):
            if window.parent is None or not isinstance(window.parent, exp.Select) or window.arg_key != "windows":
                yield self._columns(self._partition(window))
        group = args.get("group")
        if group is not None:
            yield self._grouped(group)
        elif any(not _windowed(call) for call in _nodes_outside_subqueries(self.select, exp.AggFunc)):
            yield set()

    def _grouped(self, group: exp.Expr) -> set[SourceColumn]:
        if any(group.args.get(name) for name in ("rollup", "cube", "grouping_sets", "totals")):
            return set()
        outputs = self.select.expressions
        if group.args.get("all"):
            return self._columns([item for item in outputs if not any(True for _ in item.find_all(exp.AggFunc))])
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
        return self._columns(items)

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

    def _columns(self, items: list[exp.Expr]) -> set[SourceColumn]:
        columns: set[SourceColumn] = set()
        for item in items:
            key = self.scope.predicates.keys.read(item)
            target = self.scope.resolve(key.column) if key and key.is_day else None
            if target is not None and not target.nullable:
                columns |= set(target.columns)
        return columns


def subqueries(node: exp.Expr) -> Iterator[exp.Expr]:
    """The outermost queries in an expression, the expression itself if it is one."""
    stack: list[Any] = [node]
    while stack:
        part = stack.pop()
        if is_query(part) or (isinstance(part, exp.Values) and isinstance(part.parent, exp.Subquery)):
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


def _in_query_demands(scope: SelectScope, node: exp.Expr) -> dict[int, RequiredDays]:
    """For each ``columns IN (query)`` that WHERE requires, the days of the columns, which bound the query's rows."""
    where = node.args.get("where")
    subquery_demands: dict[int, RequiredDays] = {}
    for part in (
        flatten_chain(where.this) if where and isinstance(where.this, exp.And) else ([where.this] if where else [])
    ):
        query = part.args.get("query") if isinstance(part, exp.In) else None
        if query is None:
            continue
        columns = scope.subquery(query).columns or []
        lefts = part.this.expressions if isinstance(part.this, exp.Tuple) else [part.this]
        demand: dict[str, DaySet] = {}
        for name, left in zip(columns, lefts, strict=False):
            key = scope.predicates.keys.read(left)
            target = scope.resolve(key.column) if key and key.is_day else None
            if key is not None and target is not None and not target.nullable:
                days = scope.context.probe_days.shift(scope.bound(target.columns[0]), key.shift)
                demand |= {} if days.is_all else {name: days}
        subquery_demands[id(query)] = demand
    return subquery_demands


def _is_shadowed(query: AnalyzedQuery, scope: SelectScope, source_column: SourceColumn) -> bool:
    """Whether a name in HAVING or QUALIFY may mean an output of the same name instead of the source's column."""
    for item in query.query.expressions:
        if item.alias.lower() == source_column[1]:
            inner = item.unalias()
            target = scope.resolve(inner) if isinstance(inner, exp.Column) else None
            return target is None or target.columns != (source_column,)
    return False


def _nodes_outside_subqueries(select: exp.Expr, kind: type[Any]) -> Iterator[Any]:
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


_DAY_IN_NAME = re.compile(r"(?<!\d)(\d{4})([-_]?)(\d{2})\2(\d{2})(?!\d)")


def merge_date_shards(scans: Sequence[Sequence[TableScan]], probe_days: Sequence[ProbeDays]) -> None:
    """Rename the scans of date-sharded tables, ``events_20240717`` to ``events_*``, and narrow their days to that day.

    Args:
        scans: for each variant of a text the tables it reads; they are changed.
        probe_days: the runs of each variant.
    """
    if len(scans) < 2:
        return
    common = set.intersection(*({scan.table for scan in some} for some in scans))
    for some, runs in zip(scans, probe_days, strict=True):
        for scan in some:
            found = _DAY_IN_NAME.search(scan.table) if scan.table not in common else None
            day = parse_time("-".join(found.group(1, 3, 4))) if found else None
            if found is not None and day is not None:
                scan.table = f"{scan.table[: found.start()]}*{scan.table[found.end() :]}"
                scan.days = runs.intersect(scan.days, DaySet(dates=Days.of(day.toordinal())))
