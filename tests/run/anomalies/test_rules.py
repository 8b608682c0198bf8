"""Rules about partitions: each is found for every partition that breaks it, and for no other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from drawloom.frameworks.anomalies import Anomalies
from drawloom.frameworks.anomalies.spec import Expect, Watch
from drawloom.model import Record
from drawloom.run.anomalies.rules import Broken, broken_rules
from drawloom.run.anomalies.watched import Clock, Watched
from drawloom.specs.fields import Forever

DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(10)]
SPEC = Anomalies(
    name="health", watch=(Watch(table="core.rides"),), expect=Expect(by="06:00"), until=Forever("a test"), owner="me"
)
CLOCK = Clock(datetime(2026, 3, 11, 9, tzinfo=UTC), "Europe/Paris", DAYS[-1])


def record(ds: date, *, rows: int = 5, content: str = "", at: datetime | None = None) -> Record:
    landed = at or datetime(ds.year, ds.month, ds.day, 3, tzinfo=UTC) + timedelta(days=1)
    return Record("core.rides", ds, "run", rows, 100, content or f"c{ds.day}", "code", at=landed)


def watched(*records: Record) -> Watched:
    by_day = {one.ds: one for one in records}
    return Watched(SPEC, "core.rides", {ds: one.content for ds, one in by_day.items()}, by_day)


def broken(one: Watched, rule: str, clock: Clock = CLOCK) -> list[Broken]:
    return [found for found in broken_rules(one, clock, 14) if found.rule == rule]


def test_nothing_is_wrong_with_days_in_order() -> None:
    assert broken_rules(watched(*map(record, DAYS)), CLOCK, 14) == []


def test_missing_days_are_found_between_others_and_when_they_are_due() -> None:
    gaps = watched(*(record(ds) for ds in DAYS if ds not in {DAYS[3], DAYS[4], DAYS[9]}))
    found = broken(gaps, "missing")
    assert [(one.first, one.last) for one in found] == [(DAYS[3], DAYS[4]), (DAYS[9], DAYS[9])]
    assert found[0].summary == "core.rides has no partition on 2 days, 2026-03-04 to 2026-03-05"
    early = Clock(datetime(2026, 3, 11, 4, 59, tzinfo=UTC), "Europe/Paris", DAYS[-1])  # 05:59 in Paris
    assert [one.first for one in broken(gaps, "missing", early)] == [DAYS[3]]


def test_late_days_are_found_and_backfilled_ones_are_not() -> None:
    late = datetime(2026, 3, 6, 7, 30, tzinfo=UTC)
    days = [*(record(ds) for ds in DAYS if ds != DAYS[4]), record(DAYS[4], at=late)]
    found = broken(watched(*days), "late")
    assert [one.summary for one in found] == [
        "core.rides landed at 08:30 on 2026-03-06, and was due at 06:00 on 2026-03-05"
    ]
    backfilled = [record(ds, at=datetime(2026, 3, 11, 8, tzinfo=UTC)) for ds in DAYS]
    assert broken(watched(*backfilled), "late") == []


def test_empty_days_are_found_where_others_are_not() -> None:
    found = broken(watched(*(record(ds, rows=0 if ds == DAYS[6] else 5) for ds in DAYS)), "empty")
    assert [one.first for one in found] == [DAYS[6]]
    assert broken(watched(*(record(ds, rows=ds.day // 9) for ds in DAYS)), "empty") == []


def test_the_rows_of_another_day_are_loaded_twice() -> None:
    days = [record(ds, content="c5" if ds == DAYS[7] else "") for ds in DAYS]
    found = broken(watched(*days), "loaded twice")
    assert [one.summary for one in found] == [
        "core.rides has the rows of 2026-03-05: they were loaded twice on 2026-03-08"
    ]
    assert broken(watched(*(record(ds, rows=0, content="none") for ds in DAYS)), "loaded twice") == []


def test_other_columns_are_found_on_the_day_they_change(tmp_path: Path) -> None:
    files: dict[date, list[Path]] = {}
    for ds in DAYS:
        files[ds] = [tmp_path / f"{ds}.parquet"]
        columns = {"ride": [1], "fare": [2.5]} if ds < DAYS[5] else {"ride": [1], "fare": ["2.5"], "tip": [1]}
        pq.write_table(pa.table(columns), files[ds][0])
    one = Watched(SPEC, "core.rides", dict.fromkeys(DAYS, "c"), {}, files)
    found = broken(one, "schema changed")
    assert [(one.first, one.last) for one in found] == [(DAYS[5], DAYS[5])]
    assert found[0].summary == (
        "core.rides has other columns than before: it lost fare double and gained fare string, tip int64 on 2026-03-06"
    )


def test_columns_of_text_files_are_their_first_line(tmp_path: Path) -> None:
    files = {ds: [tmp_path / f"{ds}.csv"] for ds in DAYS}
    for ds, (file,) in files.items():
        file.write_text("ride,fare\n1,2\n" if ds != DAYS[9] else "fare,ride\n2,1\n")
    found = broken(Watched(SPEC, "raw.rides", dict.fromkeys(DAYS, "c"), {}, files), "schema changed")
    assert [one.summary for one in found] == [
        "raw.rides has other columns than before: it has them in another order on 2026-03-10"
    ]


def test_restated_days_are_those_that_changed_since_they_were_judged() -> None:
    one = watched(*map(record, DAYS))
    judged = {**one.contents, DAYS[2]: "before", DAYS[3]: "before"}
    restated = Watched(SPEC, "core.rides", one.contents, one.records, {}, judged)
    assert [(found.first, found.last) for found in broken(restated, "restated")] == [(DAYS[2], DAYS[3])]
