"""New alerts of a day, as they are told to the addresses of their spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.frameworks.anomalies.spec import ALERTS
from drawloom.model import KEY, Step

if TYPE_CHECKING:
    from drawloom.run.warehouse import Warehouse

_TOLD = {"warn": ("warn", "error"), "error": ("error",), "nobody": ()}
Alert = Mapping[str, Any]


def has_alerts(step: Step) -> bool:
    """Whether a step fills a table of alerts."""
    return step.into.member_of is not None and step.into.member_of.family == ALERTS


def new_alerts(warehouse: Warehouse, step: Step, ds: date) -> dict[str, Alert]:
    """The open alerts that began on a day and are to be told, by id and the worst first; none where it was not judged.

    An alert that goes on within the cooldown began earlier, and what is beyond the most alerts of a day is held: neither is new.
    """
    table = step.into.name
    if ds not in warehouse.engine.days(table):
        return {}
    condition = f"{KEY} = {quote.day(ds)} AND first_seen = {KEY} AND status = 'open'"
    rows = warehouse.engine.query(f"SELECT * FROM {quote.dotted(table.split('.'))} WHERE {condition}").to_pylist()
    told = [row for row in rows if row["severity"] in _TOLD[step.params.get("tell", "warn")]]
    told.sort(key=lambda row: (row["severity"] != "error", -abs(row["score"] or 99.0), row["alert"]))
    return {row["alert"]: row for row in told}


def message(name: str, ds: date, alerts: Sequence[Alert]) -> str:
    """New alerts of a spec in words: how many there are, and a line for each."""
    count = "1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts"
    lines = [f"{one['severity']} {one['alert']}: {one['summary']}" for one in alerts]
    return "\n".join([f"{name} {ds}: {count}", *lines])
