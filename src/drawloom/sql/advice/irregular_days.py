"""{table} is read at days that follow no rule that can be named, must be a range of days or of the calendar.

The days were measured at some probe days and nothing fits between them, so waits cover all days that could be meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._keys import first_test
from drawloom.sql.advice._tell import tell
from drawloom.sql.script import Script

CODE = "irregular-days"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """Calendar reads that no rule was found for."""
    for occurrence in script.occurrences:
        if occurrence.read.how == "calendar" and not occurrence.read.calendar:
            fix = Fix("Count days from {{ ds }}, or from the start of its week, month, quarter or year.")
            yield tell(__name__, script, first_test(script, occurrence.node), fix, table=occurrence.read.table)
