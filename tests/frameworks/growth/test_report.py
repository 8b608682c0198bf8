"""Reports and charts: what people look at, out of rows that are known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from drawloom.frameworks.growth.charts import View, charts
from drawloom.frameworks.growth.report import make_report
from drawloom.frameworks.growth.spec import Growth

LAST = date(2026, 5, 1)


def rows(actives: Iterable[int], window: int = 28, churned: int = 2, warmup: bool = False) -> list[dict[str, Any]]:
    found = list(actives)
    return [
        {
            "ds": LAST - timedelta(days=len(found) - 1 - n),
            "window_days": window,
            "active": active,
            "new": 1,
            "retained": active - 3,
            "resurrected": 2,
            "churned": churned,
            "warmup": warmup,
        }
        for n, active in enumerate(found)
    ]


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (rows(range(100, 156)), "Growing: 155 were active within 28 days, 22.0% more than 28 days before. 1.50 came"),
        (rows(range(200, 144, -1)), "Shrinking: 145 were active within 28 days, 16.2% fewer than 28 days before."),
        (rows([1000] * 56), "Steady: 1,000 were active within 28 days, 0.0% more"),
        (rows([10] * 56, churned=0), "0.0% more than 28 days before. Nobody left."),
        (rows([10] * 56, warmup=True), "Too early to say: on the first 55 days everybody looks new."),
        (rows([10] * 20), "10 were active within 28 days; there is nothing to compare with yet."),
    ],
)
def test_the_verdict(found: list[dict[str, Any]], verdict: str) -> None:
    assert verdict in make_report(found, "rides").verdict


def test_a_report_lists_days_of_one_window() -> None:
    report = make_report([*rows(range(1, 57), 1), *rows(range(101, 157), 28)], "rides", days=2)
    assert [line.name for line in report.actives] == ["DAU", "MAU"]
    assert report.window == 28
    assert [(day.ds, day.active, day.ratio) for day in report.days] == [
        (date(2026, 4, 30), 155, 1.5),
        (LAST, 156, 1.5),
    ]
    assert report.stickiness == 56 / 156
    assert report.actives[0].change[7] == 7 / 49
    assert make_report(rows([3], 14), "rides").actives[0].name == "14-day actives"


def spec(**more: Any) -> Growth:
    keys: dict[str, Any] = {
        "name": "riders",
        "source": "core.rides",
        "entity": "rider",
        "activities": {"rides": True},
        "dimensions": {"city": {}, "plan": {}},
        "cuts": [["city"], ["city", "plan"]],
        "until": "forever: a test",
    }
    return Growth(**keys, **more)


def test_charts_say_what_is_drawn_and_ask_for_their_rows() -> None:
    found = charts(spec(), View("rides", cut=("city",)))
    assert [chart.name for chart in found] == ["accounting", "actives", "ratios", "engagement", "states", "cells"]
    assert [(s.label, s.below) for s in found[0].series] == [("new", False), ("resurrected", False), ("churned", True)]
    colours = {series.label: series.colour for chart in found for series in chart.series}
    assert colours["new"] == "#1b8a7a"
    assert len({s.colour for s in found[4].series}) == 5
    assert "'(other)'" in found[-1].sql
    assert len(charts(spec(windows=[7]), View("rides"))) == 5


@pytest.mark.parametrize("view", [View("rides", cut=("city",)), View("rides", 28, "window", ("city", "plan"))])
def test_the_sql_of_every_chart_runs_and_gives_its_columns(view: View) -> None:
    import duckdb

    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA growth")
    unit = "DATE '2026-01-01' AS ds, 'rides' AS activity, 7 AS window_days, 'day' AS step, '' AS cut"
    counts = ", ".join(f"1 AS {name}" for name in ("active", "new", "retained", "resurrected", "churned", "stale"))
    cells = "'a' AS city, 'b' AS plan"
    connection.execute(
        f"CREATE TABLE growth.riders AS SELECT {unit}, {cells}, {counts}, 0 AS net_moved, false AS warmup"
    )
    connection.execute(f"CREATE TABLE growth.riders_ratios AS SELECT {unit}, {cells}, 1.5 AS quick_ratio")
    connection.execute(f"CREATE TABLE growth.riders_engagement AS SELECT {unit}, 1 AS days_active, 1 AS entities")
    for chart in charts(spec(), view):
        columns = [column[0] for column in connection.execute(chart.sql).description or ()]
        assert set(columns) >= {*chart.x.split(", "), *(series.key for series in chart.series)}, chart.name
