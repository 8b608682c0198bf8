"""One project that moves between engines step by step: nothing is built twice, and the rows stay the same."""

from __future__ import annotations

import pytest

from tests.integration.engines.conftest import Build
from tests.integration.engines.small_project import CELLS, DAYS, TABLES

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

Rows = dict[str, list[str]]


@pytest.mark.parametrize("trino", ["trino-hive"])
def test_a_project_moves_between_engines(build: Build, truth: Rows, trino: str) -> None:
    small_project = build("duckdb")
    assert small_project.run() == {"written": CELLS}

    small_project.use("spark")
    assert small_project.stale() == {}
    assert small_project.run() == {}
    assert small_project.everything() == truth
    forced = small_project.run("daily", "visitors", first=DAYS[1], last=DAYS[2], force=True)
    assert sum(forced.values()) == 4
    assert small_project.engines(TABLES[0]) == ["duckdb", "spark", "spark", "duckdb", "duckdb"]
    small_project.run()
    assert small_project.everything() == truth
    assert small_project.stale() == {}

    small_project.use(trino)
    assert small_project.stale() == {}
    assert small_project.run() == {}
    assert small_project.everything() == truth
    forced = small_project.run("daily", "visitors", first=DAYS[2], last=DAYS[3], force=True)
    assert sum(forced.values()) == 4
    assert small_project.engines(TABLES[0]) == ["duckdb", "spark", "trino", "trino", "duckdb"]
    small_project.run()
    assert small_project.everything() == truth
    assert small_project.stale() == {}

    small_project.use("duckdb")
    away = {
        name: [ds for ds, by in zip(DAYS, small_project.engines(name), strict=True) if by != "duckdb"]
        for name in TABLES
    }
    stale = small_project.stale()
    assert {name: stale.get(name, 0) for name in TABLES} == {name: len(days) for name, days in away.items()}
    small_project.run()
    assert small_project.everything() == truth
    assert small_project.stale() == {}
    assert {by for name in TABLES for by in small_project.engines(name)} == {"duckdb"}

    for kind in ("spark", trino):
        small_project.use(kind)
        assert small_project.stale() == {}
        assert small_project.everything() == truth
    small_project.land(DAYS[2], more=2)
    small_project.run()
    with_late = small_project.everything()
    small_project.use("spark")
    assert small_project.stale() == {}
    assert small_project.everything() == with_late
    small_project.land(DAYS[2])
    small_project.run()
    assert small_project.everything() == truth


def test_spark_without_a_metastore_continues_after_the_last_process(build: Build, truth: Rows) -> None:
    small_project = build("volatile")
    small_project.outside("run", "--to", str(DAYS[2]))
    small_project.outside("run")
    assert "everything is fresh" in small_project.outside("run").lower()
    asked = f"SELECT product, orders, first_day, ds FROM {small_project.name('ever')} ORDER BY ds, product"
    told = small_project.outside("query", "--format", "json", asked)
    small_project.use("duckdb")
    other = build("duckdb", "other")
    other.run()
    assert told == other.outside("query", "--format", "json", asked.replace(small_project.schema, other.schema))
