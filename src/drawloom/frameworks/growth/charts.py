"""The charts of a growth spec: what each shows, in which order and colours, and the SQL that gives its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.growth.spec import Growth

Form = Literal["bars", "lines", "areas", "histogram", "table"]


@dataclass(frozen=True, slots=True)
class Series:
    """One column of a chart's rows; ``below`` says that it is drawn below the zero line."""

    key: str
    label: str
    colour: str
    below: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. ``x`` is the column of its axis; ``line`` is a value at which a line is drawn across."""

    name: str
    title: str
    caption: str
    form: Form
    x: str
    series: tuple[Series, ...]
    sql: str
    line: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a person has chosen to look at."""

    activity: str
    window: int = 7
    step: str = "day"
    cut: tuple[str, ...] = ()


NEW = Series("new", "new", "#1b8a7a")
RETAINED = Series("retained", "retained", "#4a72b0")
RESURRECTED = Series("resurrected", "resurrected", "#d89a2b")
CHURNED = Series("churned", "churned", "#c9445c", below=True)
STALE = Series("stale", "stale", "#9aa5b1")
ACTIVE = (Series("w1", "DAU", "#0b5cab"), Series("w7", "WAU", "#b8500c"), Series("w28", "MAU", "#6b3fa0"))


def charts(spec: Growth, view: View) -> tuple[Chart, ...]:
    """The charts of a spec, in the order in which a page shows them.

    >>> [chart.name for chart in charts(spec, View("rides"))]  # doctest: +SKIP
    ['accounting', 'actives', 'ratios', 'engagement', 'states', 'cells']
    """
    return (
        _accounting(spec, view),
        _actives(spec, view),
        _ratios(spec, view),
        _engagement(spec, view),
        _states(spec, view),
        *([_cells(spec, view)] if view.cut else []),
    )


def _accounting(spec: Growth, view: View) -> Chart:
    against = "that of the day before" if view.step == "day" else "the one before it"
    return Chart(
        "accounting",
        f"Growth accounting, {view.window}-day windows",
        f"Who came and who left: each day's {view.window}-day window against {against}. Flows of days add up; actives do not.",
        "bars",
        "ds",
        (NEW, RESURRECTED, CHURNED),
        f"SELECT ds, new, resurrected, churned, warmup FROM {_total(spec, view)} ORDER BY ds",
        0,
    )


def _actives(spec: Growth, view: View) -> Chart:
    sizes = [size for size in sorted(spec.windows) if f"w{size}" in {series.key for series in ACTIVE}]
    columns = ", ".join(f"max(CASE WHEN window_days = {size} THEN active END) AS w{size}" for size in sizes)
    rows = f"{sqlfiles.table(spec.table)} WHERE {_chosen(view)} AND cut = '' AND step = {sqlfiles.value(view.step)}"
    return Chart(
        "actives",
        "Daily, weekly and monthly actives",
        "Active within 1, 7 and 28 days, which leaves weekdays out of the longer ones.",
        "lines",
        "ds",
        tuple(series for series in ACTIVE if int(series.key[1:]) in sizes),
        f"SELECT ds, {columns or 'NULL AS none'} FROM {rows} GROUP BY ds ORDER BY ds",
    )


def _ratios(spec: Growth, view: View) -> Chart:
    return Chart(
        "ratios",
        "Quick ratio",
        "Who came for each one who left. Above 1 the actives grow; a gap is a day on which nobody left.",
        "lines",
        "ds",
        (Series("quick_ratio", "quick ratio", "#0b5cab"),),
        f"SELECT ds, quick_ratio FROM {_total(spec, view, '_ratios')} ORDER BY ds",
        1,
    )


def _engagement(spec: Growth, view: View) -> Chart:
    table, size = sqlfiles.table(f"{spec.table}_engagement"), 7 if view.window <= 7 else 28
    return Chart(
        "engagement",
        f"L{size}: active days out of {size}",
        "The last day's entities by how many days they were active on. A tail that rises to the right is a habit.",
        "histogram",
        "days_active",
        (Series("entities", "entities", "#4a72b0"),),
        f"SELECT days_active, entities FROM {table} WHERE {_chosen(view)} AND cut = '' AND window_days = {size} "
        f"AND ds = (SELECT max(ds) FROM {table}) ORDER BY days_active",
    )


def _states(spec: Growth, view: View) -> Chart:
    return Chart(
        "states",
        "Everybody, by state",
        "All who were ever active: the part that is stale was active neither now nor a step before.",
        "areas",
        "ds",
        (NEW, RESURRECTED, RETAINED, Series("churned", "churned", CHURNED.colour), STALE),
        f"SELECT ds, new, resurrected, retained, churned, stale FROM {_total(spec, view)} ORDER BY ds",
    )


def _cells(spec: Growth, view: View) -> Chart:
    table, names = sqlfiles.table(spec.table), sqlfiles.names(view.cut)
    first = sqlfiles.name(view.cut[0])
    return Chart(
        "cells",
        f"By {', '.join(view.cut)}",
        "The last day's cells, '(other)' last. Moved in: who was active before in another cell, less those who went.",
        "table",
        ", ".join(view.cut),
        (Series("active", "active", "#0b5cab"), NEW, RESURRECTED, CHURNED, Series("net_moved", "moved in", "#6b3fa0")),
        f"SELECT {names}, active, new, resurrected, churned, net_moved FROM {table} "
        f"WHERE {_part(view)} AND cut = {sqlfiles.value(','.join(view.cut))} AND ds = (SELECT max(ds) FROM {table}) "
        f"ORDER BY {first} = '(other)', active DESC, {names}",
    )


def _total(spec: Growth, view: View, ending: str = "") -> str:
    return f"{sqlfiles.table(spec.table + ending)} WHERE {_part(view)} AND cut = ''"


def _part(view: View) -> str:
    return f"{_chosen(view)} AND window_days = {int(view.window)} AND step = {sqlfiles.value(view.step)}"


def _chosen(view: View) -> str:
    return f"activity = {sqlfiles.value(view.activity)}"
