"""ORDER BY in {place} sorts for nothing: the order is not kept.

Rows of a table and of a subquery have no order, so an engine may drop the sort; if it does not, it sorts all rows for
nothing. Order where rows are shown, or together with LIMIT.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes, own_nodes
from drawloom.sql.lint.positions import clause_end, extent, replace_span, token_after, token_before
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "order-without-limit"
SEVERITY: Severity = "info"

_CLAUSES_AFTER = ("LIMIT", "OFFSET", "FETCH", "UNION", "UNION ALL", "EXCEPT", "INTERSECT", "FOR", "SETTINGS")
_ORDER_DEPENDENT = (
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
    """Queries with ORDER BY and without LIMIT that are a subquery, a CTE, or fill a table."""
    for query in nodes(script, exp.Select, exp.SetOperation):
        order = query.args.get("order")
        if order is None or any(query.args.get(key) for key in ("limit", "offset", "top")) or _distinct_on(query):
            continue
        place, span = _place(script, query), extent(order)
        keyword = token_before(script, span[0], "ORDER BY") if place and span else None
        if place and keyword:
            safe = place == "a subquery" and not _may_show_order(query)
            fix = Fix("Drop the ORDER BY.", _removal(script, keyword.start), safe)
            yield finding(__name__, script, keyword.start, fix, place=place)


def _distinct_on(query: exp.Query) -> bool:
    distinct = query.args.get("distinct")
    return isinstance(distinct, exp.Distinct) and bool(distinct.args.get("on"))


def _place(script: Script, query: exp.Query) -> str | None:
    """Where the ordered query is, if its order is lost there; ARRAY(SELECT ...), for example, keeps it."""
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


def _may_show_order(query: exp.Query) -> bool:
    """Whether the outer query may show the order on an engine that keeps it."""
    outer = query.parent.find_ancestor(exp.Select) if query.parent else None
    outer = outer if outer is not None and not isinstance(query.parent, exp.CTE) else None
    return outer is None or any(own_nodes(outer, *_ORDER_DEPENDENT)) or not any(own_nodes(outer, exp.AggFunc))


def _removal(script: Script, start: int) -> tuple[Edit, ...]:
    end = clause_end(script, start, *_CLAUSES_AFTER)
    previous, following = token_before(script, start), token_after(script, end - 1)
    trims_space_before = following is None or following.text in ");"
    return replace_span(script, (previous.end + 1 if previous and trims_space_before else start, end), "")
