"""Trino as an engine: Hive partitions and days of Iceberg, filled, replaced, shown, dropped, fought over and killed."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from drawloom.engines.base import Staged
from drawloom.engines.duckdb import DuckDB
from drawloom.engines.lake import Lake
from drawloom.engines.trino import Trino, connect
from drawloom.engines.trino.iceberg import Iceberg
from drawloom.model import Column, InputError, RunError, Table
from tests.servers.engines import Engines

pytestmark = pytest.mark.engines

D1, D2, D3 = (date(2026, 1, n) for n in (1, 2, 3))
A = Column("a", "BIGINT")

Folders = dict[date | None, str]


class Bench:
    """An engine with a schema of its own, over a lake of its own."""

    def __init__(self, url: str, catalog: str, folder: Path) -> None:
        self.url = f"{url.rpartition('/')[0]}/{catalog}"
        self.catalog = catalog
        self.lake = Lake(folder / "lake")
        self.location = self.lake.root.as_uri()
        self.schema = f"tri_{catalog[0]}_{secrets.token_hex(5)}"
        self.table = f"{self.schema}.t"
        self.engine = self.open()

    def open(self) -> Trino:
        return Trino(connect(self.url), self.location, "hive")

    def run(self, sql: str) -> list[Sequence[Any]]:
        return self.engine.client.run(sql).rows

    def fill(self, ds: date, sql: str, table: str = "", engine: Trino | None = None, **given: Any) -> Staged:
        engine = engine or self.engine
        with engine.task(given.pop("inputs", {}), given.pop("columns", None)) as task:
            staged = task.stage(Table(table or self.table), ds, sql, {"run": "r1"}, **given)
            engine.publish([staged])
        return staged

    def rows(self, sql: str = "") -> list[tuple[Any, ...]]:
        with self.engine.task({self.table: None}) as task:
            return task.fetch(sql or f"SELECT a, ds FROM {self.table} ORDER BY ds, a")

    def end(self) -> None:
        for name in {self.catalog, "hive"}:
            with suppress(RunError):
                for (table,) in self.run(f"SHOW TABLES FROM {name}.{self.schema}"):
                    with suppress(RunError):
                        self.run(f'DROP TABLE {name}.{self.schema}."{table}"')
        with suppress(RunError):
            self.run(f"DROP SCHEMA IF EXISTS {self.catalog}.{self.schema}")
        self.engine.close()


@pytest.fixture(params=["hive", "iceberg"])
def bench(request: pytest.FixtureRequest, engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    one = Bench(engines.trino, request.param, tmp_path)
    yield one
    one.end()


@pytest.fixture
def hive(engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    one = Bench(engines.trino, "hive", tmp_path)
    yield one
    one.end()


@pytest.fixture
def iceberg(engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    one = Bench(engines.trino, "iceberg", tmp_path)
    yield one
    one.end()


def many(tag: int) -> dict[str, Any]:
    """Rows by which a whole day of one writer can be told: the more, the higher its tag."""
    sql = f"SELECT CAST({tag} AS BIGINT) AS a FROM UNNEST(sequence(1, {5000 + tag})) AS t (x)"
    return {"sql": sql, "dialect": "trino"}


def code(error: pytest.ExceptionInfo[RunError] | pytest.ExceptionInfo[InputError]) -> str:
    return error.value.problems[0].code


# -- reaching it


def test_a_catalog_that_is_not_there_is_named_with_those_that_are(engines: Engines) -> None:
    with pytest.raises(RunError, match=r"catalog == nope, must be one of trino at .*: guarded, hive, iceberg"):
        connect(f"{engines.trino.rpartition('/')[0]}/nope")
    with pytest.raises(RunError, match=r"must be of the Hive or the Iceberg connector, not of memory"):
        connect(f"{engines.trino.rpartition('/')[0]}/memory")


def test_files_need_a_hive_catalog(engines: Engines, tmp_path: Path) -> None:
    client = connect(f"{engines.trino.rpartition('/')[0]}/iceberg")
    with pytest.raises(RunError, match="lake_catalog == iceberg, must be of the Hive connector"):
        Trino(client, tmp_path.as_uri(), "iceberg")
    with pytest.raises(RunError, match=r"lake_catalog == none, must be a Hive catalog .* There are: guarded, hive"):
        Trino(client, tmp_path.as_uri()).attach("tri_none.t", [A], {D1: tmp_path.as_uri()})
    client.close()


def test_settings_are_properties_of_the_session(engines: Engines) -> None:
    client = connect(engines.trino, {"query_max_run_time": "17m"})
    (row,) = (row for row in client.run("SHOW SESSION").rows if row[0] == "query_max_run_time")
    assert row[1] == "17m"
    assert client.run("SELECT current_timezone()").rows == [["UTC"]]
    client.close()


# -- filling


def test_days_are_filled_replaced_and_dropped(bench: Bench) -> None:
    first = bench.fill(D1, "SELECT 1::BIGINT AS a, 'x' AS s")
    assert (first.rows, first.bytes > 0, first.run) == (1, True, "r1")
    again = bench.fill(D2, f"SELECT a + 1 AS a, s FROM {bench.table}", inputs={bench.table: [D1]})
    same = bench.fill(D2, f"SELECT a + 1 AS a, s FROM {bench.table}", inputs={bench.table: [D1]})
    assert again.content == same.content != first.content
    assert bench.rows() == [(1, D1), (2, D2)]
    own = bench.fill(D2, f"SELECT a + 10 AS a, s FROM {bench.table}", inputs={bench.table: [D1, D2]})
    assert bench.rows() == [(1, D1), (11, D2), (12, D2)]
    stored = bench.engine.stored(bench.table, D2)
    assert stored
    assert (stored.rows, stored.content, stored.bytes > 0) == (own.rows, own.content, True)
    assert bench.engine.columns(bench.table) == (A, Column("s", "VARCHAR"))
    bench.engine.drop(bench.table, D2)
    bench.engine.drop(bench.table, D3)
    assert bench.engine.days(bench.table) == [D1]
    assert bench.engine.stored(bench.table, D2) is None
    assert bench.rows() == [(1, D1)]
    bench.fill(D2, "SELECT 5::BIGINT AS a, 'y' AS s")  # a folder that was left behind is not in the way
    assert bench.rows() == [(1, D1), (5, D2)]


def test_an_empty_day_is_there_and_empty(bench: Bench) -> None:
    nothing = "SELECT 1::BIGINT AS a WHERE false"
    assert bench.fill(D1, nothing).rows == 0  # the first of a table
    assert bench.engine.days(bench.table) == [D1]
    bench.fill(D1, "SELECT 1::BIGINT AS a")
    bench.fill(D2, "SELECT 2::BIGINT AS a")
    assert bench.rows() == [(1, D1), (2, D2)]
    bench.fill(D2, nothing)  # over a full one
    assert bench.rows() == [(1, D1)]
    assert bench.engine.days(bench.table) == [D1, D2]
    assert bench.engine.stored(bench.table, D2) == replace(
        bench.fill(D3, nothing), ds=D2, run="", place=f"{bench.catalog}.{bench.table}"
    )
    for ds in (D1, D2, D3):
        bench.engine.drop(bench.table, ds)
    assert bench.engine.days(bench.table) == []


def test_many_days_at_once_full_and_empty(bench: Bench) -> None:
    days = [D1 + timedelta(n) for n in range(94)]  # more than Trino writes in one statement
    with bench.engine.task({}) as task:
        sql = f"SELECT x AS a, date_add('day', x * 2, DATE '{D1}') AS ds FROM UNNEST(sequence(0, 46)) AS t (x)"
        staged = task.stage_range(Table(bench.table), sql, {ds: {"run": "r1"} for ds in days}, dialect="trino")
        bench.engine.publish(staged)
        with pytest.raises(RunError, match=r"ds == 2026-.*, must be a day from 2026-01-01 to 2026-01-02"):
            task.stage_range(Table(bench.table), sql, {D1: {"run": "r1"}, D2: {"run": "r1"}}, dialect="trino")
    assert [part.rows for part in staged] == [1, 0] * 47
    assert bench.engine.days(bench.table) == days
    assert len(bench.rows()) == 47


def test_every_type_comes_back_as_it_was(bench: Bench) -> None:
    data = pa.table(
        {
            "b": pa.array([True, None, False]),
            "i8": pa.array([-128, None, 127], pa.int8()),
            "i16": pa.array([-32768, None, 32767], pa.int16()),
            "i32": pa.array([-(2**31), None, 2**31 - 1], pa.int32()),
            "i64": pa.array([-(2**63), None, 2**63 - 1], pa.int64()),
            "u64": pa.array([0, None, 2**64 - 1], pa.uint64()),
            "f": pa.array([1.5, None, float("-inf")], pa.float32()),
            "d": pa.array([0.1, None, float("inf")], pa.float64()),
            "n": pa.array([Decimal("-" + "9" * 28 + ".1234567891"), None, Decimal("1E-10")], pa.decimal128(38, 10)),
            "s": pa.array(["it's \\ \"🙂\"\n\t", None, ""]),
            "x": pa.array([b"\x00\xff'", None, b""]),
            "day": pa.array([date(1, 1, 1), None, date(9999, 12, 31)]),
            "at": pa.array([datetime(1955, 1, 1, 0, 0, 0, 4), None, datetime(2026, 1, 1)], pa.timestamp("us")),
            "l": pa.array([[1, None], None, []], pa.list_(pa.int64())),
            "st": pa.array([{"p": 1, "q": ["x"]}, None, {"p": None, "q": []}],
                           pa.struct([("p", pa.int64()), ("q", pa.list_(pa.string()))])),
            "m": pa.array([[("k", 1.5)], None, []], pa.map_(pa.string(), pa.float64())),
            "none": pa.nulls(3),
        }
    )  # fmt: skip
    with bench.engine.task({}) as task:
        staged = task.stage_arrow(Table(bench.table), D1, data, {"run": "r1"}, [Column("none", "INTEGER")])
        bench.engine.publish([staged])
        names = ", ".join(f'"{name}"' for name in data.column_names)
        back = task.query(f"SELECT {names} FROM {staged.place} ORDER BY i64")
    small = pa.int32() if bench.catalog == "iceberg" else None
    types = {"u64": pa.decimal128(20, 0), "none": pa.int32()} | ({"i8": small, "i16": small} if small else {})
    wanted = pa.table({name: data[name].cast(types.get(name, data[name].type)) for name in data.column_names})
    wanted = wanted.take(pa.array([0, 2, 1]))  # NULLs come last
    assert {f.name: f.type for f in back.schema} == {f.name: f.type for f in wanted.schema}
    assert back.select(wanted.column_names).to_pylist() == wanted.to_pylist()


def test_nan_and_minus_zero_are_kept(bench: Bench) -> None:
    with bench.engine.task({}) as task:
        data = pa.table({"d": [float("nan"), -0.0]})
        bench.engine.publish([task.stage_arrow(Table(bench.table), D1, data, {"run": "r1"})])
    assert sorted(str(d) for (d,) in bench.rows(f"SELECT d FROM {bench.table}")) == ["-0.0", "nan"]


def test_moments_are_kept_by_iceberg_and_refused_by_hive_before_anything_is_written(bench: Bench) -> None:
    at = datetime(2025, 12, 31, 22, 0, 0, 123456, UTC)
    data = pa.table({"at": pa.array([at], pa.timestamp("us", "UTC"))})
    if bench.catalog == "iceberg":
        with bench.engine.task({}) as task:
            bench.engine.publish([task.stage_arrow(Table(bench.table), D1, data, {"run": "r1"})])
        with bench.engine.task({bench.table: None}) as task:
            assert task.query(f"SELECT at FROM {bench.table}").column(0).to_pylist() == [at]
        return
    with pytest.raises(InputError, match="must be a type that tables of Trino's Hive connector keep") as caught:
        bench.fill(D1, "SELECT TIMESTAMPTZ '2026-01-01 00:00:00+02' AS at")
    assert "CAST(at AT TIME ZONE 'UTC' AS TIMESTAMP)" in str(caught.value)
    assert bench.engine.columns(bench.table) == ()


def test_columns_may_come_and_go_and_widen_where_iceberg_lets_them(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1::INTEGER AS a, 'x' AS s")
    bench.fill(D2, "SELECT 2::INTEGER AS a, 1.5::DECIMAL(9,2) AS n", known=[Column("a", "INTEGER")])
    wide = [Column("a", "BIGINT")]
    if bench.catalog == "iceberg":
        bench.fill(D3, "SELECT 3000000000::BIGINT AS a", known=wide)
        rows = [(1, "x", None), (2, None, Decimal("1.50")), (3000000000, None, None)]
    else:
        with pytest.raises(RunError, match=r"t\.a has type INTEGER in the catalog, must be BIGINT"):
            bench.fill(D3, "SELECT 3000000000::BIGINT AS a", known=wide)
        rows = [(1, "x", None), (2, None, Decimal("1.50"))]
    assert bench.rows(f"SELECT a, s, n FROM {bench.table} ORDER BY a") == rows


def test_the_hash_knows_rows_and_no_order(bench: Bench) -> None:
    def contents(*many: str) -> list[str]:
        texts = [
            f"SELECT *, DATE '{D1 + timedelta(n)}' AS ds FROM (VALUES {rows}) AS t (a, b)"
            for n, rows in enumerate(many)
        ]
        metas = {D1 + timedelta(n): {"run": "r1"} for n in range(len(many))}
        with bench.engine.task({}) as task:
            staged = task.stage_range(Table(bench.table), " UNION ALL ".join(texts), metas, (), "trino")
        return [part.content for part in staged]

    one, other_order, *others = contents(
        "(1, 'x'), (2, NULL), (2, NULL)",
        "(2, NULL), (1, 'x'), (2, NULL)",
        "(1, 'x'), (2, NULL)",
        "(2, 'x'), (1, NULL), (2, NULL)",  # two rows have swapped values
        "(1, 'x'), (1, 'x'), (2, NULL)",
        "(NULL, 'x'), (2, NULL), (2, '1')",
    )
    assert one == other_order
    assert len({one, *others}) == 5
    full, empty = (f"CAST(ROW({value}) AS ROW(p VARCHAR))" for value in ("'a'", "NULL"))
    nested = contents(
        f"(ARRAY[1], {full})",
        f"(ARRAY[1, NULL], {full})",
        f"(CAST(NULL AS ARRAY(INTEGER)), {full})",
        f"(ARRAY[1], {empty})",
        "(CAST(ARRAY[] AS ARRAY(INTEGER)), CAST(NULL AS ROW(p VARCHAR)))",
    )
    assert len(set(nested)) == 5


def test_a_table_that_is_not_by_day_is_refused(bench: Bench) -> None:
    key = "partitioned_by" if bench.catalog == "hive" else "partitioning"
    bench.run(f"CREATE SCHEMA {bench.catalog}.{bench.schema} WITH (location = '{bench.location}/{bench.schema}')")
    bench.run(f"CREATE TABLE {bench.catalog}.{bench.schema}.t (a BIGINT, b DATE) WITH ({key} = ARRAY['b'])")
    bench.run(f"CREATE TABLE {bench.catalog}.{bench.schema}.u (a BIGINT, ds DATE)")
    for table in ("t", "u"):
        with pytest.raises(RunError, match="must be partitioned by ds"):
            bench.engine.days(f"{bench.schema}.{table}")
        with pytest.raises(RunError, match="must be partitioned by ds"):
            bench.fill(D1, "SELECT 1::BIGINT AS a", f"{bench.schema}.{table}")
    assert bench.run(f"SELECT count(*) FROM {bench.catalog}.{bench.schema}.t") == [[0]]


def test_nothing_stays_of_what_was_staged(bench: Bench) -> None:
    with bench.engine.task({}) as task:
        place = task.stage(Table(bench.table), D1, "SELECT 1 AS a", {}).place
        name = place.rpartition(".")[2]
        assert [name] in bench.run(f"SHOW TABLES FROM {bench.catalog}.drawloom_staging")
        assert bench.engine.tables.sweep(timedelta(hours=1)) == []
    assert [name] not in bench.run(f"SHOW TABLES FROM {bench.catalog}.drawloom_staging")
    old = f"x__{datetime.now(UTC) - timedelta(days=2):%Y%m%d%H%M}_0123456789ab"
    bench.run(f"CREATE TABLE {bench.catalog}.drawloom_staging.{old} AS SELECT 1 AS a")
    assert old in bench.engine.tables.sweep()
    assert [old] not in bench.run(f"SHOW TABLES FROM {bench.catalog}.drawloom_staging")
    assert Lake(bench.lake.root).tables() == []


def test_the_folder_of_a_schema_may_be_gone_with_the_project_that_made_it(hive: Bench, tmp_path: Path) -> None:
    hive.run(f"CREATE SCHEMA hive.{hive.schema} WITH (location = '{(tmp_path / 'gone').as_uri()}')")
    (tmp_path / "gone").rmdir()
    with pytest.raises(RunError, match="location does not exist"):
        hive.run(f"CREATE TABLE hive.{hive.schema}.x AS SELECT 1 AS a")
    hive.engine.tables.main.catalog.make_folder(hive.schema)
    hive.run(f"CREATE TABLE hive.{hive.schema}.x AS SELECT 1 AS a")


def test_errors_mark_the_line(bench: Bench) -> None:
    with bench.engine.task({}) as task:
        with pytest.raises(RunError, match=r"Column 'nope' cannot be resolved\nLINE 2: .*\n +\^") as caught:
            task.stage(Table(bench.table), D1, "SELECT nope\nFROM (SELECT 1 AS a)", {})
        assert code(caught) == "engine-error"
        with pytest.raises(RunError) as caught:
            task.stage(Table(bench.table), D1, "SELECT CAST('x' AS INTEGER) AS a", {})
        assert code(caught) == "engine-error"
        with pytest.raises(InputError, match="must be a SELECT"):
            task.query(f"DROP TABLE {bench.table}")


# -- files of the lake


def write(path: Path, select: str) -> str:
    path.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY ({select}) TO '{path / 'part-0.parquet'}' (FORMAT parquet)")
    return path.as_uri()


def test_folders_are_shown_as_days_and_replaced_in_place(hive: Bench) -> None:
    local = DuckDB(hive.lake)
    with local.task({}) as task:
        for n, ds in enumerate((D1, D2)):
            local.publish([task.stage(Table(hive.table), ds, f"SELECT {n}::BIGINT AS a, 'ü' AS s", {})])
    folders: Folders = {ds: hive.lake.path(hive.table, ds).parent.as_uri() for ds in (D1, D2)}
    hive.engine.attach(hive.table, local.columns(hive.table), folders)
    hive.engine.attach(hive.table, local.columns(hive.table), folders)
    assert hive.rows() == [(0, D1), (1, D2)]
    hive.fill(D2, f"SELECT a + 5 AS a, s FROM {hive.table}", inputs={hive.table: [D2]})
    assert hive.rows() == [(0, D1), (6, D2)]
    assert local.days(hive.table) == [D1]  # its file is gone: DuckDB makes the day anew when it runs again
    with local.task({}) as task:
        local.publish([task.stage(Table(hive.table), D2, "SELECT 9::BIGINT AS a, 'x' AS s", {})])
    assert hive.rows() == [(0, D1), (9, D2)]
    with local.task({}) as task:  # DuckDB's file of a day that Trino was never shown
        local.publish([task.stage(Table(hive.table), D3, "SELECT 7::BIGINT AS a, 'x' AS s", {})])
    hive.fill(D3, "SELECT 8::BIGINT AS a, 'x' AS s")
    assert hive.rows() == [(0, D1), (9, D2), (8, D3)]
    local.close()


def test_many_folders_are_shown_by_one_look(hive: Bench) -> None:
    days = [D1 + timedelta(n) for n in range(12)]
    folders: Folders = {ds: write(hive.lake.path(hive.table, ds).parent, "SELECT 1::BIGINT AS a") for ds in days}
    hive.engine.attach(hive.table, [A], folders)
    said = f"SELECT count(*) FROM system.runtime.queries WHERE query LIKE 'CALL%{hive.schema}%'"
    assert hive.run(said) == [[1]]
    assert hive.engine.days(hive.table) == days
    more: Folders = {
        ds: write(hive.lake.path(hive.table, ds).parent, "SELECT 2::BIGINT AS a") for ds in (D1 - timedelta(1), D1)
    }
    hive.engine.attach(hive.table, [A], more)
    assert sum(a for a, _ in hive.rows()) == 2 + 2 + 11


def test_a_day_may_lie_anywhere_and_a_source_have_no_days(hive: Bench, tmp_path: Path) -> None:
    place = write(tmp_path / "else where ü" / "x", "SELECT 1::BIGINT AS a")
    hive.engine.attach(hive.table, [A], {D1: place})
    assert hive.rows() == [(1, D1)]
    hive.fill(D1, f"SELECT a + 1 AS a FROM {hive.table}", inputs={hive.table: [D1]})
    assert hive.rows() == [(2, D1)]
    assert list(hive.lake.path(hive.table, D1).parent.iterdir())  # the day has moved into the folder of its table
    source = f"{hive.schema}.source"
    for n in (1, 2):
        folder = write(tmp_path / f"source{n}", f"SELECT {n}::BIGINT AS a, 'x' AS s")
        hive.engine.attach(source, [A, Column("s", "VARCHAR")], {None: folder})
        with hive.engine.task({source: None}) as task:
            assert task.fetch(f"SELECT a, s FROM {source}") == [(n, "x")]
    hive.run(f"CREATE TABLE hive.{hive.schema}.own AS SELECT 1 AS a")
    with pytest.raises(RunError, match="is a table with files of its own"):
        hive.engine.attach(f"{hive.schema}.own", [A], {None: folder})


def test_days_of_files_are_copied_into_a_table_of_iceberg(iceberg: Bench) -> None:
    iceberg.fill(D1, "SELECT 1::BIGINT AS a")
    folders: Folders = {
        D2: write(iceberg.lake.path(iceberg.table, D2).parent, "SELECT 2::BIGINT AS a"),
        D3: write(iceberg.lake.path(iceberg.table, D3).parent, "SELECT 2::BIGINT AS a WHERE false"),
    }
    iceberg.engine.attach(iceberg.table, [A], folders)
    assert iceberg.engine.days(iceberg.table) == [D1, D2, D3]
    assert iceberg.rows() == [(1, D1), (2, D2)]
    other = f"{iceberg.schema}.files"  # a table that Iceberg does not have is shown by the Hive catalog
    iceberg.engine.attach(other, [A], {D1: folders[D2]})
    found = iceberg.engine.look(other)
    assert found
    assert found.named.catalog == "hive"
    with iceberg.engine.task({other: None, iceberg.table: None}) as task:
        assert task.fetch(f"SELECT count(*) FROM {other} AS x JOIN {iceberg.table} AS y ON x.a = y.a") == [(1,)]
    assert iceberg.engine.query(f"SELECT a FROM {other}").to_pylist() == [{"a": 2}]


@pytest.mark.parametrize("type_", ["UINTEGER", "UBIGINT", "UUID", "TIME", "TIMESTAMP WITH TIME ZONE", "UINTEGER[]"])
def test_files_that_trino_would_read_wrongly_are_refused(hive: Bench, type_: str) -> None:
    with pytest.raises(InputError, match="must be a type that Trino reads in files of DuckDB"):
        hive.engine.attach(hive.table, [Column("a", type_)], {D1: hive.location})


def test_a_server_that_does_not_show_folders_is_told_so(hive: Bench, tmp_path: Path) -> None:
    place = write(tmp_path / "x", "SELECT 1::BIGINT AS a")
    hive.fill(D1, "SELECT 1::BIGINT AS a")
    client = connect(f"{hive.url.rpartition('/')[0]}/guarded")
    with pytest.raises(RunError, match=r"guarded .* must allow register_partition") as caught:
        Trino(client, hive.location).attach(hive.table, [A], {D2: place})
    assert code(caught) == "engine-denied"
    assert "hive.allow-register-partition-procedure=true" in str(caught.value)
    with pytest.raises(RunError) as caught:
        hive.fill(D1, "SELECT 1::BIGINT AS a", engine=Trino(client, hive.location))
    assert code(caught) == "engine-denied"
    client.close()


# -- Iceberg


def test_a_day_that_is_replaced_often_is_written_anew(iceberg: Bench) -> None:
    for n in range(6):
        iceberg.fill(D1, f"SELECT {n}::BIGINT AS a")
    (deletes,) = iceberg.run(f'SELECT count(*) FROM iceberg.{iceberg.schema}."t$files" WHERE content <> 0')
    assert deletes[0] < 4
    assert iceberg.rows() == [(5, D1)]
    assert isinstance(iceberg.engine.tables.home(iceberg.table), Iceberg)


# -- others at the same time


def test_writers_of_one_day_leave_one_whole_result(bench: Bench) -> None:
    others = [bench.open() for _ in range(3)]

    def write_all(tag: int) -> None:
        for _ in range(2):
            bench.fill(D1, engine=others[tag], **many(tag))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write_all, range(3)))
    for other in others:
        other.close()
    ((tags, tag, count),) = bench.rows(f"SELECT count(DISTINCT a), max(a), count(*) FROM {bench.table}")
    assert (tags, count) == (1, 5000 + tag)


def test_writers_of_the_days_of_one_table_do_not_disturb_each_other(bench: Bench) -> None:
    days = [D1 + timedelta(n) for n in range(6)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda ds: bench.fill(ds, f"SELECT {ds.day}::BIGINT AS a"), days))
    assert bench.rows() == [(ds.day, ds) for ds in days]


def test_a_reader_sees_whole_days_only(bench: Bench) -> None:
    bench.fill(D1, **many(0))
    stop = threading.Event()
    seen: list[str] = []

    def read() -> None:
        while not stop.is_set():
            try:
                ((tags, tag, count),) = bench.rows(f"SELECT count(DISTINCT a), max(a), count(*) FROM {bench.table}")
            except RunError as error:
                seen.append("failed" if error.problems[0].code == "engine-io" else str(error))
            else:
                seen.append("whole" if (tags, count) == (1, 5000 + tag) else "torn")

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for tag in range(1, 5):
            bench.fill(D1, **many(tag))
        stop.set()
        for reader in readers:
            reader.result()
    print(bench.catalog, dict(Counter(seen)))
    assert set(seen) <= {"whole", "failed"}
    assert seen.count("whole") > 4
    if bench.catalog == "iceberg":
        assert "failed" not in seen


CHILD = """
import signal, sys, time
from datetime import date
from drawloom.engines.trino import Trino, connect
from drawloom.model import Table
url, location, table, tag, until = sys.argv[1:]
signal.signal(signal.SIGTERM, signal.default_int_handler)
engine = Trino(connect(url), location, "hive")
with engine.task({}) as task:
    sql = f"SELECT CAST({tag} AS BIGINT) AS a FROM UNNEST(sequence(1, {5000 + int(tag)})) AS t (x)"
    if until == "long":
        sql = f"SELECT count(x.a * y.a * z.a) AS a FROM ({sql}) AS x, ({sql}) AS y, ({sql}) AS z"
        print("STAGING", flush=True)
    staged = task.stage(Table(table), date(2026, 1, 1), sql, {"run": "child"}, (), "trino")
    print("STAGED", flush=True)
    if until == "staged":
        time.sleep(600)
    engine.publish([staged])
    print("PUBLISHED", flush=True)
    time.sleep(600)
"""


class Child:
    """A writer in a process of its own."""

    def __init__(self, bench: Bench, tag: int, until: str) -> None:
        command = [sys.executable, "-c", CHILD, bench.url, bench.location, bench.table, str(tag), until]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def wait(self, word: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == f"{word}\n"

    def end(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)
        self.process.wait(60)
        if self.process.stdout:
            self.process.stdout.close()


def test_a_killed_writer_leaves_the_old_day_or_the_new_one(bench: Bench) -> None:
    bench.fill(D1, **many(0))
    child = Child(bench, 1, "staged")
    child.wait("STAGED")
    child.end(signal.SIGKILL)
    assert bench.rows(f"SELECT max(a), count(*) FROM {bench.table}") == [(0, 5000)]
    possible = {0}
    for tag, pause in ((2, 0.3), (3, 0.8), (4, 1.5)):
        child = Child(bench, tag, "published")
        child.wait("STAGED")
        time.sleep(pause)
        child.end(signal.SIGKILL)
        possible.add(tag)  # what was sent goes on without its sender, or not
        time.sleep(3)
        ((tags, last, count),) = bench.rows(f"SELECT count(DISTINCT a), max(a), count(*) FROM {bench.table}")
        assert (tags, count) == (1, 5000 + last)
        assert last in possible
    bench.fill(D1, "SELECT 9::BIGINT AS a")
    assert bench.rows() == [(9, D1)]


def running(bench: Bench, what: str) -> list[Sequence[Any]]:
    sql = (
        f"SELECT query_id FROM system.runtime.queries WHERE state NOT IN ('FINISHED', 'FAILED') AND query LIKE '{what}'"
    )
    return bench.run(sql)


def test_a_writer_that_is_stopped_stops_its_query(hive: Bench) -> None:
    what = f'CREATE TABLE "hive"."drawloom_staging"."{hive.schema}%'
    for number in (signal.SIGTERM, signal.SIGINT):
        child = Child(hive, 1, "long")
        child.wait("STAGING")
        until = time.monotonic() + 60
        while not running(hive, what) and time.monotonic() < until:
            time.sleep(0.2)
        assert running(hive, what)
        child.end(number)
        while running(hive, what) and time.monotonic() < until:
            time.sleep(0.2)
        assert running(hive, what) == []


def test_a_task_is_interrupted_from_another_thread(hive: Bench) -> None:
    slow = "SELECT count(x.a * y.a * z.a) AS a FROM n AS x, n AS y, n AS z"
    sql = f"WITH n AS (SELECT a FROM UNNEST(sequence(1, 10000)) AS t (a)) {slow}"
    with hive.engine.task({}) as task, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(task.query, sql, "trino")
        until = time.monotonic() + 30
        while not running(hive, "WITH n AS%") and time.monotonic() < until:
            time.sleep(0.2)
        began = time.monotonic()
        hive.engine.interrupt()
        with pytest.raises(RunError) as caught:
            asked.result(30)
        assert code(caught) == "interrupted"
        assert time.monotonic() - began < 10
        assert task.fetch("SELECT 1") == [(1,)]
    assert running(hive, "WITH n AS%") == []


def test_spark_writes_trino_replaces_and_spark_reads(hive: Bench, spark: Any, tmp_path: Path) -> None:
    from drawloom.engines.spark import Spark

    other = Spark(spark, hive.location)
    columns: Mapping[str, Sequence[Column]] = {}
    for ds in (D1, D2):
        with other.task({}, columns) as task:
            sql = f"SELECT {ds.day}::BIGINT AS a, 'ü' AS s, [1.5::DECIMAL(38,10)] AS n"
            other.publish([task.stage(Table(hive.table), ds, sql, {"run": "s"})])
    assert hive.engine.days(hive.table) == [D1, D2]
    assert hive.rows() == [(1, D1), (2, D2)]
    hive.engine.attach(hive.table, [A], {D3: write(tmp_path / "x", "SELECT 3::BIGINT AS a")})
    hive.fill(D1, f"SELECT a + 10 AS a FROM {hive.table}", inputs={hive.table: [D1]})
    hive.fill(D2, "SELECT 1::BIGINT AS a WHERE false")
    assert hive.rows() == [(11, D1), (3, D3)]
    with other.task({hive.table: None}) as task:
        assert task.fetch(f"SELECT a, ds FROM {hive.table} ORDER BY a") == [(3, D3), (11, D1)]
    assert other.days(hive.table) == [D1, D2, D3]


def test_times_that_spark_writes(hive: Bench, spark: Any) -> None:
    from drawloom.engines.spark import Spark

    other = Spark(spark, hive.location)
    at = "TIMESTAMP '2026-01-01 00:00:00.000004'"
    fill(other, f"{hive.schema}.times", f"SELECT {at} AS at, [{at}] AS many")
    asked = f"SELECT at, many FROM {hive.schema}.times"
    (row,) = hive.engine.query(asked, {f"{hive.schema}.times": [D1]}).to_pylist()
    assert row == {"at": datetime(2026, 1, 1, 0, 0, 0, 4), "many": [datetime(2026, 1, 1, 0, 0, 0, 4)]}
    assert other.query(asked, {f"{hive.schema}.times": [D1]}).to_pylist() == [row]
    assert hive.engine.columns(f"{hive.schema}.times") == other.columns(f"{hive.schema}.times")
    both = f"{hive.schema}.both"
    fill(other, both, f"SELECT {{'a': {at}, 'b': CAST({at} AS TIMESTAMPTZ)}} AS at")
    with pytest.raises(RunError, match="has a column of a type that only Spark reads"):
        hive.engine.columns(both)


def fill(spark: Any, table: str, sql: str) -> None:
    with spark.task({}) as task:
        spark.publish([task.stage(Table(table), D1, sql, {"run": "s"})])
