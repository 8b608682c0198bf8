"""Detectors of anomalies: what they find in a labelled set, and how many judgements they make in a CPU second.

Ours at its default settings, and the queries of elementary's tests on DuckDB (z-scores over a window that includes the judged
day), written by us after its macros. The labelled set is that of ../shared/data where it is, else one that is generated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from bench.anomaly_scorer import Score, score_flags
from bench.anomaly_series import JUDGED, Floats, Labelled, generate, read_labelled
from bench.measure import Line, Report, side_by_side
from drawloom.statistics.series import Weekday, forecast, weekday_robust, zscore

SHARED = Path(__file__).parents[2] / "shared/data/anomalies"
BATCH = 4_000
BATCH_DAYS = 180
# The window ends at the judged day, which is part of what it is compared with.
ELEMENTARY = """
SELECT series, day, abs((value - avg(value) OVER w) / nullif(stddev_samp(value) OVER w, 0)) AS z, count(value) OVER w AS n
FROM numbers WINDOW w AS (PARTITION BY series{partition} ORDER BY day ROWS BETWEEN {days} PRECEDING AND CURRENT ROW)
QUALIFY day >= {first}
"""


def measure(runs: int, smoothed: int = 0) -> Iterator[Report]:
    """What is found, as notes of the table of costs; then costs of a batch of thousands of series.

    ``smoothed`` is for how many of the labelled series `forecast` stands beside the default detector.
    """
    labelled = read_labelled(SHARED) if SHARED.is_dir() else generate(240, seed=7)
    yield _report("Detection: labelled series, their last 120 days", labelled, JUDGED, runs, with_scores=True)
    if smoothed:
        few = labelled.first(smoothed)
        yield _report(f"Detection: {smoothed} labelled series", few, JUDGED, 1, with_scores=True, with_forecast=True)
    width = BATCH_DAYS + Weekday().history
    many = np.resize(generate(500, seed=8, days=width).values, (BATCH, width))
    batch = Labelled(many, [width - BATCH_DAYS] * BATCH, generate(1, seed=8, days=width).days)
    yield _report(f"Speed: {BATCH:,} series, {BATCH_DAYS} days judged", batch, BATCH_DAYS, runs, with_scores=False)


def smoothing(labelled: Labelled, judge: int) -> dict[str, Callable[[], Floats]]:
    """The detector that fits a model to each series and day."""
    return {"forecast": lambda: forecast(labelled.values, judge).score / 4.5}


def detectors(labelled: Labelled, judge: int) -> dict[str, Callable[[], Floats]]:
    """The contenders: each gives scores as a multiple of its own threshold, for the judged days."""
    numbers = _table(labelled.values)
    months = labelled.month_days
    return {
        "weekday_robust": lambda: weekday_robust(labelled.values, judge, month_days=months).score / Weekday().threshold,
        "zscore, 28 days before": lambda: zscore(labelled.values, judge).score / 3,
        "elementary's SQL, 14 days": lambda: _elementary(numbers, labelled.values.shape, judge, "", 13) / 3,
        "elementary's SQL, day_of_week": lambda: (
            _elementary(numbers, labelled.values.shape, judge, ", day % 7", 13) / 3
        ),
    }


def _report(
    title: str, labelled: Labelled, judge: int, runs: int, *, with_scores: bool, with_forecast: bool = False
) -> Report:
    calls = detectors(labelled, judge) | (smoothing(labelled, judge) if with_forecast else {})
    costs = side_by_side(calls, runs)
    judged = len(labelled.values) * judge
    lines = [Line(name, costs[name], judged, _note(labelled, calls[name]() if with_scores else None)) for name in calls]
    notes = [f"{line.name}: {line.units / line.median:,.0f} judgements a CPU second" for line in lines]
    return Report(title, lines, "judgement", "weekday_robust", notes)


def _note(labelled: Labelled, scores: Floats | None) -> str:
    if scores is None:
        return ""
    found = scored(labelled, scores)
    kinds = ", ".join(f"{kind} {n}/{of}" for kind, (n, of) in sorted(found.by_kind.items()))
    rates = f"F1 {found.f1:.3f} (P {found.precision:.3f}, R {found.recall:.3f})"
    return f"{rates}, {found.false_alerts_per_year:.2f} false alerts a series-year; {kinds}"


def scored(labelled: Labelled, scores: Floats) -> Score:
    """The score of flags: judged days whose score, as a multiple of the threshold, is above 1."""
    flags = np.zeros(labelled.values.shape, bool)
    flags[:, -scores.shape[1] :] = np.abs(np.nan_to_num(scores)) > 1
    return score_flags(flags, labelled.first_days, labelled.incidents)


def _table(values: Floats) -> pa.Table:
    series, day = (index.ravel() for index in np.indices(values.shape))
    known = ~np.isnan(values.ravel())
    return pa.table({"series": series[known], "day": day[known], "value": values.ravel()[known]})


def _elementary(numbers: pa.Table, shape: tuple[int, ...], judge: int, partition: str, days: int) -> Floats:
    """z where the window has at least 7 values, as its ``min_training_set_size``."""
    first = shape[1] - judge
    sql = ELEMENTARY.format(partition=partition, days=days, first=first)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("numbers", numbers)
        rows = connection.execute(sql).fetchnumpy()
    scores = np.full((shape[0], judge), np.nan)
    enough = np.ma.filled(rows["n"], 0) >= 7
    scores[rows["series"][enough], rows["day"][enough] - first] = np.ma.filled(rows["z"], np.nan)[enough]
    return scores
