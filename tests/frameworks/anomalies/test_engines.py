"""Anomalies whose series live on real engines are those of DuckDB, as tables, on the page and as people list them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from drawloom.cli.main import app
from drawloom.run.project import Project
from drawloom.testing import FrameworkCase
from drawloom.testing.page import check_page
from tests.conformance.trino_client import drop_metastore_schema, drop_table, query_trino
from tests.frameworks.anomalies.test_case import SPEC, START, history
from tests.integration.engines.small_project import engine_line, outcomes
from tests.servers.fixtures import servers
from tests.servers.jdk import find_jdk

__all__ = ["servers"]

pytestmark = [pytest.mark.integration, pytest.mark.nightly]
LAST = START + timedelta(days=3)
NUMBERS = ("value", "expected", "lower", "upper", "score")


def case(name: str) -> FrameworkCase:
    """Four days of rides, on the last of which most are missing."""
    spec = (
        SPEC.replace("name: health", f"name: {name}")
        .replace("core.rides", f"{name}.rides")
        .replace("min_history: 4", "min_history: 3")
    )
    rows = history(4, us=1)
    return FrameworkCase(spec, {f"{name}.rides": rows})


def judged(folder: Path, name: str) -> dict[tuple[date, str, str, str], dict[str, Any]]:
    """What is said of each series on each day; the page is drawn, too."""
    with Project.load(folder) as project:
        outcomes(project.run(jobs=2))
        rows = project.query(f"SELECT * FROM anomalies.{name}").to_pylist()
        check_page(project, name, {})
    return {(row["ds"], row["table_name"], row["metric"], row["series"]): row for row in rows}


def listed(folder: Path) -> dict[str, Any]:
    """What ``drawloom anomalies`` lists."""
    done = CliRunner().invoke(app, ["-C", str(folder), "anomalies", "--format", "json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", ["spark", "trino-hive", "trino-iceberg"])
def test_anomalies_are_those_of_duckdb(
    kind: str, servers: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(find_jdk(17, "Spark").home))
    name = f"ano_{token_hex(4)}"
    one = case(name)
    here, there = tmp_path / "here", tmp_path / "there"
    one.write_project(here, "duckdb")
    expected = judged(here, name)
    assert expected[LAST, f"{name}.rides", "row_count", ""]["kind"] == "change"
    try:
        one.write_project(there, yaml.safe_load(engine_line(kind)))
        found = judged(there, name)
        assert set(found) == set(expected)
        for key, row in expected.items():
            near = {n: pytest.approx(found[key][n]) for n in NUMBERS if found[key][n] is not None}
            assert row == {**found[key], **near}, key
        alerts = listed(there)
        assert alerts == listed(here)
        assert len(alerts["alerts"]) == 2
    finally:
        drop_metastore_schema(name)
        for schema in ("anomalies", "meta"):
            if [schema] in query_trino("hive", "SHOW SCHEMAS"):
                for (table,) in query_trino("hive", f"SHOW TABLES FROM {schema} LIKE '%{name}%'"):
                    drop_table(f'{schema}."{table}"')
