"""Charts as lines of text, form by form, without colours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from drawloom.cli.terminal_charts import chart_lines, sparkline
from drawloom.frameworks.page import Chart, Form, Series
from drawloom.frameworks.page_text import format_value

UP, DOWN = Series("up", "came", "teal"), Series("down", "left", "red", below=True)


def lines(form: Form, rows: list[dict[str, Any]], *series: Series, **more: Any) -> list[str]:
    chart = Chart("c", "C", form, "-", more.pop("x", "ds"), series, **more)
    found = [line.plain.rstrip() for line in chart_lines(chart, rows, 60)]
    assert max(map(len, found)) <= 60
    return found


def day(n: int) -> date:
    return date(2026, 1, n)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "integer", ""),
        (1234.4, "integer", "1,234"),
        (0.123, "percent", "12.3%"),
        (2, "decimal", "2.00"),
        (0.1234567, "text", "0.123457"),
        (True, "integer", "True"),
        (day(2), "day", "2026-01-02"),
        ("(other)", "integer", "(other)"),
    ],
)
def test_values(value: Any, kind: Any, text: str) -> None:
    assert format_value(value, kind) == text


def test_a_sparkline_begins_at_zero_and_has_gaps() -> None:
    assert sparkline([0, None, 5, 10]) == "▁ ▅█"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"


def test_bars_share_a_zero_line() -> None:
    rows: list[Any] = [{"ds": day(1), "up": 2, "down": 4}, {"ds": day(2), "up": 4, "down": None}]
    found = lines("bars", rows, UP, DOWN)
    assert found[0] == "█ came  ▒ left"
    assert found[1] == "2026-01-01  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒│████████ +2 -4"
    assert found[2] == "2026-01-02                  │████████████████ +4 -0"
    assert lines("bars", rows, UP)[2] == "2026-01-02  " + "█" * 32 + " 4"


def test_negative_bars_are_drawn_to_the_left() -> None:
    rows: list[Any] = [{"ds": day(1), "up": -3}, {"ds": day(2), "up": 1}, {"ds": day(3), "up": 0}]
    assert [line[12:] for line in lines("bars", rows, UP)[1:]] == [
        "████████████████████████│ -3",
        "                        │████████ 1",
        "                        │ 0",
    ]
    both: list[Any] = [{"ds": day(1), "up": -3, "down": 1}, {"ds": day(2), "up": 2, "down": -2}]
    assert [line[12:] for line in lines("bars", both, UP, DOWN)[1:]] == [
        "▒▒▒▒████████████│ -3 -1",
        "                │████████▒▒▒▒▒▒▒▒ +2 +2",
    ]


COUNT = Series("up", "came", "teal", adds_up=True)


@pytest.mark.parametrize(
    ("count", "drawn", "first", "last", "words"),
    [
        (21, 21, ("2026-01-01", "1"), ("2026-01-21", "1"), ""),
        (22, 4, ("2025-12-29", "4"), ("2026-01-19", "4"), "by week: sums; the first and last may be incomplete"),
        (144, 21, ("2025-12-29", "4"), ("2026-05-18", "7"), "by week: sums; the first and last may be incomplete"),
        (181, 6, ("2026-01", "31"), ("2026-06", "30"), "by month: sums; the first and last may be incomplete"),
        (730, 2, ("2026", "365"), ("2027", "365"), "by year: sums; the first and last may be incomplete"),
    ],
)
def test_long_ranges_are_drawn_by_week_month_or_year(
    count: int, drawn: int, first: tuple[str, str], last: tuple[str, str], words: str
) -> None:
    found = lines("bars", [{"ds": day(1) + timedelta(days=n), "up": 1} for n in range(count)], COUNT)[1:]
    assert found[drawn:] == ([words] if words else [])
    assert [(line.split()[0], line.split()[-1]) for line in (found[0], found[drawn - 1])] == [first, last]


def test_what_does_not_add_up_has_its_last_value() -> None:
    rows: list[Any] = [{"ds": day(n), "up": n, "down": n if n < 30 else None} for n in range(1, 32)]
    found = lines("bars", rows, UP, DOWN)
    assert [line.split()[-2:] for line in found[1:-1]] == [
        ["+4", "-4"], ["+11", "-11"], ["+18", "-18"], ["+25", "-25"], ["+31", "-29"],
    ]  # fmt: skip
    assert found[-1].strip() == "by week: the last value of each"
    assert lines("bars", rows, COUNT, DOWN)[-2:] == [
        "by week: sums of came; else the last value; the first and",
        "last may be incomplete",
    ]


def test_many_bars_that_are_no_days_are_the_last() -> None:
    found = lines("bars", [{"step": f"s{n}", "up": n} for n in range(40)], UP, x="step")
    assert (len(found), found[1].split()[0], found[-1].strip()) == (23, "s19", "the last 21 of 40")


def test_sparklines_of_long_ranges_have_the_last_values() -> None:
    rows: list[Any] = [{"ds": day(1) + timedelta(days=n), "up": n, "low": n, "high": n} for n in range(90)]
    first, second, third = lines("lines", rows, replace(COUNT, low="low", high="high"))
    assert first == "came ▁▂▂▃▃▄▄▅▆▆▇▇██ 89 (3 to 89) [89, 89]"
    assert (second, third) == ("     2026-01-01 .. 2026-03-31", "by week: the last value of each")
    areas = lines("areas", rows, COUNT)
    assert areas[1].endswith(" 89 (100%)")
    assert areas[2].strip() == "by week: the last value of each"


def test_lines_are_sparklines_with_their_ends() -> None:
    rows = [{"ds": day(n), "up": n, "low": n - 1, "high": n + 1} for n in range(1, 9)]
    found = lines("lines", rows, Series("up", "came", "teal", low="low", high="high"))
    assert found == ["came ▁▂▃▄▅▆▇█ 8 (1 to 8) [7, 9]", "     2026-01-01 .. 2026-01-08"]
    assert lines("lines", [{"ds": day(1), "up": None}], UP) == ["came", "     2026-01-01 .. 2026-01-01"]


def test_areas_show_the_shares_of_the_last_row() -> None:
    rows = [{"ds": day(1), "up": 1, "down": 1}, {"ds": day(2), "up": 1, "down": 3}]
    found = lines("areas", rows, UP, DOWN)
    assert (found[0].count("█"), found[0].count("▒")) == (12, 34)
    assert found[1:] == ["█ came ██ 1 (25%)", "▒ left ▃█ 3 (75%)"]


def test_a_histogram_has_counts_and_shares() -> None:
    rows: list[Any] = [{"n": 1, "up": 30}, {"n": 2, "up": 10}, {"n": 3, "up": None}]
    found = lines("histogram", rows, UP, x="n")
    assert [line.split()[-2:] for line in found] == [["30", "(75%)"], ["10", "(25%)"], ["0", "(0%)"]]
    assert found[0].count("█") == 26


def test_a_heatmap_has_a_row_for_each_y() -> None:
    rows = [{"week": w, "cohort": c, "share": 1 / (w + c)} for c in (1, 2) for w in (0, 1) if w + c < 3]
    found = lines("heatmap", rows, x="week", y="cohort", value="share", format="percent")
    assert found == ["                    0        1", "1            █ 100.0% ▒  50.0%", "2            ▒  50.0%"]


def test_a_forest_has_its_scale_and_the_line_across() -> None:
    effect = Series("effect", "effect", "blue", low="low", high="high")
    rows: list[Any] = [
        {"metric": "rides", "effect": 2.0, "low": 1.0, "high": 3.0},
        {"metric": "fare", "effect": -1.0, "low": None, "high": None},
    ]
    found = lines("forest", rows, effect, x="", y="metric", line=0, format="decimal")
    assert found[0].split() == ["-1.00", "3.00"]
    assert found[1].endswith("2.00 [1.00, 3.00]")
    assert "|" in found[1]
    assert "─●─" in found[1]
    assert "●" in found[2]
    assert "─" not in found[2]


def test_a_strip_has_runs_and_counts() -> None:
    states = ["fresh"] * 3 + ["stale"]
    rows = [{"ds": day(n), "table": "core.a", "state": state} for n, state in enumerate(states, 1)]
    found = lines(
        "strip", rows, Series("fresh", "fresh", "teal"), Series("stale", "stale", "amber"), y="table", value="state"
    )
    assert found[0] == "█ fresh  ▓ stale"
    assert found[1].endswith("3 fresh, 1 stale")
    assert found[1].count("█") == 10
