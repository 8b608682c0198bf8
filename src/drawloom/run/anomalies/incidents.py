"""All alerts of a project: those of its tables of alerts and those of rules, the worst first, nested by lineage."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.anomalies.feedback import Feedback, SeriesKey, add_feedback, read_feedback
from drawloom.frameworks.anomalies.spec import Anomalies
from drawloom.model import refuse
from drawloom.run.anomalies.rules import broken_rules
from drawloom.run.anomalies.watched import Clock, anomaly_specs, find_watched
from drawloom.run.table_graph import table_inputs
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from drawloom.run.project import Project
    from drawloom.run.snapshot import WarehouseSnapshot

MUTE_DAYS = 28
SAID = {"ack": "acknowledged", "mute": "muted", "expected": "expected", "wrong": "wrong"}
_SEVERITY = {"error": 0, "warn": 1}


@dataclass(frozen=True, slots=True)
class Incident:
    """An alert, as people see it.

    Args:
        id: what it is answered by.
        spec: the spec that found it.
        table: what it is about.
        kind: spike, drop, drift, change, or the rule that is broken.
        severity: ``error`` or ``warn``.
        status: open, acknowledged, muted, expected, wrong, held or resolved.
        summary: what happened, in words.
        first_seen: its first day.
        last_seen: its last day so far.
        score: how odd its leading series is; None of a rule.
        series: the flagged series.
        explanation: what explains it, as JSON.
        parent: the alert of a table upstream, which explains this one; ''.
    """

    id: str
    spec: str
    table: str
    kind: str
    severity: str
    status: str
    summary: str
    first_seen: date
    last_seen: date
    score: float | None = None
    series: tuple[SeriesKey, ...] = ()
    explanation: str | None = None
    parent: str = ""

    @property
    def is_open(self) -> bool:
        """Whether somebody should look at it."""
        return self.status == "open"


def find_incidents(project: Project, days: int = 7, now: datetime | None = None) -> list[Incident]:
    """The alerts of the last days, open ones and the worst first; each after the one that it is nested under.

    Args:
        project: the project.
        days: how many days up to the last judged one are looked at.
        now: the moment, for what is missing by now.
    """
    snapshot = project.snapshot()
    clock = Clock(now or datetime.now(UTC), project.settings.timezone, project.history.end)
    found: list[Incident] = []
    for spec in anomaly_specs(project):
        said = read_feedback(project.config.root, spec.name)
        mine = [*_of_tables(project, spec, snapshot, days), *_of_rules(project, spec, snapshot, clock, days)]
        found += [_answered(one, said) for one in mine]
    return _nested(sorted(found, key=_order), table_inputs(project.pipelines))


def _order(one: Incident) -> tuple[bool, int, int, float, str]:
    newest = -one.last_seen.toordinal()
    return (not one.is_open, _SEVERITY[one.severity], newest, -abs(one.score or 99.0), one.id)


def _of_tables(project: Project, spec: Anomalies, snapshot: WarehouseSnapshot, days: int) -> Iterator[Incident]:
    """What the tables of a spec have: each alert as of its last day, in the words of its worst one."""
    judged = snapshot.days(spec.table)
    if not judged or not snapshot.days(f"{spec.table}_alerts"):
        return
    last = judged[-1]
    since = f"ds > DATE '{last - timedelta(days=days)}'"
    keys = _series(project, spec, since)
    rows = project.query(f"SELECT * FROM {sqlfiles.quote_table(f'{spec.table}_alerts')} WHERE {since}").to_pylist()
    newest = {row["alert"]: row for row in sorted(rows, key=lambda row: row["ds"])}
    worst = {row["alert"]: row for row in sorted(rows, key=_oddness)}
    for id, row in worst.items():  # noqa: A001
        end = newest[id]
        is_over = end["ds"] + timedelta(days=spec.alert.gap) < last
        yield Incident(
            row["alert"],
            spec.name,
            row["table_name"],
            row["kind"],
            row["severity"],
            "resolved" if is_over else end["status"],
            row["summary"],
            row["first_seen"],
            end["last_seen"],
            row["score"],
            keys.get(row["alert"], ()),
            row["explanation"],
        )


def _oddness(row: Mapping[str, Any]) -> tuple[int, float, date]:
    return -_SEVERITY[row["severity"]], abs(row["score"] or 99.0), row["ds"]


def _series(project: Project, spec: Anomalies, since: str) -> dict[str, tuple[SeriesKey, ...]]:
    """The flagged series of each alert."""
    table = sqlfiles.quote_table(spec.table)
    names = "alert, table_name, metric, series"
    query = f"SELECT DISTINCT {names} FROM {table} WHERE {since} AND alert IS NOT NULL ORDER BY {names}"
    found: dict[str, tuple[SeriesKey, ...]] = {}
    for row in project.query(query).to_pylist():
        key = (row["table_name"], row["metric"], row["series"])
        found[row["alert"]] = (*found.get(row["alert"], ()), key)
    return found


def _of_rules(
    project: Project, spec: Anomalies, snapshot: WarehouseSnapshot, clock: Clock, days: int
) -> Iterator[Incident]:
    for watched in find_watched(project, spec, snapshot):
        for one in broken_rules(watched, clock, days):
            key = (one.table, one.rule, "")
            yield Incident(
                one.id,
                spec.name,
                one.table,
                one.rule,
                one.severity,
                "open",
                one.summary,
                one.first,
                one.last,
                series=(key,),
            )


def _answered(one: Incident, said: Iterable[Mapping[str, Any]]) -> Incident:
    """With the status that somebody gave it; a mute has an end."""
    for answer in said:
        if answer["alert"] == one.id and one.status != "resolved":
            is_over = answer["until"] and date.fromisoformat(answer["until"]) < one.last_seen
            one = one if is_over else replace(one, status=SAID[answer["verdict"]])
    return one


def _nested(found: Sequence[Incident], inputs: Mapping[str, set[str]]) -> list[Incident]:
    """Each alert of a table under one of the same days of a table that it is made of."""
    placed = [replace(one, parent=_parent(one, found, inputs)) for one in found]
    known = {one.id for one in placed}
    children: dict[str, list[Incident]] = {}
    for one in placed:
        children.setdefault(one.parent if one.parent in known else "", []).append(one)
    listed: list[Incident] = []

    def add(parent: str) -> None:
        for one in children.pop(parent, ()):
            listed.append(one)
            add(one.id)

    add("")
    return listed


def _parent(one: Incident, found: Sequence[Incident], inputs: Mapping[str, set[str]]) -> str:
    """The alert of the nearest table upstream that has one of the same days, and is as open."""
    rim, seen = set(inputs.get(one.table, ())), {one.table}
    while rim:
        for other in found:
            is_same_time = other.first_seen <= one.last_seen and one.first_seen <= other.last_seen
            if other.table in rim and is_same_time and other.is_open == one.is_open and other.kind != "restated":
                return other.id
        seen |= rim
        rim = {table for name in rim for table in inputs.get(name, ())} - seen
    return ""


def answer(
    project: Project,
    id: str,  # noqa: A002
    verdict: str,
    *,
    until: date | None = None,
    reason: str = "",
    series: str = "",
    by: str = "",
) -> tuple[Incident, Path]:
    """Say something of an alert; the alert, and the file in which that is kept.

    Args:
        project: the project.
        id: of the alert, or its first letters.
        verdict: ack, mute, expected or wrong.
        until: of mute: the last day; four weeks after the last flagged one otherwise.
        reason: why.
        series: only of this one of its series, like ``fare`` or ``country=US``.
        by: who says it; the user of this process otherwise.

    Raises:
        InputError: there is no such alert or series.
    """
    found = find_incidents(project, days=90)
    one = _find(found, id)
    keys = tuple(key for key in one.series if series in {"", key[1], key[2], f"{key[1]} {key[2]}"})
    if not keys:
        names = [f"{metric} {name}".strip() for _, metric, name in one.series]
        raise refuse(
            "unknown-name", f"series == {series!r}, must be one of the alert.", None, f"There are: {', '.join(names)}."
        )
    end = until or one.last_seen + timedelta(days=MUTE_DAYS)
    said = Feedback(
        one.id,
        verdict,
        one.first_seen.isoformat(),
        one.last_seen.isoformat(),
        keys,
        end.isoformat() if verdict == "mute" else "",
        reason,
        by or getpass.getuser(),
    )
    return one, add_feedback(project.config.root, one.spec, said)


def _find(found: Sequence[Incident], id: str) -> Incident:  # noqa: A002
    matching = [one for one in found if one.id.startswith(id)]
    if len(matching) == 1:
        return matching[0]
    names = [one.id for one in found]
    fix = did_you_mean(id, names) or f"There are: {', '.join(names) or 'none'}."
    raise refuse("unknown-name", f"alert == {id!r}, must be the id of one alert of the last 90 days.", None, fix)
