"""Expressions of the user: each one aggregate over the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator

from drawloom.frameworks.stats.spec import Stats
from drawloom.model import Problem


def expression_problems(spec: Stats) -> Iterator[Problem]:
    """What is wrong with the expressions of a spec: no SQL, no aggregate, or reads of other tables."""
    for number, rule in enumerate(spec.rules):
        for name, text in rule.expressions.items():
            if reason := why_not_aggregate(text):
                place = ("rules", number, "expressions", name)
                fix = "Like sum(CASE WHEN amount < 0 THEN 1 END)."
                yield spec.problem(
                    place, repr(text), f"must be one aggregate over the rows of its table: {reason}", fix
                )


def why_not_aggregate(text: str) -> str:
    """Why a text is not one aggregate in DuckDB's SQL; '' where it is."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError:
        return "it is not SQL"
    found = statements[0] if len(statements) == 1 else None
    if found is not None and found.find(exp.Query, exp.Subquery, exp.Table) and len(statements) == 1:
        return "it reads a table"
    if not isinstance(found, exp.Condition | exp.Func):
        return "it is not one expression"
    if found.find(exp.Window):
        return "it has a window"
    if not found.find(exp.AggFunc):
        return "it has a value for each row"
    return _bare_column(found)


def _bare_column(found: object) -> str:
    from sqlglot import exp

    assert isinstance(found, exp.Expression)
    bare = next((column for column in found.find_all(exp.Column) if not column.find_ancestor(exp.AggFunc)), None)
    return f"{bare.sql('duckdb')} has a value for each row" if bare is not None else ""
