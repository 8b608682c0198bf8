from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from drawloom.engines.trino.arrow import LENGTH, ROWS, Pages, batch, batches, literal


def column(kind: str, values: list[Any]) -> pa.Array:
    """One column of a result in Trino's JSON, as Arrow."""
    return batch([("x", kind)], [[value] for value in values]).column(0)


@pytest.mark.parametrize(
    ("kind", "json_values", "type_", "values"),
    [
        ("boolean", [True, None], pa.bool_(), [True, None]),
        ("tinyint", [-128, None], pa.int8(), [-128, None]),
        ("bigint", [-(2**63), 2**63 - 1], pa.int64(), [-(2**63), 2**63 - 1]),
        ("real", [1.1, "-Infinity"], pa.float32(), [1.100000023841858, float("-inf")]),
        ("double", [0.1, "Infinity", None], pa.float64(), [0.1, float("inf"), None]),
        ("decimal(38, 10)", ["9" * 28 + ".1234567891"], pa.decimal128(38, 10), [Decimal("9" * 28 + ".1234567891")]),
        ("varchar(3)", ["x🙂", "", None], pa.string(), ["x🙂", "", None]),
        ("varbinary", ["AP8=", None], pa.binary(), [b"\x00\xff", None]),
        ("date", ["0001-01-01", "9999-12-31"], pa.date32(), [date(1, 1, 1), date(9999, 12, 31)]),
        ("timestamp(6)", ["1955-01-01 00:00:00.123456"], pa.timestamp("us"), [datetime(1955, 1, 1, 0, 0, 0, 123456)]),
        ("timestamp(0)", ["2026-01-01 01:02:03"], pa.timestamp("us"), [datetime(2026, 1, 1, 1, 2, 3)]),
        ("array(integer)", [[1, None], [], None], pa.list_(pa.int32()), [[1, None], [], None]),
        ("array(array(varchar))", [[["a"], None]], pa.list_(pa.list_(pa.string())), [[["a"], None]]),
        ("map(integer, decimal(2, 1))", [{"1": "1.5"}, None], pa.map_(pa.int32(), pa.decimal128(2, 1)),
         [[(1, Decimal("1.5"))], None]),
        ('row("A b" integer, c varchar(3))', [[1, "x"], None],
         pa.struct([("A b", pa.int32()), ("c", pa.string())]), [{"A b": 1, "c": "x"}, None]),
        ("row(integer, varchar)", [[1, "x"]], pa.struct([("field0", pa.int32()), ("field1", pa.string())]),
         [{"field0": 1, "field1": "x"}]),
        ("unknown", [None], pa.null(), [None]),
        ("uuid", ["b9cbf983-c94d-4f90-a523-8ab1c7023c96"], pa.string(), ["b9cbf983-c94d-4f90-a523-8ab1c7023c96"]),
        ("interval day to second", ["1 00:00:00.000"], pa.string(), ["1 00:00:00.000"]),
    ],
)  # fmt: skip
def test_columns_have_exact_types_and_values(
    kind: str, json_values: list[Any], type_: pa.DataType, values: list[Any]
) -> None:
    made = column(kind, json_values)
    assert made.type == type_
    assert made.to_pylist() == values


def test_floats_that_json_cannot_represent() -> None:
    (nan, zero) = column("double", ["NaN", -0.0]).to_pylist()
    assert nan != nan  # noqa: PLR0124
    assert str(zero) == "-0.0"


def test_timestamps_with_time_zone_are_in_utc_whatever_their_zone() -> None:
    json_values = ["2026-01-01 00:00:00.100 Europe/Berlin", "2026-01-01 00:00:00.123456 -02:30", None]
    made = column("timestamp(6) with time zone", json_values)
    assert made.type == pa.timestamp("us", "UTC")
    assert made.to_pylist() == [
        datetime(2025, 12, 31, 23, 0, 0, 100000, UTC),
        datetime(2026, 1, 1, 2, 30, 0, 123456, UTC),
        None,
    ]
    (utc,) = column("timestamp(3) with time zone", ["2026-01-01 00:00:00.100 UTC"]).to_pylist()
    assert utc == datetime(2026, 1, 1, 0, 0, 0, 100000, UTC)


def test_pages_make_one_table_and_none_an_empty_one() -> None:
    column_types = [("a", "bigint"), ("b", "varchar")]
    pages = Pages()
    pages.add(column_types, [[1, "x"], [2, None]])
    pages.add(column_types, [[3, "y"]])
    assert pages.table(column_types).to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}, {"a": 3, "b": "y"}]
    empty = Pages().table(column_types)
    assert empty.num_rows == 0
    assert empty.schema == pa.schema([("a", pa.int64()), ("b", pa.string())])


@pytest.mark.parametrize(
    ("value", "kind", "sql"),
    [
        (None, pa.int64(), "NULL"),
        (True, pa.bool_(), "TRUE"),
        (-(2**63) + 1, pa.int64(), "-9223372036854775807"),
        (2**64 - 1, pa.uint64(), "DECIMAL '18446744073709551615'"),
        (float("nan"), pa.float64(), "nan()"),
        (float("-inf"), pa.float64(), "-infinity()"),
        (1e-320, pa.float64(), "DOUBLE '1e-320'"),
        (Decimal("-0.0000000001"), pa.decimal128(38, 10), "DECIMAL '-0.0000000001'"),
        ("it's \\ 🙂\n", pa.string(), "'it''s \\ 🙂\n'"),
        (b"\x00'", pa.binary(), "X'0027'"),
        (date(1, 1, 1), pa.date32(), "DATE '0001-01-01'"),
        (datetime(2026, 1, 1, 0, 0, 0, 4), pa.timestamp("us"), "TIMESTAMP '2026-01-01 00:00:00.000004'"),
        (datetime(2026, 1, 1, tzinfo=UTC), pa.timestamp("us", "UTC"), "TIMESTAMP '2026-01-01 00:00:00.000000 UTC'"),
        ([], pa.list_(pa.int8()), "ARRAY[]"),
        ([(1, "x")], pa.map_(pa.int8(), pa.string()), "MAP(ARRAY[1], ARRAY['x'])"),
        ([], pa.map_(pa.int8(), pa.string()), "MAP(ARRAY[], ARRAY[])"),
        ({"a": [None], "b": None}, pa.struct([("a", pa.list_(pa.int8())), ("b", pa.int8())]), "ROW(ARRAY[NULL], NULL)"),
    ],
)
def test_values_are_literals(value: Any, kind: pa.DataType, sql: str) -> None:
    assert literal(value, kind) == sql


def test_statements_are_not_too_long() -> None:
    many = list(batches(pa.table({"a": range(3 * ROWS)})))
    assert [text.count("(") for text in many] == [ROWS] * 3
    long = list(batches(pa.table({"a": ["x" * (LENGTH // 2)] * 5})))
    assert len(long) == 5
    assert list(batches(pa.table({"a": pa.array([], pa.int64())}))) == []


def test_a_single_struct_is_one_column() -> None:
    data = pa.table({"a": pa.array([{"p": 1, "q": None}])})
    assert list(batches(data)) == ["ROW(ROW(1, NULL))"]
