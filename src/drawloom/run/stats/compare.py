"""Two days of a table side by side: what has moved in each column, the most first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.stats.drift import LARGE, SMALL, read_state, stability_index
from drawloom.run.stats.watched import find_table, scan_days, statistics_of, stored_states

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.project import Project

SHARE = 0.05  # of NULLs more or less is much


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """A column on two days. ``index`` is the population stability index of its values, None where it has no sketch.

    ``missing`` says on which of the days the table has no such column; '' where on neither.
    """

    name: str
    index: float | None
    null_ratio: tuple[float | None, float | None]
    distinct: tuple[float | None, float | None]
    mean: tuple[float | None, float | None]
    missing: str = ""

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.missing:
            return f"not on {self.missing}"
        moved = self.index or 0.0
        nulls = abs((self.null_ratio[1] or 0.0) - (self.null_ratio[0] or 0.0))
        if moved >= LARGE or nulls >= SHARE:
            return "moved"
        return "a little" if moved >= SMALL or nulls >= SHARE / 5 else ""

    @property
    def size(self) -> tuple[bool, float]:
        """By which columns are sorted."""
        nulls = abs((self.null_ratio[1] or 0.0) - (self.null_ratio[0] or 0.0))
        return bool(self.missing), max(self.index or 0.0, nulls * LARGE / SHARE)


@dataclass(frozen=True, slots=True)
class TableDrift:
    """A table on two days, its columns by how far they have moved."""

    table: str
    before: date
    now: date
    rows: tuple[float | None, float | None]
    columns: tuple[ColumnDrift, ...]


def compare_days(project: Project, name: str, before: date, now: date) -> TableDrift:
    """How the columns of a table differ between two days, from stored states where they are of the tier full, or else computed.

    Raises:
        InputError: there is no such table, or it has no partition on one of the days.
    """
    table = find_table(project, name)
    days = [table.chosen(before), table.chosen(now)]
    states = [stored_states(project, table, day) for day in days]
    if not all(one is not None and _is_full(one) for one in states):
        states = list(scan_days(project, table, days, "full").values())
    first, second = (_columns(one) for one in states)
    rows = first.get("", {}).get("row_count"), second.get("", {}).get("row_count")
    found = list(_drifts(first, second, (before, now)))
    return TableDrift(
        table.name, before, now, rows, tuple(sorted(found, key=lambda one: (-one.size[0], -one.size[1], one.name)))
    )


def _is_full(states: pa.Table) -> bool:
    return bool({"tdigest", "topk"} & set(states.column("kind").to_pylist()))


def _columns(states: pa.Table | None) -> dict[str, dict[str, Any]]:
    """The metrics of each column, and the state of its values under ``state``."""
    assert states is not None
    found: dict[str, dict[str, Any]] = {}
    for one in statistics_of(states):
        found.setdefault(one.column_name, {})[one.metric] = one.value
    for row in states.to_pylist():
        if row["kind"] in {"tdigest", "topk"} and not row["slice"]:
            metrics = found.setdefault(row["column_name"], {})
            state = read_state(
                row["state"], row["rows_seen"] * row["sample_fraction"] - (metrics.get("null_count") or 0)
            )
            if row["kind"] == "tdigest" or "state" not in metrics:
                metrics["state"] = state
    return found


def _drifts(
    first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]], days: tuple[date, date]
) -> Iterator[ColumnDrift]:
    for name in {**first, **second}:
        if name:
            a, b = first.get(name, {}), second.get(name, {})
            before, now = a.get("state"), b.get("state")
            index = stability_index(before, now) if before and now else None
            missing = str(days[0]) if not a else str(days[1]) if not b else ""
            nulls, distinct, mean = ((a.get(one), b.get(one)) for one in ("null_ratio", "distinct", "mean"))
            yield ColumnDrift(name, index, nulls, distinct, mean, missing)


def drift_json(found: TableDrift) -> dict[str, Any]:
    """As plain values."""
    columns = [{**asdict(one), "verdict": one.verdict} for one in found.columns]
    return {
        "table": found.table,
        "days": [str(found.before), str(found.now)],
        "rows": list(found.rows),
        "columns": columns,
    }
