"""{verb} changes rows of {table} in place; write whole partitions instead.

A partition that changes after it was filled gives other answers to those who read it before and after, a rerun of an
old day sees today's rows, and a rerun that died half-way leaves half a change.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.scope import table_name
from drawloom.sql.script import Script

CODE = "update-in-place"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """UPDATE and MERGE."""
    for change in nodes(script, exp.Update, exp.Merge):
        if not isinstance(change.this, exp.Table):  # the UPDATE inside a MERGE
            continue
        fix = Fix("Keep one snapshot per day: SELECT yesterday's partition, changed by today's rows, into today's.")
        yield finding(__name__, script, change.this, fix, verb=change.key.upper(), table=table_name(change.this))
