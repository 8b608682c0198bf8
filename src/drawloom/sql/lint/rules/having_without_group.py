"""HAVING without GROUP BY or an aggregate; use WHERE.

Some engines refuse it, some filter rows, some filter the one group of all rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes, own_nodes
from drawloom.sql.lint.positions import extent, replace_span, token_before
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "having-without-group"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs with HAVING that neither group nor aggregate."""
    for having in nodes(script, exp.Having):
        select, span = having.parent, extent(having)
        if not isinstance(select, exp.Select) or select.args.get("group") or span is None:
            continue
        if any(own_nodes(select, exp.AggFunc, exp.Anonymous, exp.AnonymousAggFunc)):
            continue
        keyword = token_before(script, span[0], "HAVING")
        edits = (
            replace_span(script, (keyword.start, keyword.end + 1), "WHERE")
            if keyword and not select.args.get("where")
            else ()
        )
        yield finding(
            __name__, script, keyword.start if keyword else having, Fix("Move the condition to WHERE.", edits)
        )
