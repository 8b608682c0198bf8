"""Unit tests of specs on real engines: the rows of DuckDB come out, a wrong one fails, and no table is left or touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom import Project
from drawloom.run.unit_tests.runner import TestRunner
from tests.conformance.trino_client import query_trino
from tests.integration.engines.small_project import engine_line
from tests.run.unit_tests.conftest import loaded, states, told, write_shop
from tests.servers.jdk import find_jdk

TESTS = """
state:
  ds: [2026-01-02, 2026-01-03]
  given:
    raw.orders:
      2026-01-02:
        - {id: 1, customer: ana, amount: 3.5, status: paid, at: 2026-01-02 10:30:00}
        - {id: 2, customer: bo, amount: 4, status: refunded}
      2026-01-03: [{id: 3, customer: ana, amount: 1.25, status: paid, shipped: true}]
    core.spent:
      2026-01-01: [{customer: cy, orders: 1, spent: 1}]
  expect:
    core.orders:
      2026-01-02: [{id: 1, amount: 3.5, shipped: null}]
      2026-01-03: [{id: 3, amount: 1.25, shipped: true}]
    core.spent:
      rows:
        2026-01-02: [{customer: ana, orders: 1, spent: 3.50}, {customer: cy, orders: 1, spent: 1}]
        2026-01-03: [{customer: ana, orders: 2, spent: 4.75}, {customer: cy, orders: 1, spent: 1}]
      check: SELECT * FROM core.spent WHERE spent < 1
    core.week:
      2026-01-02: [{customer: ana, orders: 1}]
      2026-01-03: [{customer: ana, orders: 2}]
join:
  ds: 2026-01-02
  given:
    raw.orders: [{customer: fr}, {customer: xx}]
    raw.countries: [{code: fr, country: France}]
  expect: {core.countries: [{customer: fr, country: France}]}
nothing:
  ds: 2026-01-02
  expect: {core.week: [], core.countries: [], core.first: []}
"""


@pytest.mark.integration
@pytest.mark.parametrize("kind", [pytest.param("spark", marks=pytest.mark.nightly), "trino-hive"])
def test_the_same_tests_pass_and_fail(
    kind: str, servers: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(find_jdk(17, "Spark").home))
    write_shop(tmp_path)
    settings = (tmp_path / "drawloom.yml").read_text()
    (tmp_path / "drawloom.yml").write_text(f"{settings}engine: {engine_line(kind)}\n")
    before = staging_tables()
    with Project.load(tmp_path) as project:
        with TestRunner(project, on_engine=True) as runner:
            outcomes = runner.run_all(loaded(TESTS))
            assert (states(outcomes), told(outcomes)) == (["passed"] * 3, "")
            wrong = loaded(TESTS.replace("spent: 4.75", "spent: 4.76"))
            (failed, *_) = runner.run_all(wrong[:1])
            assert failed.state == "failed"
            assert failed.differences[0].diff
            assert failed.differences[0].diff.changed[0].columns == ("spent",)
        assert project.catalog_engine
        assert [project.catalog_engine.columns(name) for name in ("core.orders", "core.spent")] == [(), ()]
    assert staging_tables() <= before
    assert not list((tmp_path / "lake").glob("core*"))


FILLED = tuple(f"core__{name}__" for name in ("orders", "spent", "week", "countries", "first"))


def staging_tables() -> set[str]:
    """The tables of these specs in Trino's staging schema, which other tests use at the same time."""
    if ["drawloom_staging"] not in query_trino("hive", "SHOW SCHEMAS"):
        return set()
    return {name for (name,) in query_trino("hive", "SHOW TABLES FROM drawloom_staging") if name.startswith(FILLED)}
