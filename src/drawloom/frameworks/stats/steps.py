"""The steps of a watched table, in Python: its states, and the statistics of one or more of its days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from drawloom.frameworks.arrow import as_table
from drawloom.frameworks.stats.kinds import quote, quote_table
from drawloom.frameworks.stats.merge import Statistic, merge_states
from drawloom.frameworks.stats.scan import ScanPlan, State, scan_table, state_version
from drawloom.frameworks.stats.spec import states_name
from drawloom.model import Column, StepContext

if TYPE_CHECKING:
    import pyarrow as pa

STATE_COLUMNS = (
    Column("table_name", "VARCHAR", "the table that is watched"),
    Column("column_name", "VARCHAR", "a column, or a field of a struct like address.zip; '' for the table"),
    Column("slice", "VARCHAR", "the column by which rows are cut; '' for all rows"),
    Column("slice_value", "VARCHAR", "its value, (other) or (null)"),
    Column("metric", "VARCHAR", "what the state is of"),
    Column(
        "kind", "VARCHAR", "how it merges: sum, min, max, moments, hll, tdigest, topk; none: not; plan: the metrics"
    ),
    Column("type", "VARCHAR", "the type of the values; sketches of different types do not merge"),
    Column("value", "DOUBLE"),
    Column("value_text", "VARCHAR", "where the number does not say it exactly"),
    Column("state", "VARCHAR", "JSON, as DuckDB exports it; of distinct values a letter for each register"),
    Column("rows_seen", "BIGINT", "rows of the partition"),
    Column("sample_fraction", "DOUBLE", "the share of them that it was computed of"),
    Column("engine", "VARCHAR"),
    Column("version", "VARCHAR", "changes where an engine makes other states of the same values"),
)
STAT_COLUMNS = (
    Column("table_name", "VARCHAR", "the table that is watched"),
    Column("grain", "VARCHAR", "partition, week, month or table"),
    Column("column_name", "VARCHAR", "a column, or a field of a struct like address.zip; '' for the table"),
    Column("slice", "VARCHAR", "the column by which rows are cut; '' for all rows"),
    Column("slice_value", "VARCHAR", "its value, (other) or (null)"),
    Column("metric", "VARCHAR"),
    Column("value", "DOUBLE", "NULL where it is not defined, as the mean of no values"),
    Column("value_text", "VARCHAR", "of texts and times, and of numbers that a DOUBLE does not hold exactly"),
    Column("rows_seen", "BIGINT", "rows that it is about"),
    Column("sample_fraction", "DOUBLE", "the share of them that it was computed of"),
    Column("engine", "VARCHAR", "that read them"),
)


def compute_states(context: StepContext) -> pa.Table:
    """The states of the partition of a day; without rows on a day on which the table has none."""
    settings = context.params
    plan = ScanPlan.from_json(settings)
    if not context.exists(settings["table"]):
        return states_table(settings["table"], (), plan.engine)
    table = quote_table(settings["table"])
    where = f"ds = DATE '{context.ds.isoformat()}'" if settings["dated"] else ""
    return states_table(settings["table"], scan_table(context.query, table, plan, where), plan.engine)


def merge_days(context: StepContext) -> pa.Table:
    """The statistics of the days that the step reads, merged from the states of each; of one day they are those of its scan."""
    settings = context.params
    names = ", ".join(quote(column.name) for column in STATE_COLUMNS)
    states = context.query(f"SELECT {names}, ds FROM {quote_table(states_name(settings['table']))}")
    return stats_table(settings["table"], settings["grain"], merge_states(states).statistics(), settings["engine"])


def states_table(table: str, states: Iterable[State], engine: str) -> pa.Table:
    """States as rows of ``meta.column_states``."""
    version = state_version(engine)
    return _arrow(STATE_COLUMNS, list(states), {"table_name": table, "engine": engine, "version": version})


def stats_table(table: str, grain: str, statistics: Iterable[Statistic], engine: str) -> pa.Table:
    """Statistics as rows of ``meta.column_stats``."""
    return _arrow(STAT_COLUMNS, list(statistics), {"table_name": table, "grain": grain, "engine": engine})


def _arrow(columns: Sequence[Column], rows: Sequence[State | Statistic], same: Mapping[str, str]) -> pa.Table:
    """Rows as a table, column by column: there are tens of thousands of a table of a thousand columns."""
    import pyarrow as pa

    values = {
        one.name: pa.repeat(pa.scalar(same[one.name], pa.string()), len(rows))
        if one.name in same
        else [getattr(row, one.name) for row in rows]
        for one in columns
    }
    return as_table(columns, values)
