"""UNION removes duplicate rows; use UNION ALL unless that is meant.

Removing duplicates sorts or hashes all rows of both sides, and it also drops rows that were equal by chance within
one side. Most unions combine disjoint parts. Write UNION DISTINCT to say that it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import extent, insert_after, token_after, token_before
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "union-dedups"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """Unions without ALL or DISTINCT, except in recursive CTEs, which need it to end."""
    for union in nodes(script, exp.Union):
        right = extent(union.expression)
        if not union.args.get("distinct") or right is None or _is_recursive(union):
            continue
        keyword = token_before(script, right[0], "UNION")
        next_token = keyword and token_after(script, keyword.end)
        if keyword is None or next_token is None or next_token.text.upper() == "DISTINCT":
            continue
        fix = Fix("Write UNION ALL, or UNION DISTINCT if it is meant.", insert_after(script, keyword.end, " ALL"))
        yield finding(__name__, script, keyword.start, fix)


def _is_recursive(union: exp.Union) -> bool:
    cte = union.parent
    return isinstance(cte, exp.CTE) and isinstance(cte.parent, exp.With) and bool(cte.parent.args.get("recursive"))
