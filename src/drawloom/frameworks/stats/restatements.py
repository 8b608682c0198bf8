"""The record of partitions that changed after their statistics were first computed: when, and which numbers moved."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.arrow import rows_as_table
from drawloom.frameworks.stats.kinds import quote_table
from drawloom.frameworks.stats.spec import stats_name
from drawloom.model import Column, StepContext

if TYPE_CHECKING:
    import pyarrow as pa

RESTATEMENT_COLUMNS = (
    Column("table_name", "VARCHAR", "the table that is watched"),
    Column("number", "BIGINT", "0: what it was when its statistics were first computed; then each change of it"),
    Column("seen_at", "TIMESTAMP", "when that was noticed, in UTC"),
    Column("content_before", "VARCHAR", "the hash of its rows before; NULL of the first"),
    Column("content", "VARCHAR", "the hash of its rows then"),
    Column("rows_before", "BIGINT"),
    Column("rows", "BIGINT"),
    Column("changes", "VARCHAR", "JSON: column, metric, before and after of each statistic that moved, the most first"),
    Column("statistics", "VARCHAR", "JSON: the numbers that changes are measured by, as column.metric"),
)
ROWS = "row_count"
Numbers = dict[str, float]


def note_restatement(context: StepContext) -> pa.Table:
    """The rows that a day has so far, and one more if its partition has changed since the last one."""
    table = context.params["table"]
    before = context.previous()
    rows = [dict(row) for row in before.to_pylist()] if before is not None else []
    content = context.content(table)
    if content:
        now = _numbers(context, table)
        rows = [_without_dropped(row, now) for row in rows]
        if rows and rows[-1]["content"] == content:
            rows[-1]["statistics"] = _text(now)  # rules may have changed
        else:
            rows.append(_row(table, rows[-1] if rows else None, content, now))
    return rows_as_table(RESTATEMENT_COLUMNS, rows)


def _numbers(context: StepContext, table: str) -> Numbers:
    """The numbers of the partition, by column and metric; of the table itself by the metric."""
    name = "CASE WHEN column_name = '' THEN metric ELSE concat(column_name, '.', metric) END AS name"
    source = quote_table(stats_name(table))
    found = context.query(f"SELECT {name}, value FROM {source} WHERE slice = '' AND value IS NOT NULL ORDER BY name")
    return {row["name"]: row["value"] for row in found.to_pylist() if math.isfinite(row["value"])}


def _row(table: str, last: Mapping[str, Any] | None, content: str, now: Numbers) -> dict[str, Any]:
    before: Numbers = json.loads(last["statistics"]) if last else now
    return {
        "table_name": table,
        "number": last["number"] + 1 if last else 0,
        "seen_at": datetime.now(UTC).replace(tzinfo=None),
        "content_before": last["content"] if last else None,
        "content": content,
        "rows_before": _rows(before) if last else None,
        "rows": _rows(now),
        "changes": json.dumps(list(_changes(before, now))),
        "statistics": _text(now),
    }


def _changes(before: Numbers, now: Numbers) -> Iterator[dict[str, Any]]:
    """What moved, the most by its own size first; None where there was or is no such column."""
    moved = [name for name in {**before, **now} if not _is_same(before.get(name), now.get(name))]
    for name in sorted(moved, key=lambda name: (-_size(before.get(name), now.get(name)), name)):
        column, _, metric = name.rpartition(".")
        yield {"column": column, "metric": metric, "before": before.get(name), "after": now.get(name)}


def _is_same(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is now
    return math.isclose(before, now, rel_tol=1e-9)


def _size(before: float | None, now: float | None) -> float:
    if before is None or now is None:
        return math.inf
    return abs(now - before) / max(abs(before), 1e-12)


def _without_dropped(row: dict[str, Any], now: Numbers) -> dict[str, Any]:
    """A row without numbers that its columns do not have any more: what a rule drops is not kept here either."""
    columns = {name.rpartition(".")[0] for name in now}

    def is_kept(column: str, metric: str) -> bool:
        return column not in columns or (f"{column}.{metric}" if column else metric) in now

    numbers = {n: v for n, v in json.loads(row["statistics"]).items() if is_kept(*n.rpartition(".")[::2])}
    changes = [one for one in json.loads(row["changes"]) if is_kept(one["column"], one["metric"])]
    return {**row, "changes": json.dumps(changes), "statistics": _text(numbers)}


def _rows(numbers: Numbers) -> int | None:
    return int(numbers[ROWS]) if ROWS in numbers else None


def _text(numbers: Numbers) -> str:
    return json.dumps(numbers, sort_keys=True)
