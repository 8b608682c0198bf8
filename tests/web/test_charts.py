"""Charts as SVG: places, gaps, signs and words."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from markupsafe import Markup

from drawloom.frameworks.page import Chart, Series
from drawloom.web.draw.charts import draw_chart, legend, short_number
from drawloom.web.draw.sparkline import sparkline
from drawloom.web.draw.svg import Scale, element, nice_scale

DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(10)]
UP, DOWN = Series("up", "came", "teal"), Series("down", "left", "red", below=True)


def chart(form: Any, *series: Series, **more: Any) -> Chart:
    return Chart("c", "A <title>", form, "SELECT 1", more.pop("x", "ds"), series, **more)


def test_texts_are_escaped_and_numbers_are_short() -> None:
    made = element("text", "<b>", class_='"x"', x=1.0, y=2.345, none=None)
    assert made == '<text class="&#34;x&#34;" x="1" y="2.3">&lt;b&gt;</text>'


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (-3, 3, [-3, -2, -1, 0, 1, 2, 3]),
        (0, 0.05, [0, 0.01, 0.02, 0.03, 0.04, 0.05]),
        (5, 5, [5]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert Scale(low, high, 0, 100).ticks(7) == pytest.approx(ticks)


def test_a_scale_of_one_value_has_room() -> None:
    assert nice_scale(5, 5, 0, 100)(5) == 50


def test_bars_hang_and_stand() -> None:
    rows = [{"ds": ds, "up": 4, "down": 2} for ds in DAYS]
    drawn = draw_chart(chart("bars", UP, DOWN), rows)
    up, down = re.findall(r'<path d="([^"]*)" class="fill (?:teal|red)"', drawn.svg)
    assert up.count("M") == down.count("M") == 10
    top_of_down = float(re.findall(r"M[\d.]+ ([\d.]+)", down)[0])
    bottom_of_up = sum(map(float, re.findall(r"M[\d.]+ ([\d.]+)h[\d.]+v([\d.]+)", up)[0]))
    assert top_of_down == pytest.approx(bottom_of_up, abs=0.2)
    assert "A &lt;title&gt;" in drawn.svg
    assert list(legend(chart("bars", UP, DOWN))) == [("teal", "came"), ("red", "left (below the line)")]


def test_negative_bars_hang_by_themselves() -> None:
    drawn = draw_chart(chart("bars", UP), [{"ds": DAYS[0], "up": -4}, {"ds": DAYS[1], "up": None}])
    assert drawn.svg.count("h60v") == 1


def test_a_long_range_is_drawn_by_week_and_says_so() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(300)]
    drawn = draw_chart(chart("bars", Series("up", "came", "teal", adds_up=True)), [{"ds": ds, "up": 1} for ds in days])
    assert len(drawn.rows) == 44
    assert drawn.note.startswith("by week: sums")


def test_lines_break_where_nothing_is_known() -> None:
    values: list[int | None] = [1, 2, None, 3, None, 4, 5, 6, 7, 8]
    rows = [
        {"ds": ds, "up": value, "low": value, "high": value and value + 1}
        for ds, value in zip(DAYS, values, strict=True)
    ]
    drawn = draw_chart(chart("lines", Series("up", "came", "teal", low="low", high="high"), line=2.0), rows)
    (line,) = re.findall(r'<path d="([^"]*)" class="line teal"', drawn.svg)
    assert line.count("M") == 2
    assert drawn.svg.count("<circle") == 1
    assert 'class="across"' in drawn.svg
    assert 'class="band teal"' in drawn.svg


def test_lines_keep_the_distance_of_days() -> None:
    days = [DAYS[0], DAYS[1], DAYS[9]]
    drawn = draw_chart(chart("lines", UP), [{"ds": ds, "up": 1} for ds in days])
    first, second, last = drawn.xs
    assert (last - first) / (second - first) == pytest.approx(9)


def test_areas_are_stacked() -> None:
    rows = [{"ds": ds, "up": 1, "down": 3} for ds in DAYS]
    drawn = draw_chart(chart("areas", UP, Series("down", "more", "blue")), rows)
    assert drawn.svg.count('class="fill') == 2


def test_a_histogram_counts() -> None:
    drawn = draw_chart(chart("histogram", UP, x="n"), [{"n": n, "up": n} for n in range(28)])
    assert drawn.svg.count("z") >= 27
    assert len(draw_chart(chart("histogram", UP, x="n"), [{"n": n, "up": n} for n in range(200)]).rows) == 120


def test_a_heat_map_leaves_unknown_cells_empty() -> None:
    rows = [
        {"cohort": "Jan", "month": 1, "part": 0.5},
        {"cohort": "Jan", "month": 2, "part": None},
        {"cohort": "Feb", "month": 1, "part": 1.0},
    ]
    drawn = draw_chart(chart("heatmap", x="month", y="cohort", value="part", format="percent"), rows)
    assert drawn.svg.count("<rect") == 2
    assert "100.0%" in drawn.svg
    assert "heat-9" in drawn.svg
    assert not list(legend(chart("heatmap", UP, y="a", value="b")))


def test_a_forest_says_what_is_not_known() -> None:
    one = Series("effect", "effect", "blue", low="low", high="high")
    rows: list[dict[str, Any]] = [
        {"metric": "fare", "effect": 0.1, "low": -0.1, "high": 0.3},
        {"metric": "rides" * 9, "effect": None, "low": None, "high": None},
    ]
    drawn = draw_chart(chart("forest", one, y="metric", line=0.0, format="percent"), rows)
    assert "10.0% [-10.0%, 30.0%]" in re.sub(r"\s+", " ", drawn.svg)
    assert "not known" in drawn.svg
    assert "…" in drawn.svg


def test_a_strip_is_drawn_by_runs() -> None:
    rows = [{"table": name, "ds": ds, "state": "ok" if n < 7 else "bad"} for name in "ab" for n, ds in enumerate(DAYS)]
    states = (Series("ok", "fine", "teal"), Series("bad", "broken", "red"))
    drawn = draw_chart(chart("strip", *states, y="table", value="state"), rows)
    assert drawn.svg.count("<rect") == 4
    assert "7 fine, 3 broken" in drawn.svg


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (12000, "integer", "12k"),
        (-2.5e6, "integer", "-2.5M"),
        (3e9, "integer", "3G"),
        (0.05, "percent", "5%"),
        (0.25, "decimal", "0.25"),
    ],
)
def test_axes_have_short_numbers(value: float, kind: Any, text: str) -> None:
    assert short_number(value, kind) == text


def test_sparklines_need_two_numbers() -> None:
    assert sparkline([1, None, True]) == Markup("")
    assert sparkline([1, None, 3, 2]).count("L") == 2
    assert "14" in sparkline([5, 5])
