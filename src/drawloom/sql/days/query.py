"""Queries and their scopes: name resolution, output columns, and the days that those can have."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlglot import exp

from drawloom.sql.clauses import (
    CteNames,
    arms,
    excluded_columns,
    has_limit,
    is_star,
    star_list,
    values_columns,
    visible_ctes,
)
from drawloom.sql.days.column_bounds import ANY_ROW, BoundsSolver, ColumnBounds, SourceColumn
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.day_set import ALL, DaySet, Grain, ProbeDays, days_allowed
from drawloom.sql.days.forms import Form, form_of_constant, form_of_type
from drawloom.sql.days.joins import JoinBounds
from drawloom.sql.days.predicates import PredicateReader, ResolvedColumn
from drawloom.sql.days.series import days_of_series, names_of_series
from drawloom.sql.days.values import PerProbe, Value, parse_time
from drawloom.sql.scope import Cte, JoinTree, Source, SourceBuilder, grain_of, sources_of

# Aggregates that return one of their input values.
_KEEPS_DAYS = (exp.Max, exp.Min, exp.AnyValue, exp.First, exp.Last)


@dataclass(frozen=True, slots=True)
class AnalysisContext:
    """Shared by all scopes of one text: constants, probe days, the catalog, and the analyzed CTEs."""

    constants: ConstantFolder
    probe_days: ProbeDays
    builder: SourceBuilder
    ctes: dict[Cte, AnalyzedQuery] = field(default_factory=dict)

    def cte(self, cte: Cte) -> AnalyzedQuery:
        """The query of a CTE, the same one wherever its name is used."""
        if cte not in self.ctes:
            self.ctes[cte] = AnalyzedQuery(self, cte.query, cte.names, None, cte)
        return self.ctes[cte]


class SelectScope:
    """One SELECT: its sources, the columns that its names refer to, and the days that its conditions allow.

    ``outer`` is the scope around a correlated subquery.
    """

    def __init__(
        self,
        context: AnalysisContext,
        node: exp.Expr,
        names: CteNames,
        outer: SelectScope | None = None,
        tree: JoinTree | None = None,
    ) -> None:
        self.context = context
        self.node = node
        self.names = names
        self.outer = outer
        self.tree = tree or context.builder.tree(node, names)
        self.sources = list(sources_of(self.tree))
        self.solver = BoundsSolver(context.probe_days, self.inherited_days, self.holds_days)
        self.predicates = PredicateReader(context.constants, context.probe_days, self.solver, self)
        self.joins = JoinBounds(self.solver, self.predicates, self.has)
        self.column_days: dict[SourceColumn, DaySet] = {}
        self._queries: dict[int, AnalyzedQuery] = {}
        self._own_days: dict[SourceColumn, DaySet] | None = None
        self._where: ColumnBounds | None = None

    def resolve(self, column: exp.Column | exp.Coalesce) -> ResolvedColumn | None:
        """The source column that a name refers to, in this scope or else in an outer one; None where it is not certain.

        For ``coalesce(a.ds, b.ds)``, these columns where joins made them equal, as a FULL JOIN with USING does.
        """
        if isinstance(column, exp.Coalesce):
            return self._coalesced([column.this, *column.expressions])
        name = column.name.lower()
        prefix = column.table.lower()
        if prefix:
            source = self._qualified(column, prefix)
            return source and ResolvedColumn(((source, name),))
        using_columns = self.joins.using_columns(self.tree).get(name)
        if using_columns is not None:
            if not using_columns[0]:
                return None
            return ResolvedColumn(tuple((source, name) for source in using_columns[0]), nullable=using_columns[1])
        candidates = [(source, self.has(source, name)) for source in self.sources]
        certain = [source for source, has in candidates if has]
        possible = [source for source, has in candidates if has is None]
        for some in (certain, possible):
            if len(some) == 1:
                return ResolvedColumn(((some[0], name),))
            if some:
                return None
        return self.outer.resolve(column) if self.outer else None

    def is_never_null(self, source_column: SourceColumn) -> bool:
        """Whether every row has a day in this column, for certain: a table's key that no outer join leaves out."""
        source, name = source_column
        if source not in self.sources or source.opaque or source in self.joins.sources_left_out(self.tree):
            return False
        query = self.query(source)
        if query is None:
            return source.kind == "table" and name in source.keys
        return query.is_never_null(name_in_source_query(source, query, name))

    def _coalesced(self, parts: list[exp.Expr]) -> ResolvedColumn | None:
        columns = [part for part in parts if isinstance(part, exp.Column)]
        found = [self.resolve(column) for column in columns]
        if len(columns) < len(parts):
            first = found[0]
            sure = first is not None and len(first.columns) == 1 and self.is_never_null(first.columns[0])
            return first if sure and columns[0] is parts[0] else None
        if not all(one is not None and len(one.columns) == 1 and one.columns[0][0] in self.sources for one in found):
            return None
        members = tuple(one.columns[0] for one in found if one is not None)
        return ResolvedColumn(members, nullable=True) if self.joins.are_merged(self.tree, members) else None

    def _qualified(self, column: exp.Column, prefix: str) -> Any:
        scope: SelectScope | None = self
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
        """Whether a source has a column of that name; None where that is not known."""
        if source.columns is not None:
            # The one column of UNNEST may be a struct, whose fields can be named alone on some engines.
            return True if name in source.columns else (None if source.kind == "rows" else False)
        if source.kind == "table":
            if source.entry.columns:
                return name in source.entry.columns or name in source.keys
            builder = self.context.builder
            if name in builder.pseudo_columns or (source.entry.keys is not None and name in builder.keys):
                return name in source.keys
            return True if name in source.keys or name in source.entry.days_from else None
        query = self.query(source)
        has = query.has(name) if query else None
        return has or None if source.node.args.get("pivots") else has

    def grain(self, source_column: SourceColumn) -> Grain:
        """Whether a column holds days, times of days, or either."""
        source, name = source_column
        if source.kind == "table":
            return grain_of(source, name)
        query = self.query(source)
        return query.grain(name_in_source_query(source, query, name)) if query else "any"

    def slack(self, source_column: SourceColumn) -> int:
        """The days by which a session's time zone may move a column away from its partition."""
        source, name = source_column
        kind = source.entry.columns.get(name, "").upper() if source.kind == "table" else ""
        return int(kind.endswith(("TZ", "WITH TIME ZONE")))

    def form(self, source_column: SourceColumn) -> Form | None:
        """How a column holds its days; None where that is not known."""
        source, name = source_column
        if source.kind == "table":
            return form_of_type(source.entry.columns.get(name, ""))
        query = self.query(source)
        return query.form(name_in_source_query(source, query, name)) if query else None

    def holds_days(self, source_column: SourceColumn) -> bool:
        """Whether every value of a column is a day or a time: by its type, or as the day's key of a table."""
        source, name = source_column
        if source.kind == "table":
            form = form_of_type(source.entry.columns.get(name, ""))
            is_key = name in (*source.keys[:1], *source.entry.days_from)
            return is_key or (form is not None and form.kind in ("date", "time"))
        query = self.query(source)
        return query is not None and query.holds_days(name_in_source_query(source, query, name))

    def inherited_days(self, source_column: SourceColumn) -> DaySet:
        """The days of a column that are known from outside this SELECT: from the subquery it comes from, or the outer row."""
        source, name = source_column
        if source in self.sources and source.kind == "rows":
            return self._days_of_series(source, name)
        if source in self.sources:
            query = None if source.opaque else self.query(source)
            return query.days(name_in_source_query(source, query, name)) if query else ALL
        scope = self.outer
        while scope and source not in scope.sources:
            scope = scope.outer
        return scope.bound(source_column) if scope else ALL

    def _days_of_series(self, source: Source, name: str) -> DaySet:
        """The days of the one column of a series of days."""
        own = source.columns[:1] if source.columns else names_of_series(source.alias)
        return days_of_series(source.node, self.context.constants, self.context.probe_days) if name in own else ALL

    def bound(self, source_column: SourceColumn) -> DaySet:
        """The days a column of this scope can have in the rows that matter."""
        return self.context.probe_days.intersect(
            self.column_days.get(source_column, ALL), self.inherited_days(source_column)
        )

    def subquery_days(self, query: exp.Expr, position: int = 0) -> DaySet:
        """The days that a subquery's output column can have."""
        return self.subquery(query).days_at(position)

    def subquery_form(self, query: exp.Expr, position: int = 0) -> Form | None:
        """How a subquery's output column holds its days."""
        return self.subquery(query).form_at(position)

    def query(self, source: Source) -> AnalyzedQuery | None:
        """A source's query; None for a table, and for a recursive CTE inside itself."""
        if source.query is None:
            return None
        if source.cte is not None:
            return None if is_inside(self, source.cte) else self.context.cte(source.cte)
        if id(source) not in self._queries:
            outer = self if source.lateral else self.outer
            self._queries[id(source)] = AnalyzedQuery(self.context, source.query, self.names, outer)
        return self._queries[id(source)]

    def subquery(self, query: exp.Expr) -> AnalyzedQuery:
        """A subquery in an expression of this scope."""
        if id(query) not in self._queries:
            self._queries[id(query)] = AnalyzedQuery(self.context, query, self.names, self)
        return self._queries[id(query)]

    def where(self) -> ColumnBounds:
        """The bounds of the WHERE clause."""
        if self._where is None:
            where = self.node.args.get("where")
            # With these, WHERE comes after rows were matched or followed from one to the next.
            matches = self.node.args.get("match") or self.node.args.get("connect")
            self._where = self.predicates.bounds(where.this) if where and not matches else ColumnBounds()
        return self._where

    def bounds_below_joins(self, bounds: ColumnBounds) -> dict[SourceColumn, DaySet]:
        """The days of each column of each source in rows that matter, where the bounds hold after all joins."""
        return self.joins.bounds_below_joins(self.tree, bounds)

    def own_days(self) -> dict[SourceColumn, DaySet]:
        """The days that this SELECT's WHERE and joins allow for each source column."""
        if self._own_days is None:
            self._own_days = {}
            self._own_days = self.bounds_below_joins(self.where())
        return self._own_days


class AnalyzedQuery:
    """A query, which is a SELECT or a set operation of several, with its output columns."""

    def __init__(
        self,
        context: AnalysisContext,
        query: exp.Expr,
        names: CteNames,
        outer: SelectScope | None = None,
        cte: Cte | None = None,
    ) -> None:
        self.context = context
        self.outer = outer
        self.cte = cte
        self.ctes: list[Cte] = []
        self.names = visible_ctes(query, names, self.ctes)
        self.limited = False
        while isinstance(query, exp.Subquery | exp.Paren):
            self.limited = self.limited or has_limit(query)
            query = query.this
            self.names = visible_ctes(query, self.names, self.ctes)
        self.query = query
        self.limited = self.limited or has_limit(query)
        self.arms = list(arms(self.query))
        self.scope: SelectScope | None = None
        if isinstance(self.query, exp.Select):
            self.scope = SelectScope(context, self.query, self.names, outer)
        self.parts = (
            [] if len(self.arms) < 2 else [AnalyzedQuery(context, arm, self.names, outer, cte) for arm in self.arms]
        )
        self.columns: list[str] | None = self.parts[0].columns if self.parts else self._find_columns()
        outputs = self.query.expressions
        self._stars = [item for item in outputs if is_star(item)]
        self._named_outputs: dict[str, exp.Expr] = {
            item.alias_or_name.lower(): item for item in reversed(outputs) if not is_star(item)
        }
        self._days: dict[str, DaySet] = {}
        self._grains: dict[str, Grain] = {}
        self._forms: dict[str, Form | None] = {}
        self._day_columns: dict[str, bool] = {}
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

    def _star_names(self, scope: SelectScope, star: exp.Expr) -> list[str] | None:
        """The columns that a star expands to, in their order; None where that is not certain."""
        if scope.joins.using_columns(scope.tree) or star_list(star, "rename"):
            return None
        names: list[str] = []
        for source in self.star_sources(star):
            query = scope.query(source)
            some = source.columns or (query.columns if query else None)
            if some is None or source.opaque:
                return None
            names += [name for name in some if name not in excluded_columns(star)]
        return names

    def has(self, name: str) -> bool | None:
        """Whether the query has an output column of that name; None where that is not known."""
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
        if name in self._named_outputs:
            return True
        candidates = [self._star_has(star, name) for star in self._stars]
        return True if True in candidates else (None if None in candidates else False)

    def _star_has(self, star: exp.Expr, name: str) -> bool | None:
        if name in excluded_columns(star):
            return False
        if self.scope is None:
            return None
        candidates = [self.scope.has(source, name) for source in self.star_sources(star)]
        return True if True in candidates else (None if None in candidates else False)

    def definition(self, name: str) -> exp.Expr | ResolvedColumn | None:
        """What defines an output column: an expression, or (through a star) the column of a source."""
        if self.scope is None:
            return None
        explicit = self._named_outputs.get(name)
        if explicit is not None:
            return explicit
        for star in self._stars:
            replaced: dict[str, exp.Expr] = {item.alias.lower(): item.this for item in star_list(star, "replace")}
            if name in replaced:
                return replaced[name]
            if star_list(star, "rename"):
                return None
        return self._through_star(self.scope, name)

    def _through_star(self, scope: SelectScope, name: str) -> ResolvedColumn | None:
        found = [s for star in self._stars if name not in excluded_columns(star) for s in self.star_sources(star)]
        candidates = [(source, scope.has(source, name)) for source in found]
        some = [source for source, has in candidates if has] or [source for source, has in candidates if has is None]
        if len(some) == 1 and name not in scope.joins.using_columns(scope.tree):
            return ResolvedColumn(((some[0], name),))
        using_columns = scope.resolve(exp.column(name))
        return (
            using_columns
            if using_columns is not None and all(source_column[0] in found for source_column in using_columns.columns)
            else None
        )

    def grain(self, name: str) -> Grain:
        """Whether an output column holds days, times of days, or either."""
        if name not in self._grains:
            self._grains[name] = "any"
            self._grains[name] = self._find_grain(name)
        return self._grains[name]

    def _find_grain(self, name: str) -> Grain:
        if self.parts:
            grains = {part.grain(name_in_arm(self, part, name)) for part in self.parts}
            return grains.pop() if len(grains) == 1 else "any"
        definition = self.definition(name)
        if isinstance(definition, ResolvedColumn) and self.scope:
            return self.scope.grain(definition.columns[0])
        return self._expression_grain(definition)

    def _expression_grain(self, node: Any) -> Grain:
        if node is None or self.scope is None:
            return "any"
        key = self.scope.predicates.keys.read(node.this if isinstance(node, _KEEPS_DAYS) else node)
        if key is None:
            return grain_of_constant(self.context.constants.fold(node))
        target = self.scope.resolve(key.column)
        return key.grain or (self.scope.grain(target.columns[0]) if target else "any")

    def holds_days(self, name: str) -> bool:
        """Whether every value of an output column is a day or a time."""
        if name not in self._day_columns:
            self._day_columns[name] = False
            self._day_columns[name] = self._find_holds_days(name)
        return self._day_columns[name]

    def _find_holds_days(self, name: str) -> bool:
        if self.parts:
            return all(part.holds_days(name_in_arm(self, part, name)) for part in self.parts)
        definition = self.definition(name)
        if isinstance(definition, ResolvedColumn) and self.scope:
            return self.scope.holds_days(definition.columns[0])
        form = self._expression_form(definition)
        return form is not None and form.kind in ("date", "time")

    def form(self, name: str) -> Form | None:
        """How an output column holds its days; None where that is not known."""
        if name not in self._forms:
            self._forms[name] = None
            self._forms[name] = self._find_form(name)
        return self._forms[name]

    def form_at(self, position: int) -> Form | None:
        """How the output column at a position holds its days."""
        columns = self.columns
        if columns and position < len(columns) and columns[position]:
            return self.form(columns[position])
        items = self.query.expressions if self.scope is not None else []
        return self._expression_form(items[position]) if position < len(items) else None

    def _find_form(self, name: str) -> Form | None:
        if self.parts:
            forms = {part.form(name_in_arm(self, part, name)) for part in self.parts}
            plain = all(form is None or form.is_ordered_like(None) for form in forms)
            return forms.pop() if len(forms) == 1 else None if plain else Form("other")
        definition = self.definition(name)
        if isinstance(definition, ResolvedColumn) and self.scope:
            return self.scope.form(definition.columns[0])
        return self._expression_form(definition)

    def _expression_form(self, node: Any) -> Form | None:
        if node is None or self.scope is None:
            return None
        node = node.this if isinstance(node, exp.Alias) else node
        key = self.scope.predicates.keys.read(node.this if isinstance(node, _KEEPS_DAYS) else node)
        if key is None:
            return form_of_constant(self.context.constants.fold(node))
        target = self.scope.resolve(key.column)
        form = self.scope.predicates.form_of(key, target) if target else key.form
        return form if form is None or form.tells_the_day else Form("other")

    def days(self, name: str) -> DaySet:
        """The days that an output column can have, where it is not NULL."""
        if name not in self._days:
            self._days[name] = ALL
            self._days[name] = self._find_days(name)
        return self._days[name]

    def days_at(self, position: int) -> DaySet:
        """The days that the output column at a position can have."""
        columns = self.columns
        return (
            self.days(columns[position])
            if columns and position < len(columns) and columns[position]
            else self._unnamed_days_at(position)
        )

    def _unnamed_days_at(self, position: int) -> DaySet:
        if self.scope is None or position >= len(self.query.expressions) or self.columns is None:
            return ALL
        return self._expression_days(self.query.expressions[position])

    def _find_days(self, name: str) -> DaySet:
        if self.parts:
            return self.context.probe_days.union([part.days(name_in_arm(self, part, name)) for part in self.parts])
        if self.scope is None:
            return _values_days(self, name)
        definition = self.definition(name)
        if isinstance(definition, ResolvedColumn):
            return self._source_column_days(definition.columns[0]) if len(definition.columns) == 1 else ALL
        return self._expression_days(definition)

    def _expression_days(self, node: Any) -> DaySet:
        if node is None or self.scope is None:
            return ALL
        node = node.this if isinstance(node, exp.Alias) else node
        key = self.scope.predicates.keys.read(node.this if isinstance(node, _KEEPS_DAYS) else node)
        if key is not None:
            target = self.scope.resolve(key.column)
            if target is None or len(target.columns) != 1 or not key.is_day:
                return ALL
            return self.context.probe_days.shift(self._source_column_days(target.columns[0]), key.shift)
        if isinstance(node, exp.Subquery):
            return self.scope.subquery_days(node)
        series = days_of_series(node, self.context.constants, self.context.probe_days)
        if not series.is_all:
            return series
        return self.context.probe_days.days_where(
            lambda value: days_allowed("=", value, "day"), self.context.constants.fold(node)
        )

    def _source_column_days(self, source_column: SourceColumn) -> DaySet:
        if self.scope is None or source_column[0] not in self.scope.sources:
            return ALL
        return self.context.probe_days.intersect(
            self.scope.own_days().get(source_column, ALL), self.scope.inherited_days(source_column)
        )

    def is_never_null(self, name: str) -> bool:
        """Whether every row has a day in an output column, for certain: a table's key that no outer join leaves out."""
        if self.parts:
            return all(part.is_never_null(name_in_arm(self, part, name)) for part in self.parts)
        definition = self.definition(name) if self.scope else None
        if self.scope is None or definition is None:
            return False
        if not isinstance(definition, ResolvedColumn):
            key = self.scope.predicates.keys.read(definition)
            found = self.scope.resolve(key.column) if key and key.is_day and not _may_become_null(definition) else None
            if found is None:
                return False
            definition = found
        return (
            not definition.nullable and len(definition.columns) == 1 and self.scope.is_never_null(definition.columns[0])
        )

    def star_sources(self, star: exp.Expr) -> list[Source]:
        """The sources whose columns a star selects."""
        if self.scope is None:
            return []
        table = star.table.lower() if isinstance(star, exp.Column) else ""
        return [source for source in self.scope.sources if not table or source.alias == table]


def grain_of_constant(value: Value) -> Grain:
    """Whether a constant is a day or a midnight at every probe day."""
    each = value if type(value) is PerProbe else [value]
    moments = [parse_time(one) if isinstance(one, str) else one for one in each]
    if not all(isinstance(moment, date) for moment in moments):
        return "any"
    is_text = any(isinstance(one, str) for one in each)
    times = [moment for moment in moments if isinstance(moment, datetime)]
    if not times or (not is_text and all(moment.time() == time() for moment in times)):
        return "day"
    return "any" if is_text else "time"


def _may_become_null(node: exp.Expr) -> bool:
    """Whether an expression of a key may be NULL where the key is not."""
    return any(True for _ in node.find_all(exp.Nullif, exp.TryCast, exp.StrToDate, exp.StrToTime, exp.TsOrDsToDate))


def _values_days(query: AnalyzedQuery, name: str) -> DaySet:
    columns = query.columns
    if not isinstance(query.query, exp.Values) or not columns or name not in columns:
        return ALL
    position, context = columns.index(name), query.context
    rows = [row.expressions[position] for row in query.query.expressions if len(row.expressions) > position]
    days = [
        context.probe_days.days_where(lambda v: days_allowed("=", v, "day"), context.constants.fold(row))
        for row in rows[:1000]
    ]
    return context.probe_days.union(days) if len(days) == len(query.query.expressions) else ALL


def is_inside(scope: SelectScope, cte: Cte) -> bool:
    """Whether the scope is a part of the CTE's own query, as in a recursive one."""
    node: exp.Expr | None = scope.node
    while node is not None:
        if node is cte.query:
            return True
        node = node.parent
    return False


def name_in_arm(whole: AnalyzedQuery, part: AnalyzedQuery, name: str) -> str:
    """The name in one arm of a UNION for an output column, which has the first arm's name; matched by position."""
    first, columns = whole.columns, part.columns
    if name == ANY_ROW or first is None or columns is None or name not in first or whole.query.args.get("by_name"):
        return name
    position = first.index(name)
    return columns[position] if position < len(columns) else name


def name_in_source_query(source: Source, query: AnalyzedQuery | None, name: str) -> str:
    """The query's own name for a column that the FROM renamed: ``(SELECT ds FROM t) AS q(day)``."""
    inner = query.columns if query else None
    if source.columns is None or inner is None or name not in source.columns:
        return name if source.columns is None else ""
    position = source.columns.index(name)
    return inner[position] if position < len(inner) else ""
