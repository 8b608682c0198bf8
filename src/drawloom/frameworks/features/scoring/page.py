"""What the page of a set shows of its model: the scores by day, and whether what they say has happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.features.labels import labels_sql
from drawloom.frameworks.features.scoring.spec import SCORE, Scoring
from drawloom.frameworks.features.spec import Features
from drawloom.frameworks.page import Block, Chart, Series

FILE = Path(__file__).with_name("calibration.sql")
GROUPS = 10  # of scores, from the lowest to the highest


def scoring_blocks(spec: Features, days: int) -> Iterator[Block]:
    """The charts of the scores of the last days; of calibration, where there is a label that says what has happened."""
    if spec.scoring is None:
        return
    table = sqlfiles.quote_table(spec.scoring.output)
    recent = f"ds > (SELECT max(ds) FROM {table}) - INTERVAL '{days}' DAY"
    mean = f"SELECT ds, avg({SCORE}) AS score FROM {table} WHERE {recent} GROUP BY ds ORDER BY ds"
    title = f"{spec.scoring.output}: the mean score by day"
    yield Chart("scores", title, "lines", mean, "ds", (Series("score", "mean score", "blue"),), format="significant")
    if label := predicted_label(spec, spec.scoring):
        yield _calibration(spec, spec.scoring, label, days)


def predicted_label(spec: Features, scoring: Scoring) -> str | None:
    """The label that the model predicts: the one that is named, or the only one that says whether something happened."""
    found = [name for name, label in spec.labels.items() if label.op == "any"]
    return scoring.label or (found[0] if len(found) == 1 else None)


def _calibration(spec: Features, scoring: Scoring, label: str, days: int) -> Chart:
    table, horizon = sqlfiles.quote_table(scoring.output), spec.labels[label].horizon
    recent = f"ds > (SELECT max(ds) FROM {table}) - INTERVAL '{days + horizon}' DAY"
    query = sqlfiles.render_sql(
        FILE,
        table=table,
        keys=sqlfiles.quote_names(spec.entity.key),
        score=SCORE,
        label=sqlfiles.quote_name(label),
        labels=labels_sql(spec, [label], recent),
        horizon=horizon,
        shown=days,
        groups=GROUPS,
    )
    return Chart(
        "calibration",
        f"{label}: what was predicted, and what happened",
        "lines",
        query,
        "part",
        (Series("score", "mean score", "blue"), Series("happened", f"share with {label}", "amber")),
        f"By {GROUPS} groups from the lowest scores to the highest, over {days} days whose horizon is over. Of a calibrated model both are the same.",
        format="percent",
        empty="No scored day is old enough to know what happened.",
    )
