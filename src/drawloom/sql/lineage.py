"""Column lineage: which columns of which tables each output column is computed from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from drawloom.sql.clauses import is_star, visible_ctes
from drawloom.sql.column_lineage import ColumnLineage, ColumnOrigin
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.day_set import ProbeDays
from drawloom.sql.days.family_pruning import read_arms
from drawloom.sql.days.partition_pruning import subqueries
from drawloom.sql.days.predicates import ResolvedColumn
from drawloom.sql.days.query import AnalysisContext, AnalyzedQuery, SelectScope, name_in_arm, name_in_source_query
from drawloom.sql.effects import ScriptEffects
from drawloom.sql.recursion import with_deep_stack
from drawloom.sql.scope import Cte, Source, SourceBuilder
from drawloom.sql.script import Script

Use = Literal["copied", "transformed", "counted"]
Origins = frozenset[tuple[str, Use]]  # schema.table.column, and what becomes of its values
_NONE: Origins = frozenset()
_UNSURE: Origins = frozenset({("", "transformed")})  # a column that cannot be told
_ROW_CLAUSES = ("where", "group", "having", "qualify", "start", "connect", "distinct")


def lineage(script: Script) -> dict[str, list[str]]:
    """Output columns of the script's last query, each with the ``schema.table.column`` names it comes from, sorted.

    A star over a table whose columns are not known gives the output ``*``. A text that is nested too deep gives an empty mapping.
    """
    try:
        return with_deep_stack(lambda: _lineage(script))
    except RecursionError:
        return {}


def column_lineage(script: Script) -> ColumnLineage:
    """As ``lineage``, with how each column is used, and why what is missing is not known."""
    try:
        return with_deep_stack(lambda: _column_lineage(script))
    except RecursionError:
        return ColumnLineage(unknown=("The text is nested too deep to follow its columns.",))


def _lineage(script: Script) -> dict[str, list[str]]:
    return {name: [origin for origin, _ in _uses(found)] for name, found in _outputs(script)[0].items()}


def _column_lineage(script: Script) -> ColumnLineage:
    outputs, query = _outputs(script)
    if query is None:
        return ColumnLineage(unknown=("The text has no SELECT whose columns could be followed.",))
    origins = [
        ColumnOrigin(name, origin, "copied" if uses == {"copied"} else "transformed", uses == {"counted"})
        for name, found in outputs.items()
        for origin, uses in _uses(found)
    ]
    filters = tuple(origin for origin, _ in _uses(_Tracer().filters(query)))
    unsure = tuple(name for name, found in outputs.items() if found >= _UNSURE)
    return ColumnLineage(tuple(outputs), tuple(origins), filters, tuple(_unknown(origins)), unsure)


def _uses(found: Origins) -> list[tuple[str, set[Use]]]:
    """Each origin once, in order, without what cannot be told."""
    uses: dict[str, set[Use]] = {}
    for origin, use in sorted(found - _UNSURE):
        uses.setdefault(origin, set()).add(use)
    return list(uses.items())


def _unknown(origins: Sequence[ColumnOrigin]) -> Iterator[str]:
    for table in dict.fromkeys(one.origin.removesuffix(".*") for one in origins if one.origin.endswith(".*")):
        yield f"SELECT * takes all columns of {table}, which are not known here: name the columns, or declare them."


def _outputs(script: Script) -> tuple[dict[str, Origins], AnalyzedQuery | None]:
    """The origins of the output columns of the script's last query, and the query."""
    builder = SourceBuilder(script.catalog, script.keys, script.dialect, script.rendered)
    context = AnalysisContext(ConstantFolder(script.dialect, script.rendered.text), ProbeDays([script.day]), builder)
    effects = ScriptEffects(context)
    effects.run(script.statements)
    for statement in reversed(script.statements):
        query = _query(statement)
        if query is None:
            continue
        made: list[Cte] = []
        names = visible_ctes(statement, effects.names, made) if query is not statement else effects.names
        analyzed = AnalyzedQuery(context, query, names)
        found = _Tracer().outputs(analyzed)
        renamed = _schema_names(statement)
        return dict(zip([*renamed, *list(found)[len(renamed) :]], found.values(), strict=False)), analyzed
    return {}, None


def _query(statement: exp.Expr) -> exp.Expr | None:
    if isinstance(statement, exp.Query):
        return statement
    if isinstance(statement, exp.Insert | exp.Create) and isinstance(statement.expression, exp.Query):
        return statement.expression
    if isinstance(statement, exp.MultitableInserts):
        return next((one.expression for one in statement.expressions if isinstance(one, exp.Insert)), None)
    return None


def _schema_names(statement: exp.Expr) -> list[str]:
    target = statement.this if isinstance(statement, exp.Insert | exp.Create) else None
    return [item.name.lower() for item in target.expressions] if isinstance(target, exp.Schema) else []


class _Tracer:
    """Follows columns through queries to the tables they come from."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Origins] = {}
        self._filtered: set[int] = set()
        self._named_items: set[int] = set()

    def outputs(self, query: AnalyzedQuery) -> dict[str, Origins]:
        """All output columns of a query in their order."""
        if query.parts:
            return {name: self.column(query, name) for name in self.outputs(query.parts[0])}
        if query.scope is None:
            return dict.fromkeys(query.columns or [], _NONE)
        found: dict[str, Origins] = {}
        for index, item in enumerate(query.query.expressions):
            if is_star(item):
                found |= self._star(query, query.scope, item)
            else:
                name = item.alias_or_name.lower() or f"_{index}"
                found[name] = self._expression(query.scope, item)
        return found

    def column(self, query: AnalyzedQuery, name: str) -> Origins:
        """One output column of a query."""
        key = (id(query), name)
        if key not in self._known:
            self._known[key] = _NONE
            self._known[key] = self._find(query, name)
        return self._known[key]

    def filters(self, query: AnalyzedQuery) -> Origins:
        """The columns that decide which rows a query has, those of all queries in it included."""
        if id(query) in self._filtered:
            return _NONE
        self._filtered.add(id(query))
        if query.parts:
            return _NONE.union(*(self.filters(part) for part in query.parts))
        return _NONE if query.scope is None else self._row_columns(query.scope)

    def _row_columns(self, scope: SelectScope) -> Origins:
        select = scope.node
        clauses = [node for key in _ROW_CLAUSES if isinstance(node := select.args.get(key), exp.Expr)]
        joins = select.args.get("joins") or []
        found = [self._expression(scope, one) for one in (*clauses, *(join.args.get("on") for join in joins)) if one]
        for name in {item.name for join in joins for item in join.args.get("using") or []}:
            found += [self._source_column_origins(scope, one, name) for one in scope.sources if scope.has(one, name)]
        inner = [query for source in scope.sources if (query := scope.query(source)) is not None]
        parts = (*select.expressions, *clauses)
        inner += [scope.subquery(one) for part in parts for one in subqueries(part)]
        return _NONE.union(*found, *(self.filters(one) for one in inner))

    def _find(self, query: AnalyzedQuery, name: str) -> Origins:
        if query.parts:
            return _NONE.union(*(self.column(part, name_in_arm(query, part, name)) for part in query.parts))
        definition = query.definition(name)
        if query.scope is None or definition is None:
            return _NONE
        if isinstance(definition, ResolvedColumn):
            return _NONE.union(
                *(self._source_column_origins(query.scope, *source_column) for source_column in definition.columns)
            )
        return self._expression(query.scope, definition)

    def _expression(self, scope: SelectScope, node: exp.Expr) -> Origins:
        found: list[Origins] = []
        for column, is_counted in _columns(node):
            origins = self._column_origins(scope, column)
            found.append(_counted(origins - _UNSURE) if is_counted else origins)
        for inner in subqueries(node):
            found += self.outputs(scope.subquery(inner)).values()
        if node.find(exp.Columns):
            found.append(_UNSURE)
        origins = _NONE.union(*found)
        return origins if isinstance(_without_names(node), exp.Column) else _changed(origins)

    def _column_origins(self, scope: SelectScope, column: exp.Column) -> Origins:
        """Of a column by its name, of an item before it in the SELECT, or of a field: ``address.zip`` may be of one."""
        if (target := scope.resolve(column)) is not None:
            return _NONE.union(*(self._source_column_origins(scope, *one) for one in target.columns))
        for item in () if column.table else scope.node.expressions:
            if item.alias.lower() == column.name.lower() and id(item) not in self._named_items:
                self._named_items.add(id(item))
                found = self._expression(scope, item)
                self._named_items.discard(id(item))
                return found
        qualifiers = [part for part in column.parts[:-1] if isinstance(part, exp.Identifier)]
        return _changed(self._column_origins(scope, exp.column(*reversed(qualifiers)))) if qualifiers else _UNSURE

    def _source_column_origins(self, scope: SelectScope, source: Source, name: str) -> Origins:
        made = pivots_of(source)
        if name in made.new:
            return _changed(_NONE.union(*(self._before_pivot(scope, source, used) for used in made.used)))
        return self._before_pivot(scope, source, name)

    def _before_pivot(self, scope: SelectScope, source: Source, name: str) -> Origins:
        if source.kind == "table":
            return frozenset({(f"{source.table}.{name}", "copied")})
        owner: SelectScope | None = scope
        while owner is not None and source not in owner.sources:
            owner = owner.outer
        query = owner.query(source) if owner is not None else None
        if owner is not None and query is not None and source.entry.family is not None:
            inside = name_in_source_query(source, query, name)
            arms = read_arms(owner, source, query)
            return _NONE.union(*(self.column(arm, name_in_arm(query, arm, inside)) for arm in arms))
        if query is not None:
            return self.column(query, name_in_source_query(source, query, name))
        return self._expression(owner, source.node) if owner is not None and source.kind == "rows" else _NONE

    def _star(self, query: AnalyzedQuery, scope: SelectScope, star: exp.Expr) -> dict[str, Origins]:
        found: dict[str, Origins] = {}
        for source in query.star_sources(star):
            for name in self._names(scope, source):
                if name == "*":
                    found["*"] = found.get("*", _NONE) | self._source_column_origins(scope, source, "*")
                elif query.has(name) is not False:
                    found.setdefault(name, self._named(query, scope, source, name))
        return found

    def _named(self, query: AnalyzedQuery, scope: SelectScope, source: Source, name: str) -> Origins:
        definition = query.definition(name)
        return self._source_column_origins(scope, source, name) if definition is None else self.column(query, name)

    def _names(self, scope: SelectScope, source: Source) -> Sequence[str]:
        made = pivots_of(source)
        return [name for name in self._own_names(scope, source) if name not in made.used] + list(made.new)

    def _own_names(self, scope: SelectScope, source: Source) -> Sequence[str]:
        if source.columns is not None:
            return source.columns
        if source.kind == "table":
            return list(source.entry.columns) or ["*"]
        query = scope.query(source)
        if query is None:
            return []
        return list(self.outputs(query))


def _without_names(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Alias | exp.Paren):
        node = node.this
    return node


def _changed(origins: Origins) -> Origins:
    return frozenset((origin, "transformed" if use == "copied" else use) for origin, use in origins)


def _counted(origins: Origins) -> Origins:
    return frozenset((origin, "counted") for origin, _ in origins)


@dataclass(frozen=True, slots=True)
class _Pivots:
    """The columns that PIVOT and UNPIVOT take away from a source, and those that they make of them."""

    used: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


def pivots_of(source: Source) -> _Pivots:
    """What the PIVOT and UNPIVOT after a source in FROM do to its columns."""
    used: list[str] = []
    new: list[str] = []
    for pivot in source.node.args.get("pivots") or []:
        fields = [field for field in pivot.args.get("fields") or [] if isinstance(field, exp.In)]
        if pivot.args.get("unpivot"):
            used += [
                column.name.lower() for field in fields for one in field.expressions for column, _ in _columns(one)
            ]
            new += [one.name.lower() for one in [*pivot.expressions, *(field.this for field in fields)]]
        else:
            parts = [*pivot.expressions, *(field.this for field in fields)]
            used += [column.name.lower() for part in parts for column, _ in _columns(part)]
            new += [column.name.strip("'").lower() for column in pivot.args.get("columns") or []]
    return _Pivots(tuple(dict.fromkeys(used)), tuple(new))


def _columns(node: exp.Expr) -> Iterator[tuple[exp.Column, bool]]:
    """The columns of an expression, those in subqueries left out, and whether their values are only counted."""
    stack = [(node, False)]
    while stack:
        part, is_counted = stack.pop()
        if isinstance(part, exp.Column):
            yield part, is_counted
        elif not isinstance(part, exp.Query):
            is_counted = is_counted or _counts(part)
            stack += [(one, is_counted) for one in part.iter_expressions()]


def _counts(node: exp.Expr) -> bool:
    """Whether a number of rows is all that an expression takes from its columns, or whether there is a value."""
    if isinstance(node, exp.Filter | exp.Window):
        return _counts(node.this)
    if isinstance(node, exp.Is):
        return isinstance(node.expression, exp.Null)
    return isinstance(node, exp.Count | exp.CountIf | exp.ApproxDistinct)
