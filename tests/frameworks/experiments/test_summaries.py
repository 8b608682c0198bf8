"""An experiment of which only counts, means and variances are known."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from drawloom.run.project import Project
from drawloom.statistics import Moments, compare_means
from tests.frameworks.experiments.rides import START

SPEC = """
kind: experiment
name: checkout
statistics: {table: core.checkpoints, where: experiment = 7, n: users, alpha: 0.1, correction: none}
variants: {a: 1, b: 1, c: 2}
baseline: b
start: 2026-03-04
max_days: 2
metrics: {goal: clicks, guardrail: refunds}
owner: shop@example.com
"""
ARMS = {"a": (1000, 2.5, 4.0), "b": (1100, 2.4, 4.4), "c": (2050, 2.6, None)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    settings = {
        "name": "shop",
        "start": START,
        "end": START + timedelta(days=3),
        "sources": {"core.checkpoints": {"files": "in/{ds}.parquet"}},
    }
    (tmp_path / "specs").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "drawloom.yml").write_text(yaml.safe_dump(settings))
    (tmp_path / "specs" / "checkout.yml").write_text(SPEC)
    rows = [
        {
            "experiment": experiment,
            "metric": "clicks",
            "variant": variant,
            "users": n,
            "mean": mean,
            "variance": variance,
        }
        for experiment in (7, 8)
        for variant, (n, mean, variance) in ARMS.items()
    ]
    for day in range(4):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in" / f"{START + timedelta(days=day)}.parquet")
    return tmp_path


def test_results_come_from_the_table(root: Path) -> None:
    with Project.load(root) as project:
        assert project.run().exit_code == 0
        found = project.query("SELECT * FROM experiments.checkout ORDER BY ds, metric, variant").to_pylist()
        health = project.query("SELECT * FROM experiments.checkout_health WHERE ds = DATE '2026-03-05'").to_pylist()
    assert {row["ds"] for row in found} == {START, START + timedelta(days=1)}, "max_days ends it"
    clicks = {row["variant"]: row for row in found if row["metric"] == "clicks" and row["ds"] == START}
    arms = {name: Moments.of(n, mean, (variance or 0) * (n - 1)) for name, (n, mean, variance) in ARMS.items()}
    expected = compare_means(arms["b"], arms["a"])
    assert clicks["a"]["p_value"] == pytest.approx(float(expected.p_value))
    assert (clicks["a"]["n_baseline"], clicks["a"]["n_variant"]) == (1100, 1000)
    assert clicks["c"]["reason"] is not None
    assert clicks["c"]["p_value"] is None
    assert {row["reason"] for row in found if row["metric"] == "refunds"} == {"no-units"}
    assert {row["p_adjusted"] for row in found} == {None}
    ratio = next(row for row in health if row["check"] == "sample-ratio")
    assert (ratio["verdict"], ratio["detail"]) == ("ok", "1,000 a, 1,100 b, 2,050 c")
