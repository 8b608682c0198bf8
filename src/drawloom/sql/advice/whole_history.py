"""{table} is read from its first day up to the run's, must be carried over from yesterday where it can be.

The work grows by a day every day. Most totals, firsts and lasts are yesterday's partition of the result put together
with today's rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._keys import first_test, has_end, spans_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.script import Script

CODE = "whole-history"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """Reads with a last day and no first one."""
    for occurrence in script.occurrences:
        read = occurrence.read
        if has_end(read) and any(first is None for first, _ in spans_of(read)):
            fix = Fix("Read yesterday's result and today's rows, or give the first day.")
            yield tell(__name__, script, first_test(script, occurrence.node), fix, table=read.table)
