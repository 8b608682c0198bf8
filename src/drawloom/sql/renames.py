"""Names that change on their way through a query: arms of a UNION, aliases with columns, recursive parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from drawloom.sql.query import Relational, Scope
    from drawloom.sql.scope import Cte, Source


def inside(scope: Scope, cte: Cte) -> bool:
    """Whether the scope is a part of the CTE's own query, as in a recursive one."""
    node: exp.Expr | None = scope.node
    while node is not None:
        if node is cte.query:
            return True
        node = node.parent
    return False


def translated(whole: Relational, part: Relational, name: str) -> str:
    """The name in one arm of a UNION of what the first arm calls so; by position, or by name through a star."""
    first, columns = whole.columns, part.columns
    if first is None or columns is None or name not in first or whole.query.args.get("by_name"):
        return name
    position = first.index(name)
    return columns[position] if position < len(columns) else name


def inner_name(source: Source, query: Relational | None, name: str) -> str:
    """The query's own name for a column that the FROM renamed: ``(SELECT ds FROM t) AS q(day)``."""
    inner = query.columns if query else None
    if source.columns is None or inner is None or name not in source.columns:
        return name if source.columns is None else ""
    position = source.columns.index(name)
    return inner[position] if position < len(inner) else ""
