"""HAVING without GROUP BY and without an aggregate, must be WHERE.

Some engines refuse it, some filter rows, some filter the one group of all rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import before, edit, extent
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes, own
from drawloom.sql.script import Script

CODE = "having-without-group"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs with a HAVING that has nothing to group."""
    for having in nodes(script, exp.Having):
        select, span = having.parent, extent(having)
        if not isinstance(select, exp.Select) or select.args.get("group") or span is None:
            continue
        if any(own(select, exp.AggFunc, exp.Anonymous, exp.AnonymousAggFunc)):
            continue
        word = before(script, span[0], "HAVING")
        edits = edit(script, (word.start, word.end + 1), "WHERE") if word and not select.args.get("where") else ()
        yield tell(__name__, script, word.start if word else having, Fix("Move the condition to WHERE.", edits))
