"""NATURAL JOIN of {table} joins by whatever columns have equal names, must name them with USING or ON.

A column that is added to both tables later joins the condition without a word, and rows silently disappear.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "natural-join"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Joins that are NATURAL."""
    for join in nodes(script, exp.Join):
        if join.method == "NATURAL":
            fix = Fix("Write JOIN ... USING (the columns).")
            yield tell(__name__, script, join.this, fix, table=join.this.alias_or_name)
