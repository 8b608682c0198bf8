"""Published data through the whole pipeline: users as rows, and the checkpoints of 78 real experiments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import yaml

from drawloom.run.project import Project
from drawloom.statistics import sample_ratio
from tests.corpora import ASOS, ASOS_EXPECTED, GOLDEN, SHARED, USERS, needs

DAY = date(2026, 1, 2)
UNTIL = "forever: a test"
METRICS = {
    "kind": "metrics",
    "name": "shop",
    "source": "raw.events",
    "subjects": {"user": "user"},
    "metrics": {
        **{name: {"type": "sum", "value": name} for name in ("sessions", "orders", "revenue")},
        "per_session": {"type": "ratio", "numerator": "orders", "denominator": "sessions"},
    },
    "until": UNTIL,
}


def users(name: str, pre_period: int, *metrics: str) -> dict[str, Any]:
    """An experiment on all users of the file, exposed on one day, with what they did on it and on the day before."""
    return {
        "kind": "experiment",
        "name": name,
        "assignments": {"table": "raw.users", "subject": "user", "variant": "variant", "time": "at", "where": f"'{name}' <> ''"},
        "subject": "user",
        "variants": {"0": 1, "1": 1},
        "start": DAY,
        "end": DAY,
        "exposure_day": "include",
        "pre_period": pre_period,
        "metrics": {"goal": list(metrics)},
        "statistics": {"correction": "none"},
    }  # fmt: skip


def write(folder: Path, first: date, last: date, specs: dict[str, dict[str, Any]], *sources: str) -> Path:
    (folder / "specs").mkdir()
    settings = {
        "name": "published", "start": first, "end": last, "defaults": {"owner": "a@example.com", "retries": 0},
        "sources": {source: {"files": f"{source}/ds={{ds}}/*.parquet"} for source in sources},
    }  # fmt: skip
    (folder / "drawloom.yml").write_text(yaml.safe_dump(settings))
    for name, spec in specs.items():
        (folder / "specs" / f"{name}.yml").write_text(yaml.safe_dump(spec, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """4,000 users, with and without what they did before."""
    folder, before = tmp_path_factory.mktemp("shop"), DAY - timedelta(days=1)
    given = f"read_csv('{SHARED / USERS}')"
    names = ("sessions", "orders", "revenue")
    days = {DAY: ", ".join(names), before: ", ".join(f"{name}_covariate AS {name}" for name in names)}
    selects = {f"raw.events/ds={ds}": f'SELECT "user", {columns} FROM {given}' for ds, columns in days.items()}
    assigned = f"SELECT \"user\", variant, TIMESTAMP '{DAY} 09:00:00' AS at FROM {given}"
    selects |= {f"raw.users/ds={DAY}": assigned, f"raw.users/ds={before}": f"{assigned} LIMIT 0"}
    for path, select in selects.items():
        (folder / path).mkdir(parents=True)
        duckdb.execute(f"COPY ({select}) TO '{folder}/{path}/rows.parquet'")
    specs = {
        "shop": METRICS,
        "plain": users("plain", 0, "sessions", "per_session"),
        "before": users("before", 1, "orders", "revenue"),
    }
    with Project.load(write(folder, before, DAY, specs, "raw.events", "raw.users")) as project:
        assert project.run().exit_code == 0
        yield project


RESULTS = {
    "effect_size": "effect",
    "effect_size_ci_lower": "ci_low",
    "effect_size_ci_upper": "ci_high",
    "pvalue": "p_value",
}


@needs(USERS)
@needs(GOLDEN)
@pytest.mark.parametrize(
    ("name", "metric", "published"),
    [
        ("plain", "sessions", "sessions_per_user"),
        ("plain", "per_session", "orders_per_session"),
        ("before", "orders", "orders_per_user"),
        ("before", "revenue", "revenue_per_user"),
    ],
)
def test_users_as_rows(shop: Project, name: str, metric: str, published: str) -> None:
    """Against tea-tasting, whose relative intervals alone are of logarithms; where both exist ours are of the ratio itself."""
    wanted = json.loads((SHARED / GOLDEN).read_text())["raw_cases"][0]["expected_tea_tasting"]
    (row,) = shop.query(f"SELECT * FROM experiments.{name} WHERE metric = '{metric}'").to_pylist()
    # Ours are the means and the baseline before the adjustment.
    plain = {"control": "mean_baseline", "treatment": "mean_variant", "rel_effect_size": "effect_relative"}
    for key, column in {**RESULTS, **(plain if name == "plain" else {})}.items():
        np.testing.assert_allclose(row[column], wanted[published][key], rtol=1e-9, err_msg=key)
    assert row["effect_relative"] == pytest.approx(row["effect"] / row["mean_baseline"], rel=1e-12)
    assert (row["n_baseline"], row["n_variant"]) == (wanted["srm"]["control"], wanted["srm"]["treatment"])
    sql = f"SELECT value FROM experiments.{name}_health WHERE \"check\" = 'sample-ratio' AND cut = ''"
    (split,) = shop.query(sql).to_pylist()
    assert split["value"] == float(sample_ratio([[row["n_baseline"], row["n_variant"]]], [[1, 1]]).p_value[0])


CHECKPOINTS = {
    "effect": "effect",
    "standard_error": "se",
    "p_value": "p_value",
    "ci_low": "ci_lower",
    "ci_high": "ci_upper",
    "effect_relative": "rel",
    "se_relative": "rel_se",
    "sequential_p": "seq_p_5000",
    "sequential_low": "seq_lower_5000",
    "sequential_high": "seq_upper_5000",
}
LAUNCH = date(2019, 1, 1)
KEY = f"DATE '{LAUNCH}' + CAST(dense_rank() OVER (ORDER BY time_since_start) AS INTEGER) AS ds, concat_ws('_', experiment_id, variant_id, metric_id) AS metric"


@needs(ASOS)
@needs(ASOS_EXPECTED)
@pytest.mark.nightly
def test_all_checkpoints_of_78_experiments(tmp_path: Path) -> None:
    """ASOS Digital Experiments (Liu et al. 2021, CC BY 4.0): a day for each time since the start, and a metric for
    each that was compared."""
    arms = " UNION ALL ".join(
        f"SELECT {KEY}, '{arm}' AS variant, count_{arm} AS n, mean_{arm} AS mean, variance_{arm} AS variance FROM '{SHARED / ASOS}'"
        for arm in "ct"
    )
    duckdb.execute(f"COPY ({arms}) TO '{tmp_path}/raw.checkpoints' (FORMAT parquet, PARTITION_BY ds)")
    sql = f"SELECT list(DISTINCT metric ORDER BY metric), max(ds) FROM ({arms})"
    ((metrics, last),) = duckdb.execute(sql).fetchall()
    spec = {
        "kind": "experiment", "name": "asos", "statistics": {"table": "raw.checkpoints", "correction": "none"},
        "variants": {"c": 1, "t": 1}, "start": LAUNCH + timedelta(days=1), "end": last, "metrics": {"goal": metrics},
    }  # fmt: skip
    write(tmp_path, LAUNCH + timedelta(days=1), last, {"asos": spec}, "raw.checkpoints")
    with Project.load(tmp_path) as project:
        assert project.run().exit_code == 0
        rows = project.query("SELECT * FROM experiments.asos")
    found = _joined(rows)
    assert found.num_rows == 24153
    nobody = found["reason"].to_numpy() == "no-units"  # the file has the difference of two means of nobody, 0
    assert nobody.sum() == 8
    for column, name in CHECKPOINTS.items():
        wanted = np.where(nobody, np.nan, found[f"wanted_{name}"].to_numpy())
        got = found[column].to_numpy(zero_copy_only=False).astype(float)
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=5e-12, err_msg=column)
    assert found["p_value"].null_count == 787


def _joined(rows: pa.Table) -> pa.Table:
    """The results of the checkpoints that exist, with the expected ones beside them."""
    names = ", ".join(f"e.{name} AS wanted_{name}" for name in CHECKPOINTS.values())
    connection = duckdb.connect()
    connection.register("found", rows)
    return connection.sql(
        f"SELECT f.*, {names} FROM (SELECT *, {KEY} FROM '{SHARED / ASOS_EXPECTED}') AS e JOIN found AS f USING (ds, metric)"
    ).to_arrow_table()
