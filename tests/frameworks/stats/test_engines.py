"""Statistics on real engines are those of DuckDB, also what is merged of sketches, and the page is drawn."""

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


def case(raw: str) -> FrameworkCase:
    """Two days of a table with all kinds of columns, one of them of numbers that are none."""
    spec = f"""kind: stats
name: warehouse
tables: ["{raw}.*"]
tier: full
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


def statistics(folder: Path) -> dict[tuple[Any, ...], tuple[Any, Any]]:
    """All statistics, with their texts, by day, grain, column, slice and metric."""
    with Project.load(folder) as project:
        rows = project.query("SELECT * FROM meta.column_stats").to_pylist()
    keys = ("ds", "grain", "column_name", "slice", "slice_value", "metric")
    return {tuple(row[key] for key in keys): (row["value"], row["value_text"]) for row in rows}


def is_near(metric: str, found: float | None, expected: float | None) -> bool:
    """Whether a value is that of DuckDB; of the few distinct values DuckDB's own sketch misses one."""
    if found is None or expected is None:
        return found is expected
    return found == pytest.approx(expected, rel=0.2 if metric.startswith("distinct") else 1e-9)


@pytest.mark.parametrize("kind", ["spark", "trino-hive", "trino-iceberg"])
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
        assert {("week", "distinct"), ("week", "p50"), ("week", "top")} <= {(key[1], key[-1]) for key in found}
        assert {key: text for key, (_, text) in found.items() if text != expected[key][1]} == {}
        different = [key for key, (value, _) in found.items() if not is_near(key[-1], value, expected[key][0])]
        assert {key: (found[key], expected[key]) for key in different} == {}
    finally:
        for name in ("column_states", "column_stats"):
            drop_table(f"meta.{name}__{raw}__events")
        drop_table(f"meta.column_stats__{raw}__events__week")
        drop_metastore_schema(raw)
