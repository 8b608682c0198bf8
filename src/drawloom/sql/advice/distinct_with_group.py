"""SELECT DISTINCT over all columns of the GROUP BY removes nothing, must be left out.

GROUP BY already gives one row per group, and the engine sorts or hashes the result a second time.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import after, before, edit, extent
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "distinct-with-group"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs with DISTINCT whose GROUP BY names plain columns that are all in the output."""
    for distinct in nodes(script, exp.Distinct):
        select = distinct.parent
        span = extent(select.expressions[0]) if isinstance(select, exp.Select) and select.expressions else None
        if select is None or span is None or distinct.args.get("on") or not _covers(select):
            continue
        word = before(script, span[0], "DISTINCT")
        follower = word and after(script, word.end)
        if word is not None and follower is not None:
            fix = Fix("Drop DISTINCT.", edit(script, (word.start, follower.start), ""), safe=True)
            yield tell(__name__, script, word.start, fix)


def _covers(select: exp.Expr) -> bool:
    group = select.args.get("group")
    if group is None or not group.expressions or any(group.args.get(k) for k in ("cube", "rollup", "grouping_sets")):
        return False
    given = [item.unalias() for item in select.expressions]
    return all(isinstance(key, exp.Column) and key in given for key in group.expressions)
