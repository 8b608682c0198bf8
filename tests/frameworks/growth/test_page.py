"""The page of growth: its verdict on known rows, and that its queries run for every choice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from drawloom.frameworks.growth.page import growth_page
from drawloom.frameworks.growth.spec import Growth
from drawloom.frameworks.page import HEX, Chart, DataTable, Page
from drawloom.model import InputError
from drawloom.sql.dialect import transpile

LAST = date(2026, 5, 1)


def rows(actives: Iterable[int], churned: int = 2, warmup: bool = False, step: str = "day") -> list[dict[str, Any]]:
    found = list(actives)
    return [
        {
            "ds": LAST - timedelta(days=len(found) - 1 - n),
            "window_days": 28,
            "step": step,
            "active": active,
            "new": 1,
            "retained": active - 3,
            "resurrected": 2,
            "churned": churned,
            "warmup": warmup,
        }
        for n, active in enumerate(found)
    ]


def spec(**more: Any) -> Growth:
    keys: dict[str, Any] = {
        "name": "riders",
        "source": "core.rides",
        "entity": "rider",
        "activities": {"rides": True, "long": "miles > 9"},
        "dimensions": {"city": {}, "plan": {}},
        "cuts": [["city"], ["city", "plan"]],
        "until": "forever: a test",
    }
    return Growth(**keys, **more)


def page(**chosen: str) -> Page:
    return growth_page(spec(), chosen)


@pytest.mark.parametrize(
    ("found", "verdict", "tone"),
    [
        (
            rows(range(100, 156)),
            "Growing: 155 were active within 28 days, 22.0% more than 28 days before. 1.50",
            "good",
        ),
        (rows(range(200, 144, -1)), "Shrinking: 145 were active within 28 days, 16.2% fewer than 28 days", "bad"),
        (rows([1000] * 56), "Steady: 1,000 were active within 28 days, 0.0% more", "neutral"),
        (rows([10] * 56, churned=0), "0.0% more than 28 days before. Nobody left.", "neutral"),
        (rows([1000] * 56, step="window"), "0.0% more than 28 days before.", "neutral"),
        (rows([10] * 56, warmup=True), "Too early to say: on the first 55 days everybody looks new.", "unknown"),
        (rows([10] * 20), "10 were active within 28 days; there is nothing to compare with yet.", "unknown"),
    ],
)
def test_the_verdict(found: list[dict[str, Any]], verdict: str, tone: str) -> None:
    judge = page().verdict
    assert judge
    judged = judge.judge(found)
    assert verdict in judged.text
    assert judged.tone == tone
    assert ("left" in judged.text) == (found[-1]["step"] == "day" and judged.tone != "unknown")


def test_what_can_be_chosen() -> None:
    assert {one.name: one.values for one in page().choices} == {
        "activity": ("rides", "long"),
        "window": ("7", "28", "1"),
        "step": ("day", "window"),
        "cut": ("total", "city", "city,plan"),
        "days": ("56", "14", "28", "182", "364"),
        "as_of": (),
    }
    with pytest.raises(InputError, match="activity == 'nothing', must be one of 'rides', 'long'"):
        page(activity="nothing")


def test_charts_say_what_is_drawn() -> None:
    blocks = page(cut="city").blocks
    assert [block.name for block in blocks] == [
        "cut", "cells", "accounting", "actives", "ratios", "engagement", "states", "days",
    ]  # fmt: skip
    charts = {block.name: block for block in blocks if isinstance(block, Chart)}
    series = [(one.label, one.below) for one in charts["accounting"].series]
    assert series == [("new", False), ("resurrected", False), ("churned", True)]
    assert len({HEX[one.colour] for one in charts["states"].series}) == 5
    assert len(growth_page(spec(windows=[14]), {}).blocks) == 6


CHOSEN = [
    {},
    {"cut": "city"},
    {"activity": "long", "window": "28", "step": "window", "cut": "city,plan", "as_of": "2026-01-01", "days": "14"},
]


@pytest.mark.parametrize("chosen", CHOSEN)
def test_every_query_runs_and_gives_its_columns(chosen: dict[str, str]) -> None:
    import duckdb

    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA growth")
    unit = "DATE '2026-01-01' AS ds, 'rides' AS activity, 7 AS window_days, 'day' AS step, '' AS cut"
    counts = ", ".join(f"1 AS {name}" for name in ("active", "new", "retained", "resurrected", "churned", "stale"))
    cells = "'a' AS city, 'b' AS plan"
    connection.execute(
        f"CREATE TABLE growth.riders AS SELECT {unit}, {cells}, {counts}, 0 AS net_moved, false AS warmup"
    )
    connection.execute(
        f"CREATE TABLE growth.riders_ratios AS SELECT {unit}, {cells}, 1.5 AS quick_ratio, 1.0 AS stickiness"
    )
    connection.execute(f"CREATE TABLE growth.riders_engagement AS SELECT {unit}, 1 AS days_active, 1 AS entities")
    made = page(**chosen)
    for fact in made.facts:
        columns = {column[0] for column in connection.execute(fact.query).description or ()}
        assert {fact.value, fact.day} - {""} <= columns, fact.label
    for block in made.blocks:
        columns = {column[0] for column in connection.execute(block.query).description or ()}
        wanted = {c.name for c in block.columns} if isinstance(block, DataTable) else {block.x}
        wanted |= {one.column for one in block.series} if isinstance(block, Chart) else set()
        assert wanted <= columns, block.name


@pytest.mark.parametrize("chosen", CHOSEN)
@pytest.mark.parametrize("dialect", ["spark", "trino"])
def test_every_query_is_one_for_spark_and_trino_too(chosen: dict[str, str], dialect: str) -> None:
    made = page(**chosen)
    assert made.verdict
    for query in (made.verdict.query, *(f.query for f in made.facts), *(b.query for b in made.blocks)):
        assert transpile(query, "duckdb", dialect)
