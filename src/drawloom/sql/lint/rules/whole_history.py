"""{table} is read from its first day up to the run's day; continue from yesterday's result if possible.

The work grows by a day every day. Most totals, firsts and lasts are yesterday's partition of the result combined with
today's rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.partition_conditions import day_spans, first_key_condition, has_last_day
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "whole-history"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """Reads with a last day but without a first one."""
    for reference in script.table_references:
        read = reference.read
        if has_last_day(read) and any(first is None for first, _ in day_spans(read)):
            fix = Fix("Read yesterday's result and today's rows, or give the first day.")
            yield finding(__name__, script, first_key_condition(script, reference.node), fix, table=read.table)
