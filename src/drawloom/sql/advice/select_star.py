"""{query} takes all columns of {table}, must list them.

A column that is added to, renamed or moved in {table} changes this table without a word, or fails it tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import columns, columns_known, entry, table_name
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import Source, nodes, query_of, sources
from drawloom.sql.script import Script

CODE = "select-star"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Stars at the top of a query that fills a table, over sources whose columns the text does not list."""
    for statement in nodes(script, exp.Insert, exp.Create):
        query = statement.expression
        verb = "INSERT" if isinstance(statement, exp.Insert) else f"CREATE {statement.args.get('kind')}"
        yield from _stars(script, query, verb)
    if script.target and script.statements:
        yield from _stars(script, script.statements[-1], f"the SELECT of {script.target}")


def _stars(script: Script, query: exp.Expr | None, verb: str) -> Iterator[Problem]:
    arms = [query.unnest()] if isinstance(query, exp.Query) else []
    while arms:
        arm = arms.pop()
        if isinstance(arm, exp.SetOperation):
            arms += [arm.expression.unnest(), arm.this.unnest()]
        elif isinstance(arm, exp.Select):
            for item in arm.expressions:
                open_ = _open_source(arm, item) if item.is_star and not isinstance(item, exp.Count) else None
                if open_ is not None:
                    yield tell(__name__, script, item, _fix(script, open_), query=verb, table=table_name(open_.node))


def _open_source(select: exp.Select, item: exp.Expr) -> Source | None:
    """The first source under a star whose columns are whatever its table has."""
    wanted = item.table.lower() if isinstance(item, exp.Column) else ""
    for source in sources(select):
        if wanted in ("", source.name) and isinstance(source.node, exp.Table | exp.Subquery):
            if source.node.args.get("pivots") or columns(source) is not None:
                continue
            return _open_below(source) or source
    return None


def _open_below(source: Source) -> Source | None:
    query = query_of(source.node)
    if not isinstance(query, exp.Select):
        return None
    for item in query.expressions:
        if item.is_star and (found := _open_source(query, item)):
            return found
    return None


def _fix(script: Script, source: Source) -> Fix:
    known = columns_known(script, source) and [*entry(script, source.node).columns]
    return Fix(f"Write {', '.join(known)}." if known else "Name the columns.")
