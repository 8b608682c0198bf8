"""{table} is {verb} at {date} on every run; use the run's day.

A run for another day does the work of this one again: the schedule goes on and nothing new is computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.partition_conditions import has_last_day, key_conditions, string_literals
from drawloom.sql.lint.rule import finding
from drawloom.sql.scope import table_name
from drawloom.sql.script import Script

CODE = "hard-coded-date"
SEVERITY: Severity = "warn"

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")


def check(script: Script) -> Iterator[Problem]:
    """Days that the text itself (not a template expression) gives where a partition is read or written."""
    for reference in script.table_references:
        if reference.read.how == "fixed" and has_last_day(reference.read):
            for test, _ in key_conditions(script, reference.node):
                if found := _day(script, test):
                    yield _problem(script, found, reference.read.table, "read")
                    break
    for partition in nodes(script, exp.Partition):
        if (found := _day(script, partition)) and isinstance(partition.parent, exp.Table):
            yield _problem(script, found, table_name(partition.parent), "written")


def _day(script: Script, test: exp.Expr) -> exp.Literal | None:
    days = (literal for literal in string_literals(test) if _DAY.fullmatch(literal.this))
    return next((day for day in days if script.span(day) is not None), None)


def _problem(script: Script, day: exp.Literal, table: str, verb: str) -> Problem:
    span = script.span(day)
    value = "{{ ds }}" if "-" in day.this else "{{ ds_nodash }}"
    edits = (Edit(*span, f"'{value}'"),) if span else ()
    return finding(__name__, script, day, Fix(f"Write '{value}'.", edits), table=table, verb=verb, date=day.this)
