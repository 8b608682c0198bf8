"""Column lineage: which columns of which tables each output column is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from drawloom.sql.clauses import inner_names, is_star
from drawloom.sql.constant import Folder
from drawloom.sql.dayset import Probed
from drawloom.sql.deep import deeply
from drawloom.sql.effects import Effects
from drawloom.sql.predicates import Target
from drawloom.sql.prune import subqueries
from drawloom.sql.query import Relational, Scope, Workshop
from drawloom.sql.renames import inner_name as name_inside
from drawloom.sql.renames import translated
from drawloom.sql.scope import Builder, Cte, Source
from drawloom.sql.script import Script

Origins = frozenset[str]
_NONE: Origins = frozenset()


def lineage(script: Script) -> dict[str, list[str]]:
    """Output columns of the script's last query, each with the ``schema.table.column`` it is made of, sorted.

    A star over a table whose columns are not known gives the output ``*``. A text that is nested too deep gives none.
    """
    try:
        return deeply(lambda: _lineage(script))
    except RecursionError:
        return {}


def _lineage(script: Script) -> dict[str, list[str]]:
    builder = Builder(script.catalog, script.keys, script.dialect)
    shop = Workshop(Folder(script.dialect, script.rendered.text), Probed([script.day]), builder)
    effects = Effects(shop)
    effects.run(script.statements)
    for statement in reversed(script.statements):
        query = _query(statement)
        if query is None:
            continue
        made: list[Cte] = []
        names = inner_names(statement, effects.names, made) if query is not statement else effects.names
        found = _Tracer().outputs(Relational(shop, query, names))
        renamed = _schema_names(statement)
        pairs = zip([*renamed, *list(found)[len(renamed) :]], found.values(), strict=False)
        return {name: sorted(origins) for name, origins in pairs}
    return {}


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
    """Follows columns down to tables."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Origins] = {}

    def outputs(self, query: Relational) -> dict[str, Origins]:
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

    def column(self, query: Relational, name: str) -> Origins:
        """One output column of a query."""
        key = (id(query), name)
        if key not in self._known:
            self._known[key] = _NONE
            self._known[key] = self._find(query, name)
        return self._known[key]

    def _find(self, query: Relational, name: str) -> Origins:
        if query.parts:
            return _NONE.union(*(self.column(part, translated(query, part, name)) for part in query.parts))
        meaning = query.meaning(name)
        if query.scope is None or meaning is None:
            return _NONE
        if isinstance(meaning, Target):
            return _NONE.union(*(self._term(query.scope, *term) for term in meaning.terms))
        return self._expression(query.scope, meaning)

    def _expression(self, scope: Scope, node: exp.Expr) -> Origins:
        found: list[Origins] = []
        for column in _columns(node):
            target = scope.resolve(column)
            if target is not None:
                found += [self._term(scope, *term) for term in target.terms]
        for inner in subqueries(node):
            found += self.outputs(scope.relational(inner)).values()
        return _NONE.union(*found)

    def _term(self, scope: Scope, source: Source, name: str) -> Origins:
        if source.kind == "table":
            return frozenset({f"{source.table}.{name}"})
        owner: Scope | None = scope
        while owner is not None and source not in owner.sources:
            owner = owner.outer
        query = owner.query(source) if owner is not None else None
        if query is not None:
            return self.column(query, name_inside(source, query, name))
        return self._expression(owner, source.node) if owner is not None and source.kind == "rows" else _NONE

    def _star(self, query: Relational, scope: Scope, star: exp.Expr) -> dict[str, Origins]:
        found: dict[str, Origins] = {}
        for source in query.star_sources(star):
            for name in self._names(scope, source):
                if name == "*":
                    found["*"] = found.get("*", _NONE) | self._term(scope, source, "*")
                elif query.has(name) is not False:
                    found.setdefault(name, self._named(query, scope, source, name))
        return found

    def _named(self, query: Relational, scope: Scope, source: Source, name: str) -> Origins:
        meaning = query.meaning(name)
        return self._term(scope, source, name) if meaning is None else self.column(query, name)

    def _names(self, scope: Scope, source: Source) -> Sequence[str]:
        if source.columns is not None:
            return source.columns
        if source.kind == "table":
            return list(source.entry.columns) or ["*"]
        query = scope.query(source)
        if query is None:
            return []
        return list(self.outputs(query))


def _columns(node: exp.Expr) -> Iterator[exp.Column]:
    """The columns of an expression, those in subqueries left out."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, exp.Column):
            yield part
        elif not isinstance(part, exp.Query):
            stack += part.iter_expressions()
