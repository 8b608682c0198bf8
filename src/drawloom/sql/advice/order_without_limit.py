"""ORDER BY in {place}, must be left out: nothing keeps the order.

Rows of a table and of a subquery have no order, so an engine may drop the sort, and where it does not it costs a full
sort of all rows for nothing. Order where rows are shown, or together with LIMIT.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.advice._place import after, before, clause_end, edit, extent
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes, own
from drawloom.sql.script import Script

CODE = "order-without-limit"
SEVERITY: Severity = "info"

_STOPS = ("LIMIT", "OFFSET", "FETCH", "UNION", "UNION ALL", "EXCEPT", "INTERSECT", "FOR", "SETTINGS")
_ORDERED = (
    exp.ArrayAgg,
    exp.GroupConcat,
    exp.First,
    exp.Last,
    exp.Window,
    exp.Limit,
    exp.Fetch,
    exp.Anonymous,
    exp.AnyValue,
)


def check(script: Script) -> Iterator[Problem]:
    """Queries with ORDER BY and no LIMIT that are a subquery, a CTE, or fill a table."""
    for query in nodes(script, exp.Select, exp.SetOperation):
        order = query.args.get("order")
        if order is None or any(query.args.get(key) for key in ("limit", "offset", "top")) or _distinct_on(query):
            continue
        place, span = _place(script, query), extent(order)
        word = before(script, span[0], "ORDER BY") if place and span else None
        if place and word:
            safe = place == "a subquery" and not _cares(query)
            fix = Fix("Drop the ORDER BY.", _removal(script, word.start), safe)
            yield tell(__name__, script, word.start, fix, place=place)


def _distinct_on(query: exp.Query) -> bool:
    distinct = query.args.get("distinct")
    return isinstance(distinct, exp.Distinct) and bool(distinct.args.get("on"))


def _place(script: Script, query: exp.Query) -> str | None:
    """What the ordered query is for, if its order is lost there: ARRAY(SELECT ...), for one, keeps it."""
    parent = query.parent
    while isinstance(parent, exp.Subquery) and parent.parent is not None and not parent.alias:
        parent = parent.parent
    if isinstance(parent, exp.Insert | exp.Create):
        return "a query that fills a table"
    if parent is None or (isinstance(parent, exp.Subquery) and parent.parent is None):
        return "a query that fills a table" if script.target and query is script.statements[-1] else None
    return (
        "a subquery" if isinstance(parent, exp.CTE | exp.Subquery | exp.From | exp.Join | exp.In | exp.Exists) else None
    )


def _cares(query: exp.Query) -> bool:
    """Whether the query around it takes rows as they come, so that an engine that keeps the order shows it."""
    outer = query.parent.find_ancestor(exp.Select) if query.parent else None
    outer = outer if outer is not None and not isinstance(query.parent, exp.CTE) else None
    return outer is None or any(own(outer, *_ORDERED)) or not any(own(outer, exp.AggFunc))


def _removal(script: Script, start: int) -> tuple[Edit, ...]:
    end = clause_end(script, start, *_STOPS)
    previous, following = before(script, start), after(script, end - 1)
    glue = following is None or following.text in ");"
    return edit(script, (previous.end + 1 if previous and glue else start, end), "")
