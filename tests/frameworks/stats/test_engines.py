"""Statistics on real engines are those of DuckDB, but for what is approximate, and the page is drawn."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml

from drawloom.run.project import Project
from drawloom.testing import FrameworkCase
from tests.conformance.trino_client import drop_metastore_schema, drop_table
from tests.integration.engines.small_project import engine_line
from tests.servers.fixtures import servers
from tests.servers.jdk import find_jdk

__all__ = ["servers"]

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

DAYS = [date(2026, 1, 5), date(2026, 1, 6)]
EXACT = (
    "row_count", "column_count", "null_count", "null_ratio", "min", "max", "sum", "mean", "stddev", "zero_count", "negative_count",
    "nan_count", "inf_count", "true_count", "true_ratio", "len_min", "len_max", "len_mean", "empty_count", "size_min", "size_max",
    "size_mean", "unique_ratio",
)  # fmt: skip


def case(raw: str) -> FrameworkCase:
    """Two days of a table with all kinds of columns, one of them of numbers that are none."""
    spec = f"""kind: stats
name: warehouse
tables: ["{raw}.*"]
rules: [{{match: {{name: id}}, add: [unique_ratio]}}]
slices: {{events: {{by: country, metrics: [row_count, amount.sum], top: 1}}}}
rollups: [week]
until: "forever: a test"
"""
    rows = [
        {
            "ds": DAYS[n % 2],
            "id": n // 2,
            "amount": [1.5, float("nan"), None, float("inf"), -2.25, 0.0][n % 6],
            "price": Decimal(n) / 4,
            "ok": [True, False, None][n % 3],
            "country": ["US", "US", "DE", "", None][n % 5],
            "at": datetime(2026, 1, 5, n),
            "day": date(2026, 1, 1 + n),
            "tags": [["a", "b"], [], None][n % 3],
        }
        for n in range(12)
    ]
    types = {f"{raw}.events": {"price": "DECIMAL(12, 2)", "tags": "VARCHAR[]"}}
    return FrameworkCase(spec, {f"{raw}.events": rows}, {}, types)


def statistics(folder: Path) -> dict[tuple[Any, ...], Any]:
    """All exact statistics by day, grain, column, slice and metric."""
    with Project.load(folder) as project:
        rows = project.query("SELECT * FROM meta.column_stats").to_pylist()
    keys = ("ds", "grain", "column_name", "slice", "slice_value", "metric")
    return {tuple(row[key] for key in keys): row["value"] for row in rows if row["metric"] in EXACT}


@pytest.mark.parametrize("kind", ["spark", "trino-hive"])
def test_statistics_are_those_of_duckdb(
    kind: str, servers: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(find_jdk(17, "Spark").home))
    raw = f"stats_{token_hex(4)}"
    case(raw).check_engine(tmp_path / "truth", "duckdb")
    expected = statistics(tmp_path / "truth")
    try:
        case(raw).check_engine(tmp_path / "project", yaml.safe_load(engine_line(kind)))
        found = statistics(tmp_path / "project")
        assert set(found) == set(expected)
        known = {key: value for key, value in expected.items() if value is not None}
        assert {key for key, value in found.items() if value is None} == set(expected) - set(known)
        assert {key: found[key] for key in known} == {key: pytest.approx(v, rel=1e-12) for key, v in known.items()}
    finally:
        for name in ("column_states", "column_stats"):
            drop_table(f"meta.{name}__{raw}__events")
        drop_table(f"meta.column_stats__{raw}__events__week")
        drop_metastore_schema(raw)
