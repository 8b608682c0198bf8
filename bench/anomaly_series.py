"""Series with labelled incidents: generated ones, and a labelled set from files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import csv

from bench.anomaly_scorer import Incident

Floats = NDArray[np.float64]
JUDGED = 120  # of each series its last days are judged, but for the first 28
POINTS = {"spike": 2.2, "drop": 0.45, "partial": 0.3, "dup": 2.0}


@dataclass
class Labelled:
    """Series x days that end on the same day, the first judged column of each, its incidents, and the days themselves."""

    values: Floats
    first_days: list[int]
    days: list[date]
    incidents: dict[int, list[Incident]] = field(default_factory=dict)

    @property
    def month_days(self) -> list[int]:
        """The day of the month of each column."""
        return [day.day for day in self.days]

    def first(self, series: int) -> Labelled:
        """The first of the series."""
        incidents = {row: found for row, found in self.incidents.items() if row < series}
        return Labelled(self.values[:series], self.first_days[:series], self.days, incidents)


def read_labelled(folder: Path) -> Labelled:
    """The labelled set of a folder: ``synth_calib.csv.gz`` with its labels."""
    rows = csv.read_csv(folder / "synth_calib.csv.gz")
    labels = csv.read_csv(folder / "synth_calib_labels.csv").to_pylist()
    names = {name: n for n, name in enumerate(dict.fromkeys(rows["series"].to_pylist()))}
    last, first = max(rows["ds"].to_pylist()), min(rows["ds"].to_pylist())
    width = (last - first).days + 1
    values = np.full((len(names), width), np.nan)
    lengths = [0] * len(names)
    for name, ds, value in zip(*(rows[column].to_pylist() for column in ("series", "ds", "value")), strict=True):
        values[names[name], (ds - first).days] = np.nan if value is None else value
        lengths[names[name]] += 1
    incidents: dict[int, list[Incident]] = {}
    for row in labels:
        found = Incident((row["start"] - first).days, (row["end"] - first).days, row["kind"], bool(row["scored"]))
        incidents.setdefault(names[row["series"]], []).append(found)
    starts = [width - min(n - 28, JUDGED) for n in lengths]
    return Labelled(values, starts, [first + timedelta(days=n) for n in range(width)], incidents)


def generate(series: int, seed: int, days: int = 240) -> Labelled:
    """Counts, revenues and shares with weekdays, a trend, noise with heavy tails, missing days, and about 1.5 incidents each."""
    random = np.random.default_rng(seed)
    start = date(2026, 1, 1)
    made = Labelled(
        np.empty((series, days)), [days - JUDGED] * series, [start + timedelta(days=n) for n in range(days)]
    )
    for number in range(series):
        y = _logarithms(random, days)
        count = random.poisson(1.5)
        free = [days - JUDGED + 30 * n for n in range(JUDGED // 30)]
        for at in sorted(random.choice(len(free), min(count, len(free)), replace=False)):
            incident = _add_incident(random, y, free[at] + int(random.integers(0, 8)))
            made.incidents.setdefault(number, []).append(incident)
        made.values[number] = _values(random, y)
    return made


def _logarithms(random: np.random.Generator, days: int) -> Floats:
    weekday = np.tile(random.normal(0, random.uniform(0.05, 0.35), 7), days // 7 + 1)[:days]
    noise = random.uniform(0.02, 0.1) * random.standard_t(5, days)
    level = np.log(10) * random.uniform(2, 5) + np.cumsum(random.normal(0, 0.004, days))
    return np.asarray(level + random.normal(0, 0.0008) * np.arange(days) + weekday + noise)


def _add_incident(random: np.random.Generator, y: Floats, at: int) -> Incident:
    kind = str(random.choice([*POINTS, "level_shift", "drift"]))
    if kind in POINTS:
        y[at] += np.log(POINTS[kind]) * random.uniform(0.9, 1.3)
        return Incident(at, at, kind)
    size = float(random.choice([-1, 1])) * random.uniform(0.35, 0.7)
    ramp = 3 if kind == "level_shift" else 14
    y[at:] += size * (np.minimum(np.arange(len(y) - at) + 1, ramp) / ramp if kind == "drift" else 1.0)
    return Incident(at, at + ramp - 1, kind)


def _values(random: np.random.Generator, y: Floats) -> Floats:
    kind = random.choice(["count", "revenue", "ratio"])
    values = np.round(np.exp(y)) if kind == "count" else np.exp(y) / (1e6 if kind == "ratio" else 1.0)
    if random.random() < 0.25:
        values[random.random(len(values)) < 0.03] = np.nan
    return np.asarray(values)
