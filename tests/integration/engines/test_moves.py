"""One project that moves from engine to engine, step by step: nothing is made twice, and the rows stay the same."""

from __future__ import annotations

import pytest

from tests.integration.engines.conftest import Build
from tests.integration.engines.house import CELLS, DAYS, TABLES

pytestmark = pytest.mark.engines

Rows = dict[str, list[str]]


@pytest.mark.parametrize("trino", ["trino-hive"])
def test_a_project_moves_between_engines(build: Build, truth: Rows, trino: str) -> None:
    house = build("duckdb")
    assert house.run() == {"written": CELLS}

    house.use("spark")
    assert house.stale() == {}
    assert house.run() == {}
    assert house.everything() == truth
    forced = house.run("daily", "visitors", first=DAYS[1], last=DAYS[2], force=True)
    assert sum(forced.values()) == 4
    assert house.engines(TABLES[0]) == ["duckdb", "spark", "spark", "duckdb", "duckdb"]
    house.run()
    assert house.everything() == truth
    assert house.stale() == {}

    house.use(trino)
    assert house.stale() == {}
    assert house.run() == {}
    assert house.everything() == truth
    forced = house.run("daily", "visitors", first=DAYS[2], last=DAYS[3], force=True)
    assert sum(forced.values()) == 4
    assert house.engines(TABLES[0]) == ["duckdb", "spark", "trino", "trino", "duckdb"]
    house.run()
    assert house.everything() == truth
    assert house.stale() == {}

    house.use("duckdb")
    away = {name: [ds for ds, by in zip(DAYS, house.engines(name), strict=True) if by != "duckdb"] for name in TABLES}
    stale = house.stale()
    assert {name: stale.get(name, 0) for name in TABLES} == {name: len(days) for name, days in away.items()}
    house.run()
    assert house.everything() == truth
    assert house.stale() == {}
    assert {by for name in TABLES for by in house.engines(name)} == {"duckdb"}

    for kind in ("spark", trino):
        house.use(kind)
        assert house.stale() == {}
        assert house.everything() == truth
    house.land(DAYS[2], more=2)
    house.run()
    with_late = house.everything()
    house.use("spark")
    assert house.stale() == {}
    assert house.everything() == with_late
    house.land(DAYS[2])
    house.run()
    assert house.everything() == truth


def test_spark_without_a_metastore_goes_on_where_the_last_process_stopped(build: Build, truth: Rows) -> None:
    house = build("volatile")
    house.outside("run", "--to", str(DAYS[2]))
    house.outside("run")
    assert "everything is fresh" in house.outside("run").lower()
    asked = f"SELECT product, orders, first_day, ds FROM {house.name('ever')} ORDER BY ds, product"
    told = house.outside("query", "--format", "json", asked)
    house.use("duckdb")
    other = build("duckdb", "other")
    other.run()
    assert told == other.outside("query", "--format", "json", asked.replace(house.schema, other.schema))
