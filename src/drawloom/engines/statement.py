"""The engine's own look at a text before it runs: it must be one statement that only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from drawloom.engines.errors import engine_errors, engine_problem
from drawloom.model import Problem, RunError, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Statement


def one_select(connection: DuckDBPyConnection, sql: str, *, explain: bool = False) -> Statement:
    """The one SELECT in a text (with ``explain`` also EXPLAIN).

    Raises:
        InputError: it holds another kind of statement, more than one, or none.
        RunError: it is not SQL.
    """
    with engine_errors():
        found = connection.extract_statements(sql)
    if len(found) != 1:
        raise refuse("not-select", f"statements == {len(found)}, must be one SELECT.", None, "Remove the others.")
    kind = found[0].type.name
    if kind == "MULTI":
        raise refuse(
            "not-select",
            "a PIVOT without its values has columns that change with the data, must name them.",
            None,
            "Write PIVOT ... ON column IN (value, ...).",
        )
    if kind != "SELECT" and not (explain and kind == "EXPLAIN"):
        raise refuse(
            "not-select", f"statement == {kind}, must be a SELECT.", None, "A step only reads; it writes itself."
        )
    return found[0]


def bind(connection: DuckDBPyConnection, sql: str, *, explain: bool = False) -> DuckDBPyRelation:
    """The one SELECT in a text, bound to the tables there are and not yet run.

    Raises:
        InputError: as ``one_select``.
        RunError: it is not SQL, or does not bind.
    """
    statement = one_select(connection, sql, explain=explain)
    try:
        return connection.sql(statement)
    except duckdb.Error as error:
        raise RunError(_with_line(connection, sql, error)) from error


def _with_line(connection: DuckDBPyConnection, sql: str, error: duckdb.Error) -> Problem:
    """The error with the line and the place in it, which DuckDB tells only when it is asked to execute."""
    try:
        connection.execute(f"DESCRIBE\n{body(sql)}").fetchall()
    except duckdb.Error as told:
        if str(told).startswith(str(error)):
            return engine_problem(told, shift=1)
    return engine_problem(error)


def body(sql: str) -> str:
    """The text without the semicolons and comments at its end, so that it can stand in parentheses."""
    raw = sql.encode()
    tokens = duckdb.tokenize(sql)
    while tokens and (tokens[-1][1] == duckdb.token_type.comment or raw[tokens[-1][0] : tokens[-1][0] + 1] == b";"):
        raw = raw[: tokens.pop()[0]]
    return raw.decode()
