"""{table} is read at whatever partition is the latest; name the day instead.

Which one that is depends on when the run starts: nothing can wait for it, and a rerun reads another.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.partition_conditions import compares_with_max, enclosing_comparison, key_conditions
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "latest-partition"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Conditions that compare a partition column with the maximum from a query."""
    for reference in script.table_references:
        for test, column in key_conditions(script, reference.node):
            comparison = enclosing_comparison(column) or test
            if isinstance(comparison, exp.EQ | exp.In | exp.GTE | exp.GT) and compares_with_max(script, comparison):
                fix = Fix(f"Write {column.name} = '{{{{ ds }}}}', or the newest day that is sure to exist.")
                yield finding(__name__, script, comparison, fix, table=reference.read.table)
                break
