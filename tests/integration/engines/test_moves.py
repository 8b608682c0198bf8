"""One project that moves between engines step by step: nothing is built twice, and the rows stay the same."""

from __future__ import annotations

import pytest

from tests.integration.engines.conftest import Build
from tests.integration.engines.small_project import DAYS, PARTITION_COUNT, TABLES

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

Rows = dict[str, list[str]]


@pytest.mark.parametrize("trino", ["trino-hive"])
def test_a_project_moves_between_engines(build: Build, expected_rows: Rows, trino: str) -> None:
    small_project = build("duckdb")
    assert small_project.run() == {"written": PARTITION_COUNT}

    small_project.use("spark")
    assert small_project.partitions_to_write() == {}
    assert small_project.run() == {}
    assert small_project.all_rows() == expected_rows
    forced = small_project.run("daily", "visitors", first=DAYS[1], last=DAYS[2], force=True)
    assert sum(forced.values()) == 4
    assert small_project.engines(TABLES[0]) == ["duckdb", "spark", "spark", "duckdb", "duckdb"]
    small_project.run()
    assert small_project.all_rows() == expected_rows
    assert small_project.partitions_to_write() == {}

    small_project.use(trino)
    assert small_project.partitions_to_write() == {}
    assert small_project.run() == {}
    assert small_project.all_rows() == expected_rows
    forced = small_project.run("daily", "visitors", first=DAYS[2], last=DAYS[3], force=True)
    assert sum(forced.values()) == 4
    assert small_project.engines(TABLES[0]) == ["duckdb", "spark", "trino", "trino", "duckdb"]
    small_project.run()
    assert small_project.all_rows() == expected_rows
    assert small_project.partitions_to_write() == {}

    small_project.use("duckdb")
    away = {
        name: [ds for ds, by in zip(DAYS, small_project.engines(name), strict=True) if by != "duckdb"]
        for name in TABLES
    }
    partitions_to_write = small_project.partitions_to_write()
    assert {name: partitions_to_write.get(name, 0) for name in TABLES} == {
        name: len(days) for name, days in away.items()
    }
    small_project.run()
    assert small_project.all_rows() == expected_rows
    assert small_project.partitions_to_write() == {}
    assert {by for name in TABLES for by in small_project.engines(name)} == {"duckdb"}

    for kind in ("spark", trino):
        small_project.use(kind)
        assert small_project.partitions_to_write() == {}
        assert small_project.all_rows() == expected_rows
    small_project.land(DAYS[2], more=2)
    small_project.run()
    with_late = small_project.all_rows()
    small_project.use("spark")
    assert small_project.partitions_to_write() == {}
    assert small_project.all_rows() == with_late
    small_project.land(DAYS[2])
    small_project.run()
    assert small_project.all_rows() == expected_rows


def test_spark_without_a_metastore_continues_after_the_last_process(build: Build, expected_rows: Rows) -> None:
    small_project = build("volatile")
    small_project.run_command("run", "--to", str(DAYS[2]))
    small_project.run_command("run")
    assert "everything is fresh" in small_project.run_command("run").lower()
    query = f"SELECT product, orders, first_day, ds FROM {small_project.name('ever')} ORDER BY ds, product"
    output = small_project.run_command("query", "--format", "json", query)
    small_project.use("duckdb")
    other = build("duckdb", "other")
    other.run()
    assert output == other.run_command("query", "--format", "json", query.replace(small_project.schema, other.schema))
