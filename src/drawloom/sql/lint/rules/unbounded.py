"""{table} is read from {first} without an end; stop at the run's day.

The first run sees the days until now, a rerun of the same day sees everything that came since: the same partition
gets other rows, and a backfill reads the future.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.partition_conditions import first_key_condition, has_last_day
from drawloom.sql.lint.positions import full_span, insert_after, snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "unbounded"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Reads whose last day is open."""
    for reference in script.table_references:
        if not has_last_day(reference.read):
            at = first_key_condition(script, reference.node)
            first = min((first for first, _ in reference.read.on(script.day) if first), default="the first day")
            yield finding(__name__, script, at, _fix(script, at), table=reference.read.table, first=first)


def _fix(script: Script, test: exp.Expr) -> Fix:
    if not isinstance(test, exp.GT | exp.GTE):
        return Fix("Give the last day, usually {{ ds }}.")
    end = f"{snippet(script, test.this)} <= '{{{{ ds }}}}'"
    span = full_span(script, test)
    return Fix(f"Add AND {end}.", insert_after(script, span[1] - 1, f" AND {end}") if span else ())
