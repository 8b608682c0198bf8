"""The SQL that drawloom generates, of growth and of checks, returns equal rows on Spark and Trino."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from drawloom.frameworks.base import compile_spec
from drawloom.frameworks.data_checks import compile_checks
from drawloom.frameworks.growth import Growth, framework
from drawloom.model import Step
from drawloom.model.schedule import Schedule
from drawloom.specs.checks import CheckSpec
from drawloom.sql.template.rendering import render
from tests.frameworks.growth.test_spec import GOOD, PROJECT
from tests.integration.translate.comparison import EngineComparison

pytestmark = pytest.mark.integration

FIRST = date(2026, 1, 3)
ACCOUNTS = """
SELECT * FROM (VALUES
  (DATE '2026-01-03', 'de', 1, 'gold'), (DATE '2026-01-04', 'de', 1, 'gold'), (DATE '2026-01-05', 'fr', 2, NULL),
  (DATE '2026-01-06', 'fr', 2, 'free')
) AS v(ds, country, rider, plan)
"""
RIDES = """
SELECT * FROM (VALUES
  (DATE '2026-01-03', 'de', 1, TIMESTAMP '2026-01-03 10:00:00', 'shared 2026-01-03', 'a', 9, 'x'),
  (DATE '2026-01-03', 'de', 1, TIMESTAMP '2026-01-03 11:00:00', 'single', NULL, 9, 'y'),
  (DATE '2026-01-03', 'fr', 2, NULL, 'single', 'b', 10, NULL),
  (DATE '2026-01-03', 'fr', 2, NULL, NULL, 'c', 10, 'z'),
  (DATE '2026-01-03', NULL, 3, TIMESTAMP '2026-01-03 11:00:00', 'single', 'b', 9, 'y'),
  (DATE '2026-01-04', 'de', 1, TIMESTAMP '2026-01-04 10:00:00', 'shared 2026-01-04', 'b', NULL, 'y'),
  (DATE '2026-01-04', 'it', 4, TIMESTAMP '2026-01-04 10:00:00', 'shared 2026-01-04', 'b', 11, 'y'),
  (DATE '2026-01-06', 'it', 4, TIMESTAMP '2026-01-06 10:00:00', 'single', '(other)', 11, 'y'),
  (DATE '2026-01-06', 'it', 5, TIMESTAMP '2026-01-06 10:00:00', 'shared 2026-01-06', '\\a', 11, 'y'),
  (DATE '2026-01-06', 'it', 5, TIMESTAMP '2026-01-06 10:00:00', 'shared 2026-01-06', 'd', 11, NULL)
) AS v(ds, country, rider, asked_at, product, city, app, channel)
"""
SPECS: list[dict[str, Any]] = [
    {"cuts": [["city"], ["plan", "city"], ["channel", "version"]]},
    {"dimensions": {"city": {}, "channel": {"touch": "first"}}, "cuts": None},
    {"dimensions": {}, "cuts": []},
]


def rendered(
    step: Step, day: date, text: str | None, schedule: Schedule | None = None, *, past: bool, **names: Any
) -> str:
    incremental: Callable[[], bool] = lambda: past  # noqa: E731 - the template calls it
    return (
        render(text or "", day, schedule=schedule, params=step.params, is_incremental=incremental, **names)
        .text.strip()
        .rstrip(";")
    )


def create_partition(comparison: EngineComparison, step: Step, day: date, sql: str, filled: set[str]) -> None:
    """Create the partition of a day in every engine, with DuckDB's rows."""
    ds = (
        ""
        if "ds" in [part[0] for part in comparison.duckdb_connection.execute(sql).description]
        else f", DATE '{day}' AS ds"
    )
    query = f"SELECT *{ds} FROM (\n{sql}\n)"
    before = f"SELECT * FROM {step.into.name} UNION ALL BY NAME " if step.into.name in filled else ""
    comparison.create(step.into.name, before + query)
    filled.add(step.into.name)


def create_empty_table(comparison: EngineComparison, step: Step, filled: set[str]) -> None:
    """A declared table before its first day."""
    if step.into.columns:
        columns = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in step.into.columns)
        comparison.create(step.into.name, f"SELECT {columns}, DATE '2000-01-01' AS ds WHERE FALSE")
        filled.add(step.into.name)


@pytest.mark.parametrize(
    ("more", "known", "days"),
    [
        pytest.param(SPECS[0], True, 2, id="tails of two days", marks=pytest.mark.nightly),
        pytest.param(SPECS[0], True, 4, id="tails", marks=pytest.mark.nightly),
        pytest.param(SPECS[1], False, 4, id="plain, types unknown", marks=pytest.mark.nightly),
        pytest.param(SPECS[2], True, 4, id="no dimensions", marks=pytest.mark.nightly),
    ],
)
def test_growth(comparison: EngineComparison, more: dict[str, Any], known: bool, days: int, suffix: str) -> None:
    rides, accounts = f"core.rides_{suffix}", f"core.accounts_{suffix}"
    comparison.create(accounts, ACCOUNTS)
    comparison.create(rides, RIDES)
    spec = {**GOOD, "name": f"riders_{suffix}", "source": rides, **more}
    if "plan" in spec["dimensions"]:
        spec["dimensions"] = {**spec["dimensions"], "plan": {"from": accounts}}
    steps, filled, states = compile_spec(framework, Growth(**spec), PROJECT).steps, set[str](), []
    for step in steps:
        create_empty_table(comparison, step, filled)
    for day in (FIRST + timedelta(days=at) for at in range(days)):
        for step in steps:
            past = day > FIRST and step.into.name in filled
            texts = [rendered(step, day, step.sql, past=past)]
            if step.backfill_sql and day == FIRST + timedelta(days=days - 1):
                texts.append(
                    rendered(step, day, step.backfill_sql, past=False, start=FIRST.isoformat(), end=day.isoformat())
                )
            states += [
                (str(day), step.name, engine, comparison.compare(sql, engine, known))
                for sql in texts
                for engine in comparison.engines
            ]
            create_partition(comparison, step, day, texts[0], filled)
    assert [found for found in states if found[-1] != "equal"] == []


CHECKS: list[dict[str, Any]] = [
    {"not_null": ["id", "city"]},
    {"unique": ["city"]},
    {"accepted_values": {"city": ["x", "it's"], "id": [1], "born": [date(2026, 1, 1)]}},
    {"rows": {"min": 9}},
    {"rows": {"max": 2}},
    {"same_weekday": {"min": 0.5, "max": 2}},
    {"sql": {"name": "x", "query": "SELECT * FROM staged WHERE id / 2 > 0.5"}},
]


@pytest.mark.parametrize("engine", ["spark", "trino"])
def test_checks(comparison: EngineComparison, engine: str, suffix: str) -> None:
    table = f"core.t_{suffix}"
    rows = "(1, 'x', DATE '2026-01-01'), (2, 'y', NULL), (2, NULL, NULL), (3, 'y', DATE '2026-01-02')"
    comparison.create("staged", f"SELECT *, DATE '2026-02-01' AS ds FROM (VALUES {rows}) AS v(id, city, born)")
    comparison.create(table, "SELECT DATE '2026-01-25' AS ds, 1 AS id")
    made = compile_checks([CheckSpec(**check) for check in CHECKS], table)
    texts = [render(check.sql, date(2026, 2, 1)).text for check in made]
    assert [text for text in texts if not comparison.rows(text)] == []
    for known in (True, False):
        states = zip(texts, comparison.compare_all(texts, engine, known), strict=True)
        assert [found for found in states if found[1] != "equal"] == []
