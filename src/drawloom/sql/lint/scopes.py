"""Name resolution for rules: the sources of each SELECT, the source and catalog type of a column, partition keys."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.sql.catalog import find_entry
from drawloom.sql.clauses import CteNames, visible_ctes, with_clause
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.day_set import ProbeDays
from drawloom.sql.days.predicates import ResolvedColumn
from drawloom.sql.days.query import AnalysisContext, SelectScope, name_in_source_query
from drawloom.sql.lint.nodes import conjuncts, filters, per_script
from drawloom.sql.scope import Cte, Source, SourceBuilder, table_name
from drawloom.sql.script import Script


class _Scopes:
    """The scopes of a script's SELECTs, each built when a rule first needs it."""

    def __init__(self, script: Script) -> None:
        constants = ConstantFolder(script.dialect, script.rendered.text)
        builder = SourceBuilder(script.catalog, script.keys, script.dialect)
        self.context = AnalysisContext(constants, ProbeDays([script.day]), builder)
        # The CTEs visible inside a CTE, or a query that has CTEs, by its id.
        self.names: dict[int, CteNames] = {}
        self.scopes: dict[int, SelectScope] = {}
        for statement in script.plain_statements():
            for node in statement.walk(bfs=False):
                if clause := with_clause(node):
                    self._add_ctes(node, clause)

    def _add_ctes(self, query: exp.Expr, clause: exp.With) -> None:
        made: list[Cte] = []
        self.names[id(query)] = visible_ctes(query, self._visible_names(query.parent), made)
        for item, cte in zip(clause.expressions, made, strict=True):
            self.names[id(item)] = cte.names

    def _visible_names(self, node: exp.Expr | None) -> CteNames:
        while node is not None and id(node) not in self.names:
            node = node.parent
        return self.names[id(node)] if node is not None else {}

    def scope(self, select: exp.Select) -> SelectScope:
        """The scope of one SELECT of the script."""
        if id(select) not in self.scopes:
            names, outer = self._visible_names(select), self._correlated_scope(select)
            self.scopes[id(select)] = SelectScope(self.context, select, names, outer)
        return self.scopes[id(select)]

    def _correlated_scope(self, select: exp.Select) -> SelectScope | None:
        """The scope whose columns a SELECT may use: that around a subquery, but not around a source in FROM."""
        node: exp.Expr = select
        is_source = False
        while node.parent is not None and not isinstance(node.parent, exp.Select):
            node, key = node.parent, node.arg_key
            if isinstance(node, exp.Lateral):
                around = node.find_ancestor(exp.Select)
                return self.scope(around) if around is not None else None
            is_joined = isinstance(node, exp.Join) and key == "this"
            is_source = is_source or is_joined or isinstance(node, exp.From | exp.CTE)
        if node.parent is None:
            return None
        return self.scope(node.parent).outer if is_source else self.scope(node.parent)


_scopes = per_script(_Scopes)


def scope_of(script: Script, node: exp.Expr | None) -> SelectScope | None:
    """The scope of a SELECT, or of the SELECT around any other node."""
    select = node if isinstance(node, exp.Select) or node is None else node.find_ancestor(exp.Select)
    return _scopes(script).scope(select) if isinstance(select, exp.Select) else None


def sources(script: Script, node: exp.Expr | None) -> list[Source]:
    """The sources of a SELECT, or of the SELECT around any other node: FROM, joins and laterals, in order."""
    scope = scope_of(script, node)
    return scope.sources if scope is not None else []


def source_of(script: Script, column: exp.Column) -> Source | None:
    """The source that a column belongs to, None if that is not certain."""
    scope = scope_of(script, column)
    target = scope.resolve(column) if scope is not None else None
    if target is not None:
        return target.columns[0][0] if len(target.columns) == 1 else None
    if scope is None or column.args.get("db") is None:
        return None
    first = column.parts[0].name.lower()  # alias.struct.field
    return next((source for source in scope.sources if source.alias == first), None)


def definition(script: Script, column: exp.Column) -> exp.Expr | None:
    """The expression that a subquery or CTE computes a column by, looked up through ``*``; None for a table's."""
    source, name = source_of(script, column), column.name.lower()
    scope = scope_of(script, source.node) if source is not None else None
    while source is not None and scope is not None:
        query = scope.query(source)
        while query is not None and query.parts:
            query = query.parts[0]
        meaning = query.definition(name_in_source_query(source, query, name)) if query is not None else None
        if not isinstance(meaning, ResolvedColumn):
            return meaning.unalias() if meaning is not None else None
        (source, name), scope = meaning.columns[0], query.scope if query is not None else None
    return None


def column_type(script: Script, column: exp.Column) -> str | None:
    """The catalog's type of a column, upper case, None if not known."""
    source = source_of(script, column)
    found = source.entry.columns.get(column.name.lower()) if source is not None else None
    return found.upper() if found else None


def query_of(source: Source) -> exp.Query | None:
    """The SELECT or set operation of a source that is a subquery or a CTE; None for any other."""
    query = source.query.unnest() if source.query is not None else None
    return query if isinstance(query, exp.Select | exp.SetOperation) else None


def join_of(source: Source) -> exp.Join | None:
    """The join that brings a source in, None for the first one."""
    parent = source.node.parent
    while isinstance(parent, exp.Subquery):  # parentheses around joins
        parent = parent.parent
    return parent if isinstance(parent, exp.Join) else None


def is_per_row(source: Source) -> bool:
    """Whether a source is computed for each row of those before it, as UNNEST, LATERAL and table functions are."""
    return source.kind == "rows" or source.lateral


def conditions(script: Script, select: exp.Expr | None) -> Iterator[exp.Expr]:
    """The conjuncts of WHERE, HAVING, QUALIFY and of every ON of a SELECT."""
    if select is not None:
        yield from filters(select, "where", "having", "qualify")
    for source in sources(script, select):
        join = join_of(source)
        if join is not None:
            yield from conjuncts(join.args.get("on"))


def catalog_keys(script: Script, table: exp.Expr) -> tuple[str, ...] | None:
    """The partition columns of a table in the catalog, None if they are not known there."""
    return find_entry(script.catalog, table_name(table)).keys if isinstance(table, exp.Table) else None


def partition_keys(script: Script, table: exp.Expr) -> frozenset[str]:
    """The partition columns of a table, lower case: the catalog's, else those that the script was read with."""
    known = catalog_keys(script, table)
    return frozenset(key.lower() for key in (script.keys if known is None else known))
