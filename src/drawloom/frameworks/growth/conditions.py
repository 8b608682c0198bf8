"""Conditions of activities: SQL over one row, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawloom.frameworks.sqlfiles import plain
from drawloom.model import Fix, Problem

if TYPE_CHECKING:
    from sqlglot import exp

    from drawloom.frameworks.growth.spec import Growth


def condition_sql(spec: Growth, activity: str) -> str:
    """The condition of an activity, written anew, safe in a template."""
    import sqlglot

    return plain(f"({sqlglot.parse_one(spec.activities[activity], dialect='duckdb').sql('duckdb', comments=False)})")


def condition_problems(spec: Growth) -> Iterator[Problem]:
    """What keeps the conditions of a spec from being conditions over a row."""
    for activity, text in spec.activities.items():
        if reason := _wrong(text):
            message = f"activities.{activity} == {text!r}, must be a condition over one row of {spec.source}: {reason}."
            fix = Fix("Write it as after WHERE, like product = 'shared'; prepare what is more than that in a table.")
            yield Problem("invalid", "error", message, spec.place("activities", activity), fix)


def _wrong(text: str) -> str:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError:
        return "it is not SQL"
    if len(statements) != 1 or not isinstance(statements[0], exp.Condition):
        return "it is not one expression"
    return next((why for node in statements[0].walk() if (why := _not_of_a_row(node))), "")


def _not_of_a_row(node: exp.Expr) -> str:
    from sqlglot import exp

    if isinstance(node, exp.Query | exp.Subquery):
        return "it has a query in it"
    if isinstance(node, exp.AggFunc | exp.Window):
        return f"{node.sql('duckdb')} looks at many rows"
    return ""
