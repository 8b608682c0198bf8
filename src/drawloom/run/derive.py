"""What columns tables will have, before anything was written: DuckDB binds the steps' SQL over tables without rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb

from drawloom.engines import quote
from drawloom.engines.columns import storable
from drawloom.engines.connect import connect
from drawloom.engines.statement import body
from drawloom.model import KEY, Column, InputError, Pipeline, Step
from drawloom.run.step import rendered
from drawloom.sql.portable.closed import expanded

if TYPE_CHECKING:
    from datetime import date

    from duckdb import DuckDBPyConnection

Known = Mapping[str, Sequence[Column]]


def derive_columns(pipelines: Iterable[Pipeline], known: Known, day: date) -> dict[str, tuple[Column, ...]]:
    """The columns of tables that are not known, as far as they follow from what is.

    A table is left out where its SQL does not bind, or a function of Python makes it; so are those built on it.

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
            _make(connection, table, columns)
        return dict(_passes(connection, todo, day))
    finally:
        connection.close()


def _passes(
    connection: DuckDBPyConnection, todo: list[tuple[Pipeline, Step]], day: date
) -> Iterator[tuple[str, tuple[Column, ...]]]:
    """Steps in an order in which they bind: again and again over those that do not bind yet."""
    while todo:
        left = []
        for pipeline, step in todo:
            columns = step.into.columns or _bound(connection, pipeline, step, day)
            if columns:
                _make(connection, step.into.name, columns)
                yield step.into.name, columns
            else:
                left.append((pipeline, step))
        if len(left) == len(todo):
            return
        todo = left


def _bound(connection: DuckDBPyConnection, pipeline: Pipeline, step: Step, day: date) -> tuple[Column, ...]:
    try:
        first = pipeline.schedule.last_run_day(day)
        text = rendered(step, pipeline.schedule, first, is_incremental=lambda: False)
        relation = connection.sql(body(expanded(text)))
        kinds = zip(relation.columns, relation.types, strict=True)
        return tuple(Column(name, storable(kind)) for name, kind in kinds if name.lower() != KEY)
    except (InputError, duckdb.Error, ValueError):
        return ()


def _make(connection: DuckDBPyConnection, table: str, columns: Sequence[Column]) -> None:
    schema, _, _ = table.partition(".")
    items = ", ".join(f"{quote.name(column.name)} {column.type}" for column in columns)
    key = "" if any(column.name.lower() == KEY for column in columns) else f", {KEY} DATE"
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote.name(schema)}")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {quote.dotted(table.split('.'))} ({items}{key})")
