"""LIMIT without ORDER BY takes any rows, must say which come first.

The engine returns whichever rows it finds first; a rerun gives others.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import before, extent
from drawloom.sql.advice._rows import is_one_row
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes, sources
from drawloom.sql.script import Script

CODE = "limit-without-order"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Queries with LIMIT n > 0 and no ORDER BY that can have more than one row of a table, outside of EXISTS."""
    for limit in nodes(script, exp.Limit, exp.Fetch):
        query = limit.parent
        if not isinstance(query, exp.Select | exp.SetOperation) or query.args.get("order") or _is_harmless(query):
            continue
        if (span := extent(limit)) and (word := before(script, span[0], "LIMIT", "FETCH")):
            yield tell(__name__, script, word.start, Fix("Add ORDER BY columns that tell the rows apart."))


def _is_harmless(query: exp.Query) -> bool:
    limit = query.args["limit"]
    none = isinstance(limit, exp.Limit) and isinstance(limit.expression, exp.Literal) and limit.expression.this == "0"
    among = sources(query)
    from_array = bool(among) and all(source.dependent for source in among)
    return none or from_array or isinstance(query.parent, exp.Exists) or is_one_row(query, ignore_limit=True)
