"""{table} is {verb} at {date} on every run, must be at the run's day.

A run for another day does the work of this one again: the schedule goes on and nothing new is computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.advice._columns import table_name
from drawloom.sql.advice._keys import has_end, key_tests, literals
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "hard-coded-date"
SEVERITY: Severity = "warn"

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")


def check(script: Script) -> Iterator[Problem]:
    """Days as text in the user's own words where a partition is read or written."""
    for occurrence in script.occurrences:
        if occurrence.read.how == "fixed" and has_end(occurrence.read):
            for test, _ in key_tests(script, occurrence.node):
                if found := _day(script, test):
                    yield _problem(script, found, occurrence.read.table, "read")
                    break
    for partition in nodes(script, exp.Partition):
        if (found := _day(script, partition)) and isinstance(partition.parent, exp.Table):
            yield _problem(script, found, table_name(partition.parent), "written")


def _day(script: Script, test: exp.Expr) -> exp.Literal | None:
    days = (literal for literal in literals(test) if _DAY.fullmatch(literal.this))
    return next((day for day in days if script.span(day) is not None), None)


def _problem(script: Script, day: exp.Literal, table: str, verb: str) -> Problem:
    span = script.span(day)
    value = "{{ ds }}" if "-" in day.this else "{{ ds_nodash }}"
    edits = (Edit(*span, f"'{value}'"),) if span else ()
    return tell(__name__, script, day, Fix(f"Write '{value}'.", edits), table=table, verb=verb, date=day.this)
