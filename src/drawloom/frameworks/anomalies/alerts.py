"""The Python step that makes one alert of all flagged series of a table, led by the one that matters most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.anomalies.tables import ALERT
from drawloom.frameworks.anomalies.watch import DUPLICATES, ROWS
from drawloom.frameworks.anomalies.words import describe
from drawloom.frameworks.arrow import rows_as_table
from drawloom.model import StepContext

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]
_RANK = {"error": 0, "warn": 1}


def alerts(context: StepContext) -> pa.Table:
    """The rows of ``anomalies.<name>_alerts`` for the day of a run."""
    by_alert: dict[str, list[Row]] = {}
    for row in context.read(context.params["table"]).to_pylist():
        if row["alert"]:
            by_alert.setdefault(row["alert"], []).append(row)
    found = [_alert(rows) for rows in by_alert.values()]
    found.sort(key=lambda row: (_RANK[row["severity"]], -abs(row["score"] or 99.0), row["alert"]))
    held = {row["alert"] for row in found[context.params["most"] :]}
    return rows_as_table(ALERT, ({**row, "status": "held"} if row["alert"] in held else row for row in found))


def _alert(rows: Sequence[Row]) -> Row:
    lead = min(rows, key=_weight)
    severity = min((row["severity"] for row in rows), key=_RANK.__getitem__)
    days = (lead["last_seen"] - lead["first_seen"]).days + 1
    more = {"severity": severity, "summary": describe(lead), "days": days, "others": len(rows) - 1}
    return {**lead, **more}


def _weight(row: Row) -> tuple[int, int, int, float, tuple[str, str]]:
    """Rules first, then rows of the table, NULLs, what is not cut by series, and what is most odd."""
    rank = {DUPLICATES: 0, ROWS: 1}.get(row["metric"], 2 if row["metric"].endswith("null_ratio") else 3)
    is_rule = row["kind"] in {"empty", "loaded twice"}
    return (not is_rule, rank, bool(row["series"]), -abs(row["score"] or 99.0), (row["metric"], row["series"]))
