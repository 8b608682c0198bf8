"""{query} takes all columns of {table}; list them.

A column that is added, renamed or moved there silently changes what is written, or makes tomorrow's run fail.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.clauses import arms
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import scope_of
from drawloom.sql.scope import Source
from drawloom.sql.script import Script

CODE = "select-star"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Stars at the top of a query that fills a table, over tables whose columns the text does not list."""
    for statement in nodes(script, exp.Insert, exp.Create):
        verb = "INSERT" if isinstance(statement, exp.Insert) else f"CREATE {statement.args.get('kind')}"
        yield from _check(script, statement.expression, verb)
    if script.target and script.statements:
        yield from _check(script, script.statements[-1], f"The SELECT of {script.target}")


def _check(script: Script, query: exp.Expr | None, verb: str) -> Iterator[Problem]:
    for star, source in _open_stars(script, query, set()) if isinstance(query, exp.Query) else ():
        columns = ", ".join(source.entry.columns)
        fix = Fix(f"Write {columns}." if columns else "Name the columns.")
        yield finding(__name__, script, star, fix, query=verb, table=source.table or "a table function")


def _open_stars(script: Script, query: exp.Expr, visited: set[int]) -> Iterator[tuple[exp.Expr, Source]]:
    """The stars in the output of a query, each with the table whose columns it takes.

    ``visited`` are inner queries without such a star, so that each is searched once.
    """
    for arm in arms(query.unnest()):
        select = arm.unnest()
        if not isinstance(select, exp.Select):
            continue
        for item in select.expressions:
            is_star = item.is_star and not isinstance(item, exp.Count)
            if is_star and (table := _starred_table(script, select, item, visited)) is not None:
                yield item, table


def _starred_table(script: Script, select: exp.Select, star: exp.Expr, visited: set[int]) -> Source | None:
    """The first table under a star, also through subqueries and CTEs."""
    scope = scope_of(script, select)
    wanted = star.table.lower() if isinstance(star, exp.Column) else ""
    for source in scope.sources if scope is not None else ():
        if wanted not in ("", source.alias) or source.columns is not None or source.opaque:
            continue
        if source.query is None and isinstance(source.node, exp.Table):
            return source
        query = scope.query(source) if scope is not None else None
        if query is not None and query.columns is None and id(query.query) not in visited:
            visited.add(id(query.query))
            found = next(_open_stars(script, query.query, visited), None)
            if found is not None:
                visited.discard(id(query.query))
                return found[1]
    return None
