"""A case reports each broken law, with its name and place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from drawloom.frameworks.page import Chart, Choice, Choices, Fact, Judgement, Page, Series, Verdict
from drawloom.model import Days, Read
from drawloom.testing import BrokenLawError, FrameworkCase
from tests.testing.toys import CASE, COUNTS, MON, RANGE_SQL, ROWS, SQL, TUE, WED, install, toy

BAD_CHOICE = Choice("order", ("asc", "sideways"))
QUERY = "SELECT ds, n FROM toys.a ORDER BY ds"


def chart(query: str, column: str = "n") -> Chart:
    return Chart("days", "Days", "bars", query, "ds", (Series(column, "rows", "blue"),))


def good_page(spec: object, given: Mapping[str, str]) -> Page:
    chosen = Choices.of(given, Choice("as_of"), Choice("order", ("asc", "desc")))
    where = f"WHERE ds <= DATE '{day}'" if (day := chosen.day("as_of")) else ""
    query = f"SELECT ds, n FROM toys.a {where} ORDER BY ds {chosen['order']}"
    verdict = Verdict(query, lambda rows: Judgement(f"{rows[0]['n']} rows"))
    return Page("a", (chart(query),), (Fact("rows", query, "n", day="ds", compare=(1,)),), verdict, chosen.choices)


def counting_calls(value: Callable[[int], int]) -> Callable[[], dict[str, Any]]:
    """A Python step that is not pure: its rows depend on how often its day was filled."""
    calls: Counter[date] = Counter()

    def call(context: Any) -> pa.Table:
        calls[context.ds] += 1
        return pa.table({"n": [value(calls[context.ds])]})

    reads = (Read("raw.events", Days.parse("0"), "offset"),)
    return lambda: {"sql": None, "call": call, "reads": reads}


def broken_law(case: FrameworkCase, folder: Path) -> str:
    with pytest.raises(BrokenLawError) as raised:
        case.check(folder)
    assert str(raised.value).startswith(f"{raised.value.law}: ")
    return str(raised.value)


@pytest.mark.unmeasured
def test_a_framework_that_keeps_all_laws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy(lambda: {"backfill_sql": RANGE_SQL}, good_page))
    CASE.check(tmp_path / "case")
    CASE.check_engine(tmp_path / "engine", "duckdb")
    CASE.check_engine(tmp_path / "settings", {"kind": "duckdb", "threads": 2})


def test_other_rows_than_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())
    case = replace(CASE, expected={"toys.a": {**COUNTS, TUE: [{"n": 3}, {"n": 5}]}})
    assert broken_law(case, tmp_path / "rows") == "expected: toys.a 2026-01-06 has other rows: 1 missing: (n=5)."
    case = replace(CASE, expected={"toys.a": [{"ds": TUE, "n": 3, "m": 1}]})
    assert broken_law(case, tmp_path / "columns") == "expected: toys.a lacks the columns m."
    case = replace(CASE, expected={"toys.a": {WED: []}})
    assert "toys.a 2026-01-07 has other rows: 1 unexpected: (" in broken_law(case, tmp_path / "none")
    case = replace(CASE, expected={"toys.b": COUNTS})
    assert broken_law(case, tmp_path / "name").startswith("expected: ")
    case = replace(CASE, expected={"toys.a": {date(2026, 1, 8): [{"n": 1}]}})
    message = "expected: toys.a 2026-01-08 (no partition is scheduled) has other rows: 1 missing: (n=1)."
    assert broken_law(case, tmp_path / "day") == message


def test_a_step_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy(lambda: {"sql": SQL.replace("count(*)", "CAST(error('no ' || count(*)) AS BIGINT)")}))
    assert "expected: in a run of all days, toys.a 2026-01-05 failed: " in broken_law(CASE, tmp_path)


def test_a_spec_with_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy(lambda: {"sql": SQL.replace("raw.events", "raw.event")}))
    message = broken_law(CASE, tmp_path)
    assert message.startswith("compile: ")
    assert "reads raw.event, which is not a table" in message


def test_a_step_that_gives_other_rows_when_it_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy(counting_calls(lambda calls: calls)))
    expected = "rerun: a forced run gives other contents of toys.a 2026-01-05, toys.a 2026-01-06, toys.a 2026-01-07: "
    assert broken_law(replace(CASE, expected={}), tmp_path).startswith(
        f"{expected}1 missing: (n=1, ds=2026-01-05); 1 unexpected: (n=2, "
    )


def test_a_step_that_is_compiled_to_something_else_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count()
    install(monkeypatch, toy(lambda: {"sql": SQL.replace("count(*)", f"count(*) + 0 * {next(numbers)}")}))
    expected = "rerun: a second run would write toys.a 2026-01-05, toys.a 2026-01-06, toys.a 2026-01-07: code changed."
    assert broken_law(CASE, tmp_path) == expected


def test_a_step_that_cannot_be_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy(counting_calls(lambda calls: calls // 3)))
    message = broken_law(replace(CASE, expected={}), tmp_path)
    assert message.startswith("rebuild: a rebuild from nothing gives other contents of toys.a 2026-01-05, ")


def test_backfill_sql_that_disagrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "count(*) + CASE ds WHEN DATE '2026-01-06' THEN 1 ELSE 0 END"
    install(monkeypatch, toy(lambda: {"backfill_sql": RANGE_SQL.replace("count(*)", wrong)}))
    message = broken_law(replace(CASE, expected={}), tmp_path)
    assert message.startswith("split: day by day, a run gives other contents of toys.a 2026-01-0")


def test_backfill_sql_of_another_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy(lambda: {"backfill_sql": RANGE_SQL.replace("count(*)", "count(*)::DOUBLE")}))
    message = broken_law(replace(CASE, expected={}), tmp_path)
    assert message.startswith("compile: specs/case.yml:1: toys.a.n has type BIGINT, must be DOUBLE")


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (
            lambda spec, given: Page("a", (chart(QUERY, "m"),)),
            "page: the chart 'days' of a lacks m; its query gives ds, n.",
        ),
        (
            lambda spec, given: Page(
                "a", (chart(f"{QUERY} {Choices.of(given, BAD_CHOICE)['order']}"),), choices=(BAD_CHOICE,)
            ),
            "page: the chart 'days' of a with order=sideways raises ",
        ),
        (
            lambda spec, given: Page("a", (chart("SELECT ds, n FROM toys.b"),)),
            "page: the chart 'days' of a raises ",
        ),
        (
            lambda spec, given: Page("a", facts=(Fact("rows", QUERY, "n", day="day"),)),
            "page: the fact 'rows' of a lacks day; its query gives ds, n.",
        ),
        (
            lambda spec, given: Page("a", verdict=Verdict(QUERY, lambda rows: Judgement(rows[0]["m"]))),
            "page: the verdict of a raises KeyError: 'm'",
        ),
        (
            lambda spec, given: Page("a", (chart(f"{QUERY} LIMIT {given['limit']}"),)),
            "page: the page of a raises InputError: specs/case.yml:1: The page of toy failed: KeyError: 'limit' (test_case.py:",
        ),
    ],
)
def test_a_page_that_cannot_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Callable[..., Page], message: str
) -> None:
    install(monkeypatch, toy(page=page))
    with pytest.raises(BrokenLawError) as raised:
        CASE.check_engine(tmp_path, "duckdb")
    assert str(raised.value).startswith(message)


def test_weeks_empty_days_and_all_kinds_of_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = (
        "SELECT p.label, sum(e.price)::DECIMAL(9, 2) AS price, avg(e.score) AS score, list(e.tags ORDER BY e.price) AS tags, "
        "max(e.at) AS at, max(e.at)::DATE AS day, max(e.note) AS note, count(*) AS n "
        "FROM raw.events AS e JOIN raw.labels AS p ON p.product = e.product LEFT JOIN raw.none AS x ON x.product = e.product AND x.ds = DATE '{{ ds }}' "
        "WHERE e.ds BETWEEN DATE '{{ ds }}' - INTERVAL 6 DAY AND DATE '{{ ds }}' GROUP BY p.label"
    )
    install(monkeypatch, toy(lambda: {"sql": sql}))
    at = datetime(2026, 1, 6, 12, 30)
    rows: list[dict[str, Any]] = [
        {"ds": MON, "product": 1, "price": Decimal("1.5"), "score": 0.1, "tags": ["a"], "at": at},
        {"ds": WED, "product": 1, "price": Decimal("2.25"), "score": 0.2, "tags": [], "at": None, "note": None},
    ]
    week = {"label": "tea", "price": Decimal("3.75"), "score": 0.15, "tags": (("a",), ()), "at": at, "day": at.date()}
    FrameworkCase(
        spec=f"{CASE.spec}schedule: '@weekly'\n",
        rows={"raw.events": rows, "raw.labels": [{"product": 1, "label": "tea"}], "raw.none": []},
        types={"raw.events": {"note": "VARCHAR", "price": "DECIMAL(9, 2)"}, "raw.none": {"product": "BIGINT"}},
        expected={"toys.a": {date(2026, 1, 11): [{**week, "note": None, "n": 2}], date(2026, 1, 18): []}},
        last=date(2026, 1, 19),
    ).check(tmp_path)


def test_landed_partitions_need_not_be_repeatable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = counting_calls(lambda calls: calls)
    install(monkeypatch, toy(lambda: {**step(), "landed": True}))
    replace(CASE, expected={"toys.a": {WED: [{"n": 1}]}}).check(tmp_path)


def test_a_case_that_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())
    case = replace(CASE, spec=f"{CASE.spec}schedule: '@monthly'\n", expected={})
    assert broken_law(case, tmp_path) == "expected: a run of 2026-01-05..2026-01-07 writes nothing."


def test_a_column_without_values_needs_a_type(tmp_path: Path) -> None:
    case = replace(CASE, rows={"raw.events": [{**row, "note": None} for row in ROWS]})
    with pytest.raises(ValueError, match=r"types of raw\.events == \{\}, must name the type of note\."):
        case.check(tmp_path)
