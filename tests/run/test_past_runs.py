"""Runs as the registry shows them: writes that followed each other closely."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import LANDED, Record
from drawloom.run.past_runs import GAP, PastRun, Window, find_past_runs

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
D1 = date(2026, 1, 1)


def record(table: str, n: int, at: float, run: str = "", seconds: float = 1.0, code: str = "v1") -> Record:
    """The n-th day of a table, noted so many seconds after noon."""
    ds, written = D1 + timedelta(days=n), NOON + timedelta(seconds=at)
    return Record(table, ds, run or f"{table}{n}", 5, 100, "c", code, at=written, seconds=seconds)


def runs(
    *records: Record, errors: Mapping[tuple[str, date], float] | None = None, known: list[Window] | None = None
) -> list[PastRun]:
    by_table: dict[str, dict[date, Record]] = {}
    for one in records:
        by_table.setdefault(one.table, {})[one.ds] = one
    failed_at = {key: NOON + timedelta(seconds=at) for key, at in (errors or {}).items()}
    failures = {key: f"{key[0]} {key[1]}: no" for key in failed_at}
    return find_past_runs(by_table, failures, failed_at, known or [])


def test_writes_within_a_minute_are_one_run_and_the_newest_comes_first() -> None:
    found = runs(record("core.a", 0, 0), record("core.b", 0, 50), record("core.a", 1, 200))
    assert [[write.table for write in run.writes] for run in found] == [["core.a"], ["core.a", "core.b"]]
    assert found[1].began == NOON - timedelta(seconds=1)
    assert found[1].ended == NOON + timedelta(seconds=50)
    assert (found[1].written, found[1].failed) == (2, 0)
    assert found[0].id > found[1].id


def test_a_long_write_belongs_to_the_run_in_which_it_began() -> None:
    found = runs(record("core.a", 0, 0), record("core.b", 0, 500, seconds=480))
    assert len(found) == 1


def test_days_of_one_pass_began_before_all_of_their_seconds() -> None:
    found = runs(*(record("core.a", n, 100, run="one", seconds=50) for n in range(2)), record("core.z", 0, 0))
    assert len(found) == 1
    assert len(runs(record("core.a", 0, 100, seconds=30), record("core.z", 0, 0))) == 2


def test_failures_are_part_of_runs_and_said_once_for_all_days() -> None:
    errors = {("core.b", D1): 10.0, ("core.b", D1 + timedelta(days=1)): 11.0}
    (found,) = runs(record("core.a", 0, 0), errors=errors)
    assert (found.written, found.failed) == (1, 2)
    ((table, days, text),) = found.failures
    assert (table, len(days)) == ("core.b", 2)
    assert text.endswith("no")
    assert [(one.table, one.written, one.failed) for one in found.tables] == [("core.a", 1, 0), ("core.b", 0, 2)]


def test_what_was_landed_is_said_to_be_landed() -> None:
    landed, ran = runs(record("raw.x", 0, 1000, code=LANDED), record("core.a", 0, 0))
    assert landed.landed
    assert not ran.landed


def test_what_a_known_run_wrote_is_left_out_and_other_tables_of_that_time_are_not() -> None:
    known = [Window(NOON - GAP, NOON + timedelta(seconds=20), frozenset({"core.a"}))]
    found = runs(record("core.a", 0, 10), record("core.b", 0, 10), record("core.a", 1, 30), known=known)
    assert sorted((write.table, write.ds) for run in found for write in run.writes) == [
        ("core.a", D1 + timedelta(days=1)),
        ("core.b", D1),
    ]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 300)), max_size=12),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 100), st.sets(st.sampled_from("abc"))), max_size=4),
)
def test_each_write_is_in_one_run_unless_a_window_has_it(
    writes: list[tuple[str, int]], spans: list[tuple[int, int, set[str]]]
) -> None:
    def moment(n: int) -> datetime:
        return NOON + timedelta(seconds=n)

    records = [record(table, n, at) for n, (table, at) in enumerate(writes)]
    windows = [Window(moment(a), moment(a + n), frozenset(tables)) for a, n, tables in spans]
    expected = {
        (one.table, one.ds)
        for one in records
        if one.at and not any(w.began <= one.at <= w.ended and one.table in w.tables for w in windows)
    }
    found = runs(*records, known=windows)
    assert sorted((w.table, w.ds) for run in found for w in run.writes) == sorted(expected)
    for later, earlier in pairwise(found):
        assert later.began - earlier.ended > GAP
