"""The registry in SQLite and in a real PostgreSQL."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from drawloom.model import Column, InputError, Record, RunError, inputs_digest
from drawloom.run.registry import Registry

DS = date(2026, 1, 1)
RECORD = Record(
    "core.a",
    DS,
    "run1",
    3,
    100,
    "abc",
    "v1",
    "digest",
    {"raw.x": {"2026-01-01": "x"}},
    datetime(2026, 1, 2, tzinfo=UTC),
    0.5,
    "s",
    "trino",
)
ODD_NAMES = ["schéma.таблица", "😀.🚀", 'o\'brien."q"', "100%.%s%(name)s", "back\\slash.:name", "a.b; DROP TABLE x --"]


def test_records_come_back(registry: Registry) -> None:
    assert registry.empty()
    registry.save([RECORD], {"core.a": [Column("n", "BIGINT")]})
    assert not registry.empty()
    assert registry.record("core.a", DS) == RECORD
    assert registry.records() == {"core.a": {DS: replace(RECORD, inputs={})}}
    assert registry.inputs("core.a") == {DS: RECORD.inputs}
    assert registry.columns() == {"core.a": (Column("n", "BIGINT"),)}
    assert registry.record("core.a", date(2026, 1, 2)) is None


@pytest.mark.parametrize("name", ["core.a", *ODD_NAMES])
def test_a_table_is_renamed_with_what_its_readers_have_read(registry: Registry, name: str) -> None:
    before, days = {name: {"2026-01-01": "abc"}, "raw.x": {"": "y"}}, [DS, date(2026, 1, 2)]
    other = {"core.b": {"2026-01-01": name}}
    made = [
        replace(RECORD, table=name, ds=ds, inputs={name: {"2025-12-31": "z"}}, inputs_digest="its own") for ds in days
    ]
    read = replace(RECORD, table="core.b", code="old", inputs=before, inputs_digest=inputs_digest(before))
    registry.save([*made, read, replace(read, ds=days[1], code="older", inputs=other)], {name: [Column("n", "BIGINT")]})
    registry.fail("new.a", DS, "left over from a table of that name")
    registry.fail(name, date(2026, 1, 3), "failed")
    registry.save_landed(name, {"f": "file.csv"})
    for _ in range(2):  # again changes nothing
        registry.rename(name, "new.a", {"core.b": ("old", "new")})
        found = registry.records()
        assert set(found) == {"new.a", "core.b"}
        assert registry.inputs("new.a") == {ds: {"new.a": {"2025-12-31": "z"}} for ds in days}
        assert {record.inputs_digest for record in found["new.a"].values()} == {"its own"}, (
            "it was none of these inputs"
        )
        after = {"new.a": {"2026-01-01": "abc"}, "raw.x": {"": "y"}}
        assert registry.inputs("core.b") == {DS: after, days[1]: other}
        assert found["core.b"][DS].inputs_digest == inputs_digest(after)
        assert [found["core.b"][ds].code for ds in days] == ["new", "older"]
        assert registry.columns() == {"new.a": (Column("n", "BIGINT"),)}
        assert registry.failures() == {("new.a", date(2026, 1, 3)): "failed"}
        assert registry.landed("new.a") == {"f": "file.csv"}
        assert registry.newest_codes() == {"new.a": "v1", "core.b": "older"}


def test_records_of_some_tables_only(registry: Registry) -> None:
    columns = {name: [Column(name[-1], "BIGINT")] for name in ("core.a", "core.b", "core.c")}
    registry.save([replace(RECORD, table=name) for name in columns], columns)
    assert list(registry.records(["core.b", "core.x"])) == ["core.b"]
    assert registry.records([]) == {}
    assert registry.columns(["core.c"]) == {"core.c": (Column("c", "BIGINT"),)}
    assert registry.columns([]) == {}


def test_the_state_differs_after_each_change_also_on_a_clock_that_was_set_back(registry: Registry) -> None:
    first, last = RECORD, replace(RECORD, ds=date(2026, 1, 3), at=datetime(2026, 1, 9, tzinfo=UTC))
    between = replace(RECORD, ds=date(2026, 1, 2), at=datetime(2026, 1, 5, tzinfo=UTC))
    changes: list[Callable[[], None]] = [
        lambda: None,
        lambda: registry.save([first, last, between]),
        lambda: registry.save([replace(between, seconds=0.75)]),
        lambda: registry.save([replace(between, seconds=0.75, bytes=101)]),
        lambda: registry.save([replace(between, seconds=0.75, bytes=101, rows=4)]),
        lambda: registry.save([replace(first, at=datetime(2025, 1, 1, tzinfo=UTC))]),
        lambda: registry.fail("core.a", date(2026, 1, 4), "no"),
        lambda: registry.fail("core.a", date(2026, 1, 4), "not again"),
        lambda: registry.forget("core.a", [between.ds]),
    ]
    states = []
    for change in changes:
        change()
        states.append(registry.state())
        assert registry.state() == states[-1]
    assert len(set(states)) == len(changes)


def test_the_engine_of_a_record_is_duckdb_by_default(registry: Registry) -> None:
    assert Record("core.a", DS, "r", 1, 1, "c", "v").engine == "duckdb"
    registry.save([RECORD, replace(RECORD, ds=date(2026, 1, 2), engine="duckdb")])
    assert [record.engine for record in registry.records()["core.a"].values()] == ["trino", "duckdb"]
    registry.restamp([replace(RECORD, stamp="new", engine="duckdb")])
    assert registry.record("core.a", DS) == replace(RECORD, stamp="new")


def test_saving_again_replaces_the_record_and_deletes_the_failure(registry: Registry) -> None:
    registry.save([RECORD])
    registry.fail("core.a", DS, "boom")
    registry.fail("core.a", DS, "boom again")
    registry.fail("core.a", date(2026, 1, 2), "another day")
    assert registry.failures() == {("core.a", DS): "boom again", ("core.a", date(2026, 1, 2)): "another day"}
    new = replace(RECORD, run="run2", rows=4, content="new", inputs={}, stamp="s2", engine="spark")
    registry.save([new], {"core.a": [Column("n", "BIGINT"), Column("m", "DATE")]})
    assert registry.failures() == {("core.a", date(2026, 1, 2)): "another day"}
    assert registry.record("core.a", DS) == new
    registry.save([new], {"core.a": [Column("m", "DATE")]})
    assert registry.columns() == {"core.a": (Column("m", "DATE"),)}
    registry.forget("core.a", [DS])
    registry.forget("core.a", [DS])
    assert registry.records() == {}


def test_the_last_of_two_records_of_one_partition_is_kept(registry: Registry) -> None:
    registry.save([RECORD, replace(RECORD, run="run2")])
    assert registry.records()["core.a"][DS].run == "run2"


def test_saving_nothing_changes_nothing(registry: Registry) -> None:
    registry.save([])
    registry.restamp([])
    registry.save_fingerprints({})
    registry.save_landed("raw.x", {})
    assert registry.empty()


def test_restamping_leaves_partitions_of_other_runs(registry: Registry) -> None:
    registry.save([replace(RECORD, run="run2", stamp="s2")])
    registry.restamp([replace(RECORD, stamp="moved")])
    assert registry.records()["core.a"][DS].stamp == "s2"
    registry.restamp([replace(RECORD, run="run2", stamp="moved"), replace(RECORD, table="core.gone")])
    assert {table: days[DS].stamp for table, days in registry.records().items()} == {"core.a": "moved"}


def test_fingerprints_and_landed_files(registry: Registry) -> None:
    registry.save_fingerprints({("raw.x", "2026-01-01"): ("s1", "f1")})
    registry.save_fingerprints({("raw.y", ""): ("s", "f"), ("raw.x", "2026-01-01"): ("s2", "f2")})
    assert registry.fingerprints() == {("raw.x", "2026-01-01"): ("s2", "f2"), ("raw.y", ""): ("s", "f")}
    registry.save_landed("raw.x", {"f1": "a.csv"})
    registry.save_landed("raw.x", {"f2": "c.csv", "f1": "b.csv"})
    assert registry.landed("raw.x") == {"f1": "b.csv", "f2": "c.csv"}
    assert registry.landed("raw.y") == {}


@pytest.mark.parametrize("hours", [-11, 0, 5.75, 14])
def test_times_are_the_same_in_every_time_zone(url: str, hours: float) -> None:
    Registry(url).close()
    if url.startswith("postgresql"):
        with sa.create_engine(url.replace("://", "+psycopg2://")).begin() as connection:
            name = sa.engine.make_url(url).database
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'")
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=hours)))
    registry = Registry(url)
    registry.save([replace(RECORD, at=at), replace(RECORD, table="core.b", at=None)])
    found = registry.record("core.a", DS)
    made = registry.record("core.b", DS)
    registry.close()
    assert found
    assert found.at == at
    assert found.at.tzinfo is UTC
    assert made
    assert made.at
    assert timedelta(0) <= datetime.now(UTC) - made.at < timedelta(minutes=1)


def test_unusual_names_come_back(registry: Registry) -> None:
    records = [replace(RECORD, table=name, inputs={name: {"": name}}, stamp=name) for name in ODD_NAMES]
    registry.save(records, {name: [Column(name, f"STRUCT({name!r} INT)")] for name in ODD_NAMES})
    for record in records:
        registry.fail(record.table, date(2026, 1, 2), record.table)
        registry.save_landed(record.table, {record.table: record.table})
    registry.save_fingerprints({(name, name): (name, name) for name in ODD_NAMES})
    assert [registry.record(name, DS) for name in ODD_NAMES] == records
    assert registry.columns(ODD_NAMES) == {name: (Column(name, f"STRUCT({name!r} INT)"),) for name in ODD_NAMES}
    assert registry.failures() == {(name, date(2026, 1, 2)): name for name in ODD_NAMES}
    assert registry.fingerprints() == {(name, name): (name, name) for name in ODD_NAMES}
    assert [registry.landed(name) for name in ODD_NAMES] == [{name: name} for name in ODD_NAMES]


def test_characters_that_databases_refuse_are_escaped(registry: Registry) -> None:
    registry.fail("core.a", DS, "bad byte \0, bad name \udcff")
    registry.save_landed("raw.x", {"f1": "na\udcefve.csv"})
    assert registry.failures() == {("core.a", DS): "bad byte \\x00, bad name \\udcff"}
    assert registry.landed("raw.x") == {"f1": "na\\udcefve.csv"}


def test_large_numbers_and_long_texts(registry: Registry) -> None:
    inputs = {f"raw.t{n}": {f"{day}": "0" * 64 for day in range(200)} for n in range(50)}
    large = replace(RECORD, table="x" * 2000, rows=2**62, bytes=2**62, seconds=1e-9, ds=date.max, inputs=inputs)
    registry.save([large, replace(large, ds=date.min)])
    assert registry.record(large.table, date.max) == large
    assert list(registry.records()[large.table]) == [date.min, date.max]


@pytest.mark.unmeasured
def test_twenty_thousand_partitions_in_one_save(registry: Registry) -> None:
    days = [date(1990, 1, 1) + timedelta(days=n) for n in range(10_000)]
    records = [replace(RECORD, table=table, ds=ds) for table in ("core.b", "core.a") for ds in days]
    registry.fail("core.b", days[5000], "boom")
    registry.save(records)
    registry.save([replace(record, run="run2") for record in records])
    found = registry.records()
    assert {table: len(held) for table, held in found.items()} == {"core.a": 10_000, "core.b": 10_000}
    assert {record.run for held in found.values() for record in held.values()} == {"run2"}
    assert registry.failures() == {}


def test_many_threads_write_at_once(registry: Registry) -> None:
    def write(n: int) -> None:
        for m in range(10):
            registry.save([replace(RECORD, ds=date(2026, 1 + n, 1 + m))])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(registry.records()["core.a"]) == 40


def test_a_broken_database_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("this is no database " * 100)
    with pytest.raises(RunError, match=r"The registry sqlite:.* failed: file is not a database\. "):
        Registry(f"sqlite:///{tmp_path}/registry.db")


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"The registry sqlite:.* failed: .*Not a directory"):
        Registry(f"sqlite:///{tmp_path}/file/deep/registry.db")


def test_a_missing_driver_names_the_package_to_install() -> None:
    with pytest.raises(RunError, match=r"failed: .* pip install '\.\[postgres\]'") as caught:
        Registry("postgresql+nosuchdriver://user:hunter2@localhost/x")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_the_driver_is_the_one_of_the_extra(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)  # as if it was not installed
    with pytest.raises(
        RunError, match=r"import of psycopg2 halted.*\. In a clone of drawloom: pip install '\.\[postgres\]'"
    ):
        Registry(f"{scheme}://user:hunter2@localhost/x")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://user:hunter2@host/x", r"registry == mysql://user:\*\*\*@host/x, must be in SQLite or PostgreSQL"),
        ("duckdb:///hunter2.db?password=hunter2", "password=hidden, must be in SQLite"),
        ("postgresql+asyncpg://user:hunter2@host/x", r"asyncpg://user:\*\*\*@host/x, must have a synchronous driver"),
        ("lake/registry.db?password=hunter2", r"may hold a password\. Write sqlite:///PATH"),
        ("postgresql://user:hunter2@host:port/x", "The registry is not a URL"),
        ("postgresql://user:p@hunter2@host/x", "is not a URL.* write %40 for @"),
        ("", "The registry is not a URL"),
    ],
)
def test_an_invalid_url_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Registry(url)
    assert "hunter2" not in str(caught.value).replace("hunter2.db", "")
