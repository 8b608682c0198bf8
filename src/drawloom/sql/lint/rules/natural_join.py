"""NATURAL JOIN of {table} joins by all columns with equal names; name them with USING or ON.

A column that is added to both tables later becomes part of the condition, and rows silently disappear.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "natural-join"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Joins that are NATURAL."""
    for join in nodes(script, exp.Join):
        if join.method == "NATURAL":
            fix = Fix("Write JOIN ... USING (the columns).")
            yield finding(__name__, script, join.this, fix, table=join.this.alias_or_name)
