"""Compiling anomalies to steps: series in SQL, judgements and alerts in Python, and what blocks readers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.anomalies.alerts import alerts
from drawloom.frameworks.anomalies.calendars import calendar_problems, special_days
from drawloom.frameworks.anomalies.detectors import detector_history, detector_problems
from drawloom.frameworks.anomalies.feedback import read_feedback
from drawloom.frameworks.anomalies.judge import judge
from drawloom.frameworks.anomalies.matrix import MARK
from drawloom.frameworks.anomalies.spec import Anomalies
from drawloom.frameworks.anomalies.tables import anomalies_table
from drawloom.frameworks.anomalies.watch import DUPLICATES, METRIC_NAME, ROWS, Item, StatsItem, Value, find_items
from drawloom.frameworks.base import ProjectContext
from drawloom.model import Check, Days, Fix, InputError, Problem, Read, Step, digest

FILE = Path(__file__).with_name("series.sql")
FORMULAS = "1"  # raise it when the Python steps judge otherwise: all days become stale
MOST_SLICES = 100  # values of a dimension that are kept of a day
AND = " & "


def compile_anomalies(spec: Anomalies, project: ProjectContext) -> Iterator[Step]:
    """The steps that fill the tables of a spec.

    Raises:
        InputError: what is watched is unknown or watched twice, or a detector or calendar cannot be used.
    """
    problems = [*_package_problems(spec), *_schedule_problems(spec, project)]
    problems += [*detector_problems(spec), *calendar_problems(spec)]
    if problems:
        raise InputError(*problems)
    items, stats = find_items(spec, project)
    if problems := list(_twice(spec, items, stats, project)):
        raise InputError(*problems)
    series = anomalies_table(spec, project, "_series")
    yield Step(series.name, series, sql=series_sql(items, stats), where=spec.where)
    yield from _python_steps(spec, items, project)
    if spec.on_error == "block":
        yield _passed_step(spec, project)


def series_sql(items: list[Item], stats: list[StatsItem]) -> str:
    """The SELECT of all values of a day."""
    return sqlfiles.render_sql(
        FILE,
        items=[_quoted_item(item) for item in items],
        parts=[part for number, item in enumerate(items, 1) for part in _parts(item, number)],
        tables=[{"label": sqlfiles.quote_value(i.label), "rows": i.rows} for i in items if i.is_table],
        stats=stats,
        duplicates=sqlfiles.quote_value(DUPLICATES),
        metric_name=METRIC_NAME,
        most_slices=MOST_SLICES,
    )


def _quoted_item(item: Item) -> Mapping[str, Any]:
    keys = [f"s_{n}" for n in range(1, len(item.series) + 1)] + [f"d_{n}" for n in range(1, len(item.dimensions) + 1)]
    quoted = {name: [sqlfiles.quote_name(one) for one in getattr(item, name)] for name in ("series", "dimensions")}
    numbers = ", ".join(str(n + 1) for n in range(len(keys)))
    return {**quoted, "sums": item.values, "rows": item.rows, "by": numbers}


def _parts(item: Item, number: int) -> Iterator[Mapping[str, Any]]:
    """One SELECT for each metric and cut, and the number of all rows of a table whose series are cut."""
    for column, value in enumerate(item.values, 1):
        for cut in item.cuts:
            yield _part(item, number, column, value, cut, item.series)
        if item.series and value.metric == ROWS:
            yield _part(item, number, column, value, (), ())
    if item.series and not item.is_table:
        mark = _part(item, number, 1, item.values[0], (), ())
        yield {**mark, "metric": sqlfiles.quote_value(MARK), "value": "count(*)", "weight": "NULL"}


def _part(
    item: Item, number: int, column: int, value: Value, cut: tuple[str, ...], series: tuple[str, ...]
) -> Mapping[str, Any]:
    of_cut = [f"d_{item.dimensions.index(name) + 1}" for name in cut]
    of_series = [f"s_{item.series.index(name) + 1}" for name in series]
    total = f"sum(v_{column})"
    weight = f"sum(w_{column})" if value.weight else "NULL"
    whole = total if series or cut else f"coalesce({total}, 0)"
    texts = [
        text
        for n, (name, key) in enumerate(zip(series, of_series, strict=True))
        for text in (sqlfiles.quote_value(f"{', ' if n else ''}{name}="), key)
    ]
    between = sqlfiles.quote_value(AND)
    return {
        "label": sqlfiles.quote_value(item.label),
        "metric": sqlfiles.quote_value(value.metric if value.weight is None else f"{value.metric} per {_name(value)}"),
        "series": f"concat({', '.join(texts)})" if texts else "''",
        "slice": sqlfiles.quote_value(AND.join(cut)),
        "slice_value": f" || {between} || ".join(of_cut) if cut else "''",
        "value": f"{total} / nullif({weight}, 0)" if value.weight else whole,
        "weight": weight,
        "grouped": f"grouped_{number}",
        "by": ", ".join([*of_series, *of_cut]),
        "is_slice": bool(cut),
    }


def _name(value: Value) -> str:
    return (value.weight or "").strip('"')


def _python_steps(spec: Anomalies, items: list[Item], project: ProjectContext) -> Iterator[Step]:
    gap = spec.alert.gap + 1
    history = detector_history(spec)
    params = _params(spec, items, project)
    into, told = anomalies_table(spec, project, ""), anomalies_table(spec, project, "_alerts")
    reads = (
        Read(f"{spec.table}_series", Days.span(-history, 0), "offset"),
        Read(into.name, Days.span(-gap, -1), "offset"),
    )
    code = digest([FORMULAS, into.name, json.dumps(params, sort_keys=True)])
    # Days that are missing are no history, and keep no later day from being judged.
    waits = {f"{spec.table}_series": Days.of(0), into.name: None}
    yield Step(
        into.name, into, call=judge, reads=reads, params=params, fingerprint=code, where=spec.where, depends_on=waits
    )
    few = {name: params[name] for name in ("table", "most")}
    code = digest([FORMULAS, told.name, json.dumps(few, sort_keys=True)])
    judged = (Read(into.name, Days.of(0), "offset"),)
    few["tell"] = spec.alert.tell  # changes no row
    yield Step(told.name, told, call=alerts, reads=judged, params=few, fingerprint=code, where=spec.where)


def _params(spec: Anomalies, items: list[Item], project: ProjectContext) -> Mapping[str, Any]:
    """What the Python steps know of the spec; a change makes them stale."""
    changes = (spec.min_change.relative, spec.min_change.absolute)
    return {
        "spec": spec.name,
        "table": spec.table,
        "detector": spec.detector.kind,
        "min_history": spec.detector.min_history,
        "settings": dict(spec.detector.settings),
        "history": detector_history(spec),
        "warn": spec.severity.warn,
        "error": spec.severity.error,
        **({"min_change": list(changes)} if any(changes) else {}),
        "gap": spec.alert.gap,
        "most": spec.alert.most,
        "mute": [[one.table, one.metric, one.until.isoformat(), one.reason] for one in spec.alert.mute],
        "direction": spec.direction if isinstance(spec.direction, str) else list(spec.direction.items()),
        "special": [day.isoformat() for day in special_days(spec)],
        "top": spec.explain.top,
        "additive": sorted([item.label, value.metric] for item in items for value in item.values if not value.weight),
        "feedback": read_feedback(project.folder, spec.name),
    }


def _passed_step(spec: Anomalies, project: ProjectContext) -> Step:
    into = anomalies_table(spec, project, "_passed")
    table = sqlfiles.quote_table(f"{spec.table}_alerts")
    condition = "ds = DATE '{{ ds }}' AND severity = 'error' AND status = 'open'"
    sql = f"SELECT count(*) AS errors FROM {table} WHERE {condition}"
    check = Check("no unanswered alert of severity error", "SELECT errors FROM {{ staged }} WHERE errors > 0")
    return Step(into.name, into, sql=sql, checks=(check,), where=spec.place("on_error"))


def _package_problems(spec: Anomalies) -> Iterator[Problem]:
    missing = [name for name in ("numpy", "scipy") if find_spec(name) is None]
    if missing:
        message = f"kind == anomalies, must have {' and '.join(missing)} installed to be judged."
        yield Problem("missing-package", "error", message, spec.where, Fix("pip install 'drawloom[statistics]'"))


def _schedule_problems(spec: Anomalies, project: ProjectContext) -> Iterator[Problem]:
    schedule = project.schedule(spec)
    if schedule.grain != "day":
        message = f"schedule == {schedule.text}, must be @daily: days are judged."
        yield Problem("invalid", "error", message, spec.place("schedule"), Fix("Leave it out, or write @daily."))


def _twice(spec: Anomalies, items: list[Item], stats: list[StatsItem], project: ProjectContext) -> Iterator[Problem]:
    """The same series twice, in this spec or in another one."""
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    for number, item in enumerate(items):
        for value in item.values:
            key = (item.label.lower(), f"{value.metric}/{value.weight}", item.series)
            if key in seen:
                rule = f"must not watch {value.metric} a second time: give a SELECT a `name` of its own"
                yield spec.problem(("watch", number), item.label, rule)
            seen.add(key)
    names = [name for item in stats for name in item.labels]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield spec.problem(("watch",), name, "must not be watched twice: two items match its statistics")
    own = {_written(watch) for watch in spec.watch}
    for other in project.written("anomalies"):
        if isinstance(other, Anomalies) and (same := own & {_written(watch) for watch in other.watch}):
            rule = f"must not be watched by {other.name} as well: its alerts would come twice"
            yield spec.problem(("watch",), min(same), rule, Fix("Leave it out of one of them."))


def _written(watch: Any) -> str:
    return str(watch.table or watch.sql or watch.stats or f"{watch.kind} {watch.spec}")
