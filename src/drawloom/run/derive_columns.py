"""The columns that tables will have, before they are written: DuckDB binds the SQL of steps over empty tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb

from drawloom.engines import quote
from drawloom.engines.columns import storable_type
from drawloom.engines.duckdb.connection import connect, without_semicolon
from drawloom.engines.duckdb.guard import check_reads
from drawloom.model import KEY, Column, InputError, Pipeline, Step
from drawloom.run.step_runner import render_step
from drawloom.sql.translate.portable import expand_portable_functions

if TYPE_CHECKING:
    from datetime import date

    from duckdb import DuckDBPyConnection

KnownColumns = Mapping[str, Sequence[Column]]


def derive_columns(pipelines: Iterable[Pipeline], known: KnownColumns, day: date) -> dict[str, tuple[Column, ...]]:
    """The columns of tables that are not known, as far as they follow from those that are.

    Tables whose SQL does not bind, or that a Python function fills, are left out; so are tables that read them.

    Args:
        pipelines: whose tables they are.
        known: columns by table, without ``ds``.
        day: the day for which the texts are rendered.
    """
    todo = [(p, step) for p in pipelines for step in p.steps if step.sql is not None and not known.get(step.into.name)]
    if not todo:
        return {}
    connection = connect(1, "50%", (), (), None)
    try:
        for table, columns in known.items():
            _create_empty_table(connection, table, columns)
        return dict(_bind_all(connection, todo, day))
    finally:
        connection.close()


def _bind_all(
    connection: DuckDBPyConnection, todo: list[tuple[Pipeline, Step]], day: date
) -> Iterator[tuple[str, tuple[Column, ...]]]:
    """Tables and columns of the steps, in passes over those that do not bind yet until none is left that binds."""
    while todo:
        left = []
        for pipeline, step in todo:
            columns = step.into.columns or _bind(connection, pipeline, step, day)
            if columns:
                _create_empty_table(connection, step.into.name, columns)
                yield step.into.name, columns
            else:
                left.append((pipeline, step))
        if len(left) == len(todo):
            return
        todo = left


def _bind(connection: DuckDBPyConnection, pipeline: Pipeline, step: Step, day: date) -> tuple[Column, ...]:
    try:
        first = pipeline.schedule.last_run_day(day)
        text = render_step(step, pipeline.schedule, first, is_incremental=lambda: False)
        expanded = without_semicolon(expand_portable_functions(text))
        check_reads(connection, expanded, ())
        relation = connection.sql(expanded)
        kinds = zip(relation.columns, relation.types, strict=True)
        return tuple(Column(name, storable_type(kind)) for name, kind in kinds if name.lower() != KEY)
    except (InputError, duckdb.Error, ValueError):
        return ()


def _create_empty_table(connection: DuckDBPyConnection, table: str, columns: Sequence[Column]) -> None:
    schema, _, _ = table.partition(".")
    items = ", ".join(f"{quote.name(column.name)} {column.type}" for column in columns)
    key = "" if any(column.name.lower() == KEY for column in columns) else f", {KEY} DATE"
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote.name(schema)}")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {quote.dotted(table.split('.'))} ({items}{key})")
