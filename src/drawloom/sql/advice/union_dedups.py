"""UNION removes duplicate rows, must be UNION ALL unless that is meant.

Removing duplicates sorts or hashes all rows of both sides, and it also drops rows that were equal by chance within
one side. Most unions put disjoint parts together. Write UNION DISTINCT to say that it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import after, before, extent, insert
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "union-dedups"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """Unions without ALL or DISTINCT, outside of recursive CTEs, which need it to end."""
    for union in nodes(script, exp.Union):
        right = extent(union.expression)
        if not union.args.get("distinct") or right is None or _is_recursive(union):
            continue
        word = before(script, right[0], "UNION")
        follower = word and after(script, word.end)
        if word is None or follower is None or follower.text.upper() == "DISTINCT":
            continue
        fix = Fix("Write UNION ALL, or UNION DISTINCT if it is meant.", insert(script, word.end, " ALL"))
        yield tell(__name__, script, word.start, fix)


def _is_recursive(union: exp.Union) -> bool:
    cte = union.parent
    return isinstance(cte, exp.CTE) and isinstance(cte.parent, exp.With) and bool(cte.parent.args.get("recursive"))
