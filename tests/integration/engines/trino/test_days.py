"""Days of Trino's Hive and Iceberg tables: filled, replaced, emptied, dropped, refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Any

import pyarrow as pa
import pytest

from drawloom.engines.lake import Lake
from drawloom.engines.trino.catalog import STAGING, local, location_of
from drawloom.engines.trino.client import Client, StatementResult
from drawloom.model import Column, InputError, RunError, Table
from tests.conformance.trino_client import query_trino
from tests.integration.engines.trino.bench import D1, D2, D3, A, Bench, code

pytestmark = pytest.mark.integration


def test_days_are_filled_replaced_and_dropped(bench: Bench) -> None:
    first = bench.fill(D1, "SELECT 1::BIGINT AS a, 'x' AS s")
    assert (first.rows, first.bytes > 0, first.run) == (1, True, "r1")
    again = bench.fill(D2, f"SELECT a + 1 AS a, s FROM {bench.table}", inputs={bench.table: [D1]})
    same = bench.fill(D2, f"SELECT a + 1 AS a, s FROM {bench.table}", inputs={bench.table: [D1]})
    assert again.content == same.content != first.content
    assert bench.rows() == [(1, D1), (2, D2)]
    own = bench.fill(D2, f"SELECT a + 10 AS a, s FROM {bench.table}", inputs={bench.table: [D1, D2]})
    assert bench.rows() == [(1, D1), (11, D2), (12, D2)]
    stored = bench.engine.find_partition(bench.table, D2)
    assert stored
    assert (stored.rows, stored.content, stored.bytes > 0) == (own.rows, own.content, True)
    assert bench.engine.columns(bench.table) == (A, Column("s", "VARCHAR"))
    bench.engine.drop(bench.table, D2)
    bench.engine.drop(bench.table, D3)
    assert bench.engine.days(bench.table) == [D1]
    assert bench.engine.find_partition(bench.table, D2) is None
    assert bench.rows() == [(1, D1)]
    bench.fill(D2, "SELECT 5::BIGINT AS a, 'y' AS s")  # although the folder of the dropped partition still exists
    assert bench.rows() == [(1, D1), (5, D2)]


@pytest.mark.nightly
def test_empty_days_are_forgotten_where_their_table_was_deleted_with_a_lake(
    iceberg: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = f"{STAGING}.lost_{token_hex(4)}"  # other tests need the one that they share
    monkeypatch.setattr("drawloom.engines.trino.iceberg._EMPTY", marks)
    iceberg.fill(D1, "SELECT 1::BIGINT AS a")
    iceberg.fill(D2, "SELECT 1::BIGINT AS a WHERE false")
    # Trino caches what it has read of a table, so it is not read before.
    ((schema,),) = query_trino("iceberg", f"SHOW CREATE SCHEMA {STAGING}")
    place = local(location_of(schema))
    assert place
    (folder,) = place.glob(f"{marks.partition('.')[2]}*")
    shutil.rmtree(folder)
    assert iceberg.engine.days(iceberg.table) == [D1]
    iceberg.fill(D3, "SELECT 1::BIGINT AS a WHERE false")
    assert iceberg.engine.days(iceberg.table) == [D1, D3]
    query_trino("iceberg", f"DROP TABLE {marks}")


def test_an_empty_day_exists_and_has_no_rows(bench: Bench) -> None:
    nothing = "SELECT 1::BIGINT AS a WHERE false"
    assert bench.fill(D1, nothing).rows == 0  # the first of a table
    assert bench.engine.days(bench.table) == [D1]
    bench.fill(D1, "SELECT 1::BIGINT AS a")
    bench.fill(D2, "SELECT 2::BIGINT AS a")
    assert bench.rows() == [(1, D1), (2, D2)]
    bench.fill(D2, nothing)  # over a full one
    assert bench.rows() == [(1, D1)]
    assert bench.engine.days(bench.table) == [D1, D2]
    empty = bench.fill(D3, nothing)
    place = f"{bench.catalog}.{bench.table}"
    assert bench.engine.find_partition(bench.table, D2) == replace(
        empty, ds=D2, run="", location=place, measure=empty.measured
    )
    for ds in (D1, D2, D3):
        bench.engine.drop(bench.table, ds)
    assert bench.engine.days(bench.table) == []


def test_many_days_in_one_batch_full_and_empty(bench: Bench) -> None:
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


def test_every_type_is_read_as_it_was_written(bench: Bench) -> None:
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
        back = task.query(f"SELECT {names} FROM {staged.location} ORDER BY i64")
    small = pa.int32() if bench.catalog == "iceberg" else None
    types = {"u64": pa.decimal128(20, 0), "none": pa.int32()} | ({"i8": small, "i16": small} if small else {})
    wanted = pa.table({name: data[name].cast(types.get(name, data[name].type)) for name in data.column_names})
    wanted = wanted.take(pa.array([0, 2, 1]))  # NULLs come last
    assert {f.name: f.type for f in back.schema} == {f.name: f.type for f in wanted.schema}
    assert back.select(wanted.column_names).to_pylist() == wanted.to_pylist()


@pytest.mark.nightly
def test_nan_and_minus_zero_are_kept(bench: Bench) -> None:
    with bench.engine.task({}) as task:
        data = pa.table({"d": [float("nan"), -0.0]})
        bench.engine.publish([task.stage_arrow(Table(bench.table), D1, data, {"run": "r1"})])
    assert sorted(str(d) for (d,) in bench.rows(f"SELECT d FROM {bench.table}")) == ["-0.0", "nan"]


def test_timestamps_with_time_zone_are_stored_by_iceberg_and_refused_by_hive(bench: Bench) -> None:
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


@pytest.mark.nightly
def test_columns_may_be_added_dropped_and_widened_where_iceberg_can(bench: Bench) -> None:
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


def test_the_hash_depends_on_rows_and_not_on_order(bench: Bench) -> None:
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


def test_staging_tables_are_dropped(bench: Bench) -> None:
    with bench.engine.task({}) as task:
        place = task.stage(Table(bench.table), D1, "SELECT 1 AS a", {}).location
        name = place.rpartition(".")[2]
        assert [name] in bench.run(f"SHOW TABLES FROM {bench.catalog}.drawloom_staging")
        assert bench.engine.tables.sweep(timedelta(hours=1)) == []
    bench.wait_for_background_work()
    assert [name] not in bench.run(f"SHOW TABLES FROM {bench.catalog}.drawloom_staging")
    old = f"x__{datetime.now(UTC) - timedelta(days=2):%Y%m%d%H%M}_0123456789ab"
    bench.run(f"CREATE TABLE {bench.catalog}.drawloom_staging.{old} AS SELECT 1 AS a")
    assert old in bench.engine.tables.sweep()
    assert [old] not in bench.run(f"SHOW TABLES FROM {bench.catalog}.drawloom_staging")
    assert Lake(bench.lake.root).tables() == []


@pytest.mark.nightly
def test_the_folder_of_a_schema_may_have_been_deleted(hive: Bench, tmp_path: Path) -> None:
    hive.run(f"CREATE SCHEMA hive.{hive.schema} WITH (location = '{(tmp_path / 'gone').as_uri()}')")
    (tmp_path / "gone").rmdir()
    with pytest.raises(RunError, match="location does not exist"):
        hive.run(f"CREATE TABLE hive.{hive.schema}.x AS SELECT 1 AS a")
    hive.engine.tables.default.catalog.make_folder(hive.schema)
    hive.run(f"CREATE TABLE hive.{hive.schema}.x AS SELECT 1 AS a")


def test_errors_point_at_the_line(bench: Bench) -> None:
    with bench.engine.task({}) as task:
        with pytest.raises(RunError, match=r"Column 'nope' cannot be resolved\nLINE 2: .*\n +\^") as caught:
            task.stage(Table(bench.table), D1, "SELECT nope\nFROM (SELECT 1 AS a)", {})
        assert code(caught) == "engine-error"
        with pytest.raises(RunError) as caught:
            task.stage(Table(bench.table), D1, "SELECT CAST('x' AS INTEGER) AS a", {})
        assert code(caught) == "engine-error"
        with pytest.raises(InputError, match="must be a SELECT"):
            task.query(f"DROP TABLE {bench.table}")


@pytest.mark.nightly
def test_a_table_that_was_dropped_meanwhile_is_created_again(bench: Bench) -> None:
    for n in (1, 2):
        bench.fill(D1, f"SELECT {n}::BIGINT AS a")
    bench.run(f"DROP TABLE {bench.catalog}.{bench.table}")
    bench.fill(D1, "SELECT 3::BIGINT AS a")
    assert bench.rows() == [(3, D1)]
    assert bench.engine.days(bench.table) == [D1]


def test_a_day_is_replaced_with_few_statements(hive: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in (1, 2):
        hive.fill(D1, f"SELECT {n}::BIGINT AS a")
    hive.wait_for_background_work()
    statements: list[str] = []
    real = Client.run

    def run(self: Client, sql: str, *given: Any, **named: Any) -> StatementResult:
        statements.append(sql)
        return real(self, sql, *given, **named)

    monkeypatch.setattr(Client, "run", run)
    hive.fill(D2, f"SELECT a + 1 AS a FROM {hive.table}", inputs={hive.table: [D1]})
    hive.fill(D1, "SELECT 3::BIGINT AS a")
    hive.wait_for_background_work()
    first = [sql.split(maxsplit=1)[0] for sql in statements]
    staged = ["SELECT", "CREATE", "SELECT", "SELECT"]
    new, replaced = ["SELECT", *staged, "SELECT", "INSERT"], [*staged, "INSERT"]  # a new day is listed before
    assert [word for word in first if word != "DROP"] == [*new, *replaced]
    assert first.count("DROP") == 2, "these run in the background, so their place among the others varies"
    assert hive.rows() == [(3, D1), (3, D2)]
