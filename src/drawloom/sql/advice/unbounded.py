"""{table} is read from {first} without an end, must stop at the run's day.

A first run sees the days until now, a rerun of the same day sees all that came since: the same partition gets other
rows, and a backfill reads the future.
"""

from __future__ import annotations

from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._keys import first_test, open_end
from drawloom.sql.advice._tell import tell
from drawloom.sql.script import Script

CODE = "unbounded"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Reads whose last day is open."""
    for occurrence in script.occurrences:
        read = occurrence.read
        if open_end(read):
            spans = read.on(script.day)
            first = min((first for first, _ in spans if first is not None), default=None)
            key = next(iter(script.keys), "ds")
            fix = Fix(f"Add {key} <= '{{{{ ds }}}}'.")
            at = first_test(script, occurrence.node)
            yield tell(__name__, script, at, fix, table=read.table, first=first or "the first day")
