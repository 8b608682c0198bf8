"""Statistics of rows in DuckDB's memory, without a project."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from drawloom.frameworks.stats.merge import Statistic, merge_states
from drawloom.frameworks.stats.scan import ScanPlan, scan_table
from drawloom.frameworks.stats.steps import states_table

FULL = ScanPlan("full")
Key = tuple[str, str]


def states_of(connection: duckdb.DuckDBPyConnection, sql: str, plan: ScanPlan, day: date) -> pa.Table:
    """The states of the rows of a SELECT, as those of a day."""
    connection.execute(f"CREATE OR REPLACE TABLE watched AS {sql}")
    found = scan_table(lambda text: connection.sql(text).to_arrow_table(), "watched", plan)
    rows = states_table("core.t", found, plan.engine)
    return rows.append_column("ds", pa.array([day] * rows.num_rows, pa.date32()))


def measure(*selects: str, plan: ScanPlan = FULL) -> dict[Key, Statistic]:
    """The statistics of the rows of SELECTs, each a day, merged; by column and metric, without those of slices."""
    return {(one.column_name, one.metric): one for one in measure_all(selects, plan) if not one.slice}


def measure_all(selects: Sequence[str], plan: ScanPlan = FULL) -> list[Statistic]:
    """As ``measure``, with those of slices."""
    with duckdb.connect() as connection:
        first = date(2026, 1, 1)
        days = [states_of(connection, sql, plan, first + timedelta(days=n)) for n, sql in enumerate(selects)]
    return list(merge_states(pa.concat_tables(days)).statistics())


def values(found: dict[Key, Statistic], column: str) -> dict[str, Any]:
    """The value of each metric of a column, or its text where it has no value."""
    return {
        metric: one.value_text if one.value is None else one.value
        for (name, metric), one in found.items()
        if name == column
    }
