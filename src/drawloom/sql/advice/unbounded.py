"""{table} is read from {first} without an end, must stop at the run's day.

A first run sees the days until now, a rerun of the same day sees all that came since: the same partition gets other
rows, and a backfill reads the future.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._keys import first_test, has_end
from drawloom.sql.advice._place import insert, text_of, whole
from drawloom.sql.advice._tell import tell
from drawloom.sql.script import Script

CODE = "unbounded"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Reads whose last day is open."""
    for occurrence in script.occurrences:
        if not has_end(occurrence.read):
            at = first_test(script, occurrence.node)
            first = min((first for first, _ in occurrence.read.on(script.day) if first), default="the first day")
            yield tell(__name__, script, at, _fix(script, at), table=occurrence.read.table, first=first)


def _fix(script: Script, test: exp.Expr) -> Fix:
    if not isinstance(test, exp.GT | exp.GTE):
        return Fix("Give the last day, mostly {{ ds }}.")
    end = f"{text_of(script, test.this)} <= '{{{{ ds }}}}'"
    span = whole(script, test)
    return Fix(f"Add AND {end}.", insert(script, span[1] - 1, f" AND {end}") if span else ())
