"""LIMIT without ORDER BY takes arbitrary rows; say which come first.

The engine returns whichever rows it finds first; a rerun gives others.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.cardinality import has_at_most_one_row
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import extent, token_before
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import is_per_row, sources
from drawloom.sql.script import Script

CODE = "limit-without-order"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Queries with LIMIT n > 0 and no ORDER BY that can have more than one row of a table, outside of EXISTS."""
    for limit in nodes(script, exp.Limit, exp.Fetch):
        query = limit.parent
        if (
            not isinstance(query, exp.Select | exp.SetOperation)
            or query.args.get("order")
            or _is_harmless(script, query)
        ):
            continue
        if (span := extent(limit)) and (keyword := token_before(script, span[0], "LIMIT", "FETCH")):
            yield finding(__name__, script, keyword.start, Fix("Add ORDER BY columns that tell the rows apart."))


def _is_harmless(script: Script, query: exp.Query) -> bool:
    limit = query.args["limit"]
    none = isinstance(limit, exp.Limit) and isinstance(limit.expression, exp.Literal) and limit.expression.this == "0"
    select_sources = sources(script, query) if isinstance(query, exp.Select) else []
    from_array = bool(select_sources) and all(is_per_row(source) for source in select_sources)
    one_row = has_at_most_one_row(script, query, ignore_limit=True)
    return none or from_array or one_row or isinstance(query.parent, exp.Exists)
