"""{table} is read at days that follow no pattern; read a range of days, or a calendar period.

The days were measured for some run days and no rule fits them all, so waits cover every day that may be meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.partition_conditions import first_key_condition
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "irregular-days"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """Reads whose days no rule fits."""
    for reference in script.table_references:
        if reference.read.how == "calendar" and not reference.read.calendar:
            fix = Fix("Count days from {{ ds }}, or from the start of its week, month, quarter or year.")
            yield finding(
                __name__, script, first_key_condition(script, reference.node), fix, table=reference.read.table
            )
