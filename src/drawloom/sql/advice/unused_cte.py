"""{name} is defined and never used, must be used or taken out.

What it reads would still be waited for, and whoever reads the query looks for its use.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "unused-cte"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """CTEs whose name no table of the script has, but for those inside of themselves."""
    used: dict[str, list[exp.Table]] = {}
    for table in nodes(script, exp.Table):
        used.setdefault(table.name.lower(), []).append(table)
    for cte in nodes(script, exp.CTE):
        tables = used.get(cte.alias.lower(), ())
        if isinstance(cte.this, exp.Query) and all(_is_inside(table, cte) for table in tables):
            yield tell(__name__, script, cte.args["alias"], Fix("Take it out."), name=cte.alias)


def _is_inside(table: exp.Expr, cte: exp.CTE) -> bool:
    node: exp.Expr | None = table
    while node is not None and node is not cte:
        node = node.parent
    return node is cte
