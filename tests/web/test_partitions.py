"""The pages of partitions, on a finished project and on broken ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.model import Pipeline, Schedule, Step, Table
from drawloom.run.plan import Needs, PlannedPartition, State
from drawloom.run.project import Project
from drawloom.web.draw.strips import DAY_WIDTH, day_axis, day_strip
from drawloom.web.site import TableStatus
from tests.web.test_pages import Structure, text_of

OpenClient = Callable[..., TestClient]
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "../../etc/passwd",
    "\u202eevil",
    "x" * 5000,
)


@pytest.mark.parametrize(
    "path", ["/partitions", "/partitions/core.orders", "/partitions/core.orders/2026-03-05", "/partitions/raw.orders"]
)
def test_pages_of_partitions_have_unique_ids_and_nothing_inline(reader: TestClient, path: str) -> None:
    answer = reader.get(path)
    assert answer.status_code == 200
    found = Structure(answer.text)
    assert len(found.ids) == len(set(found.ids))
    assert not found.inline


def test_tables_by_day_have_words_counts_and_the_newest_fresh_day(reader: TestClient) -> None:
    text = text_of(reader.get("/partitions").text)
    assert "10 fresh" in text
    assert "2026-03-10" in text
    assert 'aria-label="10 fresh"' in reader.get("/partitions").text


def test_a_filter_is_in_the_address_and_finds_tables(reader: TestClient) -> None:
    growth = reader.get("/partitions", params={"kind": "growth"}).text
    assert 'href="/partitions/core.orders"' not in growth
    assert "growth.buyers" in growth
    found = reader.get("/partitions", params={"q": "customers"}).text
    assert 'href="/partitions/core.customers"' in found
    assert 'href="/partitions/core.orders"' not in found
    assert "No table has that" in reader.get("/partitions", params={"state": "failed"}).text
    assert "There is no page 7" in reader.get("/partitions", params={"page": 7}).text


def test_a_range_of_days_counts_only_its_days(reader: TestClient) -> None:
    text = text_of(
        reader.get("/partitions", params={"q": "core.orders", "from": "2026-03-04", "to": "2026-03-06"}).text
    )
    assert "3 fresh" in text
    assert "10 fresh" not in text
    assert reader.get("/partitions", params={"from": "", "to": ""}).status_code == 200


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"state": "purple"}, 400),
        ({"from": "2026-03-09", "to": "2026-03-02"}, 400),
        ({"from": "tomorrow"}, 422),
        ({"page": "0"}, 422),
        ({"page": "x"}, 422),
        ({"page": "9" * 40}, 422),
    ],
)
def test_bad_choices_are_refused_with_a_page(reader: TestClient, params: dict[str, str], code: int) -> None:
    answer = reader.get("/partitions", params=params)
    assert answer.status_code == code
    assert "Nothing was changed" in answer.text


def test_a_table_lists_why_and_each_day_with_its_record(reader: TestClient) -> None:
    text = text_of(reader.get("/partitions/core.orders").text)
    assert "2026-03-01 to 2026-03-10" in text
    assert text.count("2026-03-0") >= 9
    assert "older" not in text
    landed = text_of(reader.get("/partitions/raw.orders").text)
    assert "no spec fills it" in landed
    assert "2026-03-10" in landed


def test_changed_code_is_said_on_every_day(open_client: OpenClient, shop: Path) -> None:
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("FROM raw.orders", ", 1 AS one FROM raw.orders"))
    client = open_client(shop)
    assert "code changed" in client.get("/partitions/core.orders").text
    assert text_of(client.get("/partitions/core.orders").text).count("older") == 10
    gaps = text_of(client.get("/partitions", params={"state": "stale"}).text)
    assert "2026-03-01 to 2026-03-10 (10): code changed" in gaps
    assert "because core.orders' code changed" in gaps
    day = client.get("/partitions/report.products_week/2026-03-10")
    assert 'href="/partitions/core.orders/2026-03-10"' in day.text, "each hop up to the cause is a link"
    assert text_of(day.text).count("because") >= 2
    assert "(that of now is" in text_of(client.get("/partitions/core.orders/2026-03-05").text)


def test_a_day_says_what_it_was_made_of_and_what_reads_it(reader: TestClient) -> None:
    page = reader.get("/partitions/core.orders/2026-03-05").text
    text = text_of(page)
    assert "1 as it was" in text
    assert 'href="/partitions/raw.orders/2026-03-05"' in page
    assert 'href="/partitions/core.customers/2026-03-05"' in page
    assert "(that of now)" in text
    assert "This one passed those below" in text or "Checks" not in text
    landed = reader.get("/partitions/raw.orders/2026-03-05").text
    assert "landed from raw files" in landed
    assert "orders-1.csv" in landed
    assert 'href="/partitions/core.orders/2026-03-05"' in landed


def test_an_input_that_changed_since_is_said(open_client: OpenClient, shop: Path) -> None:
    with Project.load(shop) as project:
        project.registry.forget("raw.orders", [date(2026, 3, 5)])
    text = text_of(open_client(shop).get("/partitions/core.orders/2026-03-05").text)
    assert "1 gone since" in text


def test_a_failed_day_shows_its_whole_error(open_client: OpenClient, shop: Path) -> None:
    with Project.load(shop) as project:
        project.registry.fail("core.orders", date(2026, 3, 5), "first line\nsecond <b>line</b>")
    client = open_client(shop)
    page = client.get("/partitions/core.orders/2026-03-05").text
    assert "second &lt;b&gt;line&lt;/b&gt;" in page
    assert "first line" in text_of(client.get("/partitions", params={"state": "failed"}).text)
    assert "Nothing of the failed run was published" in page


def test_unknown_tables_and_days_are_not_found(reader: TestClient) -> None:
    answer = reader.get("/partitions/core.order")
    assert answer.status_code == 404
    assert "Did you mean core.orders?" in answer.text
    assert reader.get("/partitions/core.orders/2027-01-01").status_code == 404
    assert reader.get("/partitions/core.orders/yesterday").status_code == 422


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_are_text(reader: TestClient, hostile: str) -> None:
    for answer in (
        reader.get("/partitions", params={"q": hostile, "owner": hostile}),
        reader.get("/partitions", params={"state": hostile}),
        reader.get(f"/partitions/{hostile}"),
        reader.get(f"/partitions/core.orders/{hostile}"),
    ):
        assert answer.status_code in {200, 400, 404, 422}
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert len(answer.text) < 60_000


def table_of(states: list[State], schedule: str = "@daily") -> TableStatus:
    step = Step("core.t", Table("core.t"), sql="SELECT 1")
    pipeline = Pipeline("core.t", "autodag", (step,), Schedule.parse(schedule))
    days = pipeline.schedule.run_days(date(2026, 1, 1), date(2036, 1, 1))
    made = [PlannedPartition(pipeline, step, ds, s, "why", Needs((), {})) for ds, s in zip(days, states, strict=False)]
    return TableStatus("core.t", pipeline, made)


def test_a_strip_has_one_path_for_each_state_however_many_days_there_are() -> None:
    states = [(State.FRESH, State.STALE, State.FAILED)[n % 3] for n in range(3650)]
    strip = day_strip(table_of(states), date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=3649))
    assert strip.count("<path") == 1  # each pixel has eight days, of which one failed
    assert f"h{DAY_WIDTH}" in strip
    assert "1216 failed" in strip
    few = day_strip(table_of(states[:300]), date(2026, 1, 1), date(2026, 10, 27))
    assert few.count("<path") == 3
    assert len(few) < 5000


def test_a_week_takes_all_of_its_days_in_a_strip() -> None:
    weeks = table_of([State.FRESH, State.WAITING], "@weekly")
    strip = day_strip(weeks, date(2025, 12, 29), date(2026, 1, 11))
    lengths = [int(length) for length in re.findall(r"h(\d+)", strip)]
    assert lengths == [DAY_WIDTH // 2, DAY_WIDTH // 2]


def test_a_single_missing_day_of_many_years_is_seen() -> None:
    states = [State.FRESH] * 1000 + [State.MISSING] + [State.FRESH] * 999
    strip = day_strip(table_of(states), date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=1999))
    (missing,) = re.findall(r'state-missing" d="[^"]*h(\d+)"', strip)
    assert int(missing) >= 3
    last = day_strip(
        table_of([*states[:1000], State.MISSING]), date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=1000)
    )
    assert re.search(r'state-missing" d="[^"]*h4"', last)


def test_colours_have_a_legend_and_spans_lead_to_their_days(reader: TestClient) -> None:
    for path in ("/", "/partitions", "/partitions/core.orders"):
        assert '<span class="swatch fresh"></span>fresh' in reader.get(path).text
    assert 'href="/partitions/core.orders/2026-03-01"' in reader.get("/partitions/core.orders").text


def test_months_are_named_where_there_is_room() -> None:
    one_year = day_axis(date(2026, 1, 20), date(2027, 1, 19))
    assert "Jan 2026" in one_year
    assert one_year.count("<text") < 13
    many = day_axis(date(2010, 1, 1), date(2026, 1, 1))
    assert many.count("<text") < 20
    assert ">2010<" in many
    assert day_axis(date(2026, 1, 1), date(2026, 1, 1)).startswith("<svg")
