"""The SQL that drawloom brings itself gives equal rows on Spark and Trino: growth, checks, and the flights of the demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawloom import Project
from drawloom.demo.data import build
from drawloom.frameworks.checks import compile_checks
from drawloom.frameworks.growth import Growth
from drawloom.model import Step
from drawloom.model.schedule import Schedule
from drawloom.specs.checks import CheckSpec
from drawloom.sql.template import render
from tests.frameworks.growth.test_spec import CONTEXT, GOOD
from tests.integration.portable.same import Same

pytestmark = pytest.mark.engines

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


def fill(same: Same, step: Step, day: date, sql: str, filled: set[str]) -> None:
    """The partition of a day, as DuckDB makes it, in every engine."""
    ds = "" if "ds" in [part[0] for part in same.duck.execute(sql).description] else f", DATE '{day}' AS ds"
    query = f"SELECT *{ds} FROM (\n{sql}\n)"
    before = f"SELECT * FROM {step.into.name} UNION ALL BY NAME " if step.into.name in filled else ""
    same.create(step.into.name, before + query)
    filled.add(step.into.name)


def empty(same: Same, step: Step, filled: set[str]) -> None:
    """A declared table before its first day."""
    if step.into.columns:
        columns = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in step.into.columns)
        same.create(step.into.name, f"SELECT {columns}, DATE '2000-01-01' AS ds WHERE FALSE")
        filled.add(step.into.name)


@pytest.mark.parametrize("more", SPECS, ids=["tails", "plain", "no dimensions"])
@pytest.mark.parametrize("known", [True, False], ids=["types known", "types unknown"])
def test_growth(same: Same, more: dict[str, Any], known: bool) -> None:
    same.create("core.accounts", ACCOUNTS)
    same.create("core.rides", RIDES)
    steps, filled, states = Growth(**{**GOOD, **more}).compile(CONTEXT).steps, set[str](), []
    for step in steps:
        empty(same, step, filled)
    for day in (FIRST + timedelta(days=at) for at in range(4)):
        for step in steps:
            past = day > FIRST and step.into.name in filled
            texts = [rendered(step, day, step.sql, past=past)]
            if step.backfill_sql and day == FIRST + timedelta(days=3):
                texts.append(
                    rendered(step, day, step.backfill_sql, past=False, start=FIRST.isoformat(), end=day.isoformat())
                )
            states += [
                (str(day), step.name, engine, same.state(sql, engine, known))
                for sql in texts
                for engine in same.engines
            ]
            fill(same, step, day, texts[0], filled)
    assert [found for found in states if found[-1] != "equal"] == []


@pytest.mark.parametrize("engine", ["spark", "trino"])
@pytest.mark.parametrize(
    "check",
    [
        {"not_null": ["id", "city"]},
        {"unique": ["city"]},
        {"accepted_values": {"city": ["x", "it's"], "id": [1], "born": [date(2026, 1, 1)]}},
        {"rows": {"min": 9}},
        {"rows": {"max": 2}},
        {"same_weekday": {"min": 0.5, "max": 2}},
        {"sql": {"name": "x", "query": "SELECT * FROM staged WHERE id / 2 > 0.5"}},
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_checks(same: Same, check: dict[str, Any], engine: str, known: bool) -> None:
    rows = "(1, 'x', DATE '2026-01-01'), (2, 'y', NULL), (2, NULL, NULL), (3, 'y', DATE '2026-01-02')"
    same.create("staged", f"SELECT *, DATE '2026-02-01' AS ds FROM (VALUES {rows}) AS v(id, city, born)")
    same.create("core.t", "SELECT DATE '2026-01-25' AS ds, 1 AS id")
    (made,) = compile_checks([CheckSpec(**check)], "core.t")
    assert same.rows(render(made.sql, date(2026, 2, 1)).text)
    assert same.state(render(made.sql, date(2026, 2, 1)).text, engine, known) == "equal"


def test_the_flights_of_the_demo(same: Same, tmp_path: Path) -> None:
    build(tmp_path)
    schemas = {"raw.flights": "flights", "raw.weather": "weather"}
    for table, name in schemas.items():
        made_of = "make_date(year, month, day)"
        some = "AND flight % 40 = 0" if name == "flights" else "AND hour % 6 = 0"
        same.create(
            table,
            f"SELECT *, {made_of} AS ds FROM '{tmp_path}/landing/{name}-*.parquet' WHERE month = 1 AND day <= 9 {some}",
        )
    for name in ("airlines", "airports", "planes"):
        same.create(f"ref.{name}", f"SELECT * FROM read_csv('{tmp_path}/reference/{name}.csv') LIMIT 200")
    with Project.load(tmp_path) as project:
        pipelines = [found for found in project.pipelines if found.name != "active_planes"]
        states, filled = [], set[str]()
        steps = [(found.schedule, step) for found in ordered(pipelines) for step in found.steps]
        for _, step in steps:
            empty(same, step, filled)
        for at in range(9):
            day = date(2013, 1, 1) + timedelta(days=at)
            for schedule, step in steps:
                sql = rendered(step, day, step.sql, schedule, past=at > 0)
                if at in (0, 8):
                    states += [(step.name, engine, same.state(sql, engine)) for engine in same.engines]
                fill(same, step, day, sql, filled)
    assert [found for found in states if found[-1] != "equal"] == []
    assert len(states) > 40


def ordered(pipelines: list[Any]) -> list[Any]:
    """Pipelines after those that they read."""
    made: list[Any] = []
    left = list(pipelines)
    while left:
        tables = {step.into.name for pipeline in left for step in pipeline.steps}
        for pipeline in list(left):
            own = {step.into.name for step in pipeline.steps}
            reads = {read.table for step in pipeline.steps for read in step.reads}
            if not (reads - own) & tables:
                made.append(pipeline)
                left.remove(pipeline)
    return made
