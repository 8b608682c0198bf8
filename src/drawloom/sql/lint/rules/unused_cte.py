"""{name} is defined and never used.

The run would still wait for what it reads, and readers look for its use.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "unused-cte"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """CTEs that no table of the script refers to, except from inside themselves."""
    used: dict[str, list[exp.Table]] = {}
    for table in nodes(script, exp.Table):
        used.setdefault(table.name.lower(), []).append(table)
    for cte in nodes(script, exp.CTE):
        tables = used.get(cte.alias.lower(), ())
        if isinstance(cte.this, exp.Query) and all(_is_inside(table, cte) for table in tables):
            yield finding(__name__, script, cte.args["alias"], Fix("Remove it."), name=cte.alias)


def _is_inside(table: exp.Expr, cte: exp.CTE) -> bool:
    node: exp.Expr | None = table
    while node is not None and node is not cte:
        node = node.parent
    return node is cte
