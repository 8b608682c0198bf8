"""Every type through SELECT, staging, publishing and a query: the same values, and the same types in Arrow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from drawloom.model import Column, InputError
from tests.conformance.bench import D1, Bench, day
from tests.conformance.kinds import kinds

# Spark is nightly here: test_steps and test_queries try it quickly.
pytestmark = pytest.mark.parametrize("kind", kinds("spark"), indirect=True, scope="session")

TEXTS = [
    "",
    "a",
    "😀 é 漢",
    'it\'s "quoted"',
    "back\\slash \\n \\u0041",
    "line\nbreak\ttab",
    "%_$\x7f",
    " pad ",
    "x" * 5000,
    "NULL",
]
TIMES = [
    datetime(2026, 1, 1, 23, 59, 59, 999999),
    datetime(1969, 12, 31, 23, 59, 59, 999999),
    datetime(1900, 1, 1, 0, 0, 0, 1),
    datetime(1582, 10, 14),
    datetime(1, 1, 1),
    datetime(9999, 12, 31, 23, 59, 59, 999999),
]
ZERO = Decimal("0E-10")
FLOATS = [0.0, -0.0, 1.5, 0.1, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308]
CASES: dict[str, tuple[str, pa.DataType, list[Any]]] = {
    "bigint": ("BIGINT", pa.int64(), [2**63 - 1, -(2**63), 0]),
    "integer": ("INTEGER", pa.int32(), [2**31 - 1, -(2**31), 0]),
    "smallint": ("SMALLINT", pa.int16(), [2**15 - 1, -(2**15)]),
    "tinyint": ("TINYINT", pa.int8(), [127, -128]),
    "decimal38": (
        "DECIMAL(38,10)",
        pa.decimal128(38, 10),
        [Decimal("9" * 28 + "." + "9" * 10), Decimal("-" + "9" * 28 + "." + "9" * 10), Decimal("0.0000000001"), ZERO],
    ),
    "decimal9": ("DECIMAL(9,2)", pa.decimal128(9, 2), [Decimal("9999999.99"), Decimal("-0.01")]),
    "double": ("DOUBLE", pa.float64(), FLOATS),
    "float": (
        "FLOAT",
        pa.float32(),
        [0.5, -0.0, math.nan, math.inf, -math.inf, 1.401298464324817e-45, 3.4028234663852886e38],
    ),
    "boolean": ("BOOLEAN", pa.bool_(), [True, False]),
    "varchar": ("VARCHAR", pa.string(), TEXTS),
    "date": ("DATE", pa.date32(), [D1, date(1900, 1, 1), date(1582, 10, 14), date(1, 1, 1), date(9999, 12, 31)]),
    "timestamp": ("TIMESTAMP", pa.timestamp("us"), TIMES),
    "blob": ("BLOB", pa.binary(), [b"", b"\x00\xff\\'"]),
    "array": ("BIGINT[]", pa.list_(pa.int64()), [[], [None], [1, None, 2**62], [1]]),
    "texts": ("VARCHAR[]", pa.list_(pa.string()), [["", "a, b", None], [], ["'", "\\"]]),
    "nested": ("INTEGER[][]", pa.list_(pa.list_(pa.int32())), [[[1], [], None, [None, 2]], []]),
    "struct": (
        "STRUCT(a INTEGER, b VARCHAR)",
        pa.struct([("a", pa.int32()), ("b", pa.string())]),
        [{"a": 1, "b": "x"}, {"a": None, "b": ""}, {"a": None, "b": None}],
    ),
    "structs": (
        "STRUCT(d DATE, m DECIMAL(12,3))[]",
        pa.list_(pa.struct([("d", pa.date32()), ("m", pa.decimal128(12, 3))])),
        [[{"d": D1, "m": Decimal("1.250")}, None], []],
    ),
    "map": ("MAP(VARCHAR, BIGINT)", pa.map_(pa.string(), pa.int64()), [[("a", 1), ("", None)], []]),
}


ROW_COUNT = 1 + max(len(values) for _, _, values in CASES.values())


def all_types_table() -> pa.Table:
    """A column for each type, with NULLs at its end, and the numbers of the rows."""
    columns = {
        name: pa.array([*values, *[None] * (ROW_COUNT - len(values))], arrow)
        for name, (_, arrow, values) in CASES.items()
    }
    return pa.table({"n": pa.array(range(ROW_COUNT), pa.int64()), **columns})


TYPES = [("n", "BIGINT"), *((name, type_) for name, (type_, *_) in CASES.items())]
NAMES = ", ".join(f'"{name}"' for name, _ in TYPES)
SMALL_INTEGERS = ("SMALLINT", "TINYINT")


def types_of(bench: Bench) -> list[tuple[str, str]]:
    """The types in which an engine stores them: Iceberg has no SMALLINT and TINYINT."""
    return [
        (name, "INTEGER" if bench.kind == "trino-iceberg" and kind in SMALL_INTEGERS else kind) for name, kind in TYPES
    ]


def test_arrow_values_are_unchanged_also_after_another_step(bench: Bench) -> None:
    types, given = types_of(bench), all_types_table()
    if bench.kind == "trino-iceberg":
        given = given.cast(
            pa.schema((f.name, pa.int32() if f.type in (pa.int8(), pa.int16()) else f.type) for f in given.schema)
        )
    with bench.engine.task({}) as task:
        staged = task.stage_arrow(bench.table(), D1, given, {"run": "r1"})
        bench.engine.publish([staged])
    assert (names_and_types(staged.columns), staged.rows) == (types, ROW_COUNT)
    assert_equal_tables(bench.engine.query(f"SELECT {NAMES} FROM {bench.t} ORDER BY n"), given)
    assert names_and_types(bench.engine.columns(bench.t)) == types
    stored = bench.engine.find_partition(bench.t, D1)
    assert stored
    assert (stored.rows, stored.content, names_and_types(stored.columns)) == (ROW_COUNT, staged.content, types)
    sql = f"SELECT {NAMES} FROM {bench.t} WHERE ds = DATE '2026-01-01'"
    again = bench.fill(D1, sql, {bench.t: [D1]}, table="u")
    assert (again.content, names_and_types(again.columns)) == (staged.content, types)
    assert_equal_tables(bench.engine.query(f"SELECT {NAMES} FROM {bench.name('u')} ORDER BY n"), given)
    with bench.engine.task({bench.t: [D1]}) as task:
        assert_equal_tables(task.query(f"SELECT {NAMES} FROM {bench.t} ORDER BY n"), given)


def test_rows_of_a_query_can_be_staged(bench: Bench) -> None:
    with bench.engine.task({}) as task:
        bench.engine.publish([task.stage_arrow(bench.table(), D1, all_types_table(), {"run": "r1"})])
    with bench.engine.task({bench.t: [D1]}) as task:
        staged = task.stage_arrow(bench.table(), D1, task.query(f"SELECT * FROM {bench.t}"), {"run": "r2"})
    stored = bench.engine.find_partition(bench.t, D1)
    assert stored
    assert stored.content == staged.content


LITERALS: dict[str, tuple[str, list[tuple[str, Any]]]] = {
    "bigint": ("BIGINT", [("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63))]),
    "decimal38": (
        "DECIMAL(38,10)",
        [("'9999999999999999999999999999.9999999999'", Decimal("9" * 28 + "." + "9" * 10)), ("0", ZERO)],
    ),
    "double": (
        "DOUBLE",
        [
            ("'NaN'", math.nan),
            ("'Infinity'", math.inf),
            ("'-Infinity'", -math.inf),
            ("1e-320", 1e-320),
            ("'-0.0'", -0.0),
        ],
    ),
    "varchar": ("VARCHAR", [("'" + text.replace("'", "''") + "'", text) for text in TEXTS]),
    "date": ("DATE", [("'1900-01-01'", date(1900, 1, 1)), ("'9999-12-31'", date(9999, 12, 31))]),
    "timestamp": ("TIMESTAMP", [(f"'{time.isoformat(' ')}'", time) for time in TIMES]),
    "boolean": ("BOOLEAN", [("TRUE", True), ("FALSE", False)]),
    "array": ("BIGINT[]", [("[1, NULL, 3]", [1, None, 3]), ("[]", [])]),
}


def test_literals_are_stored_exactly(bench: Bench) -> None:
    count = max(len(pairs) for _, pairs in LITERALS.values()) + 1
    texts = {
        name: [*(text for text, _ in pairs), *["NULL"] * (count - len(pairs))] for name, (_, pairs) in LITERALS.items()
    }
    rows = [
        ", ".join([f"{n} AS n", *(f'CAST({texts[name][n]} AS {LITERALS[name][0]}) AS "{name}"' for name in LITERALS)])
        for n in range(count)
    ]
    staged = bench.fill(D1, "\nUNION ALL\n".join(f"SELECT {row}" for row in rows))
    assert names_and_types(staged.columns)[1:] == [(name, type_) for name, (type_, _) in LITERALS.items()]
    result = bench.engine.query(f"SELECT * FROM {bench.t} ORDER BY n")
    for name, (_, pairs) in LITERALS.items():
        assert result[name].type == CASES[name][1], name
        wanted = pa.array([*(value for _, value in pairs), *[None] * (count - len(pairs))], CASES[name][1])
        assert exact_values(result[name]) == exact_values(wanted), name


def test_a_time_with_a_zone_is_the_same_moment(bench: Bench) -> None:
    moments = [datetime(2026, 1, 1, 12, 0, 0, 123456, UTC), datetime(1969, 7, 20, 20, 17, 40, 1, UTC), None]
    given = pa.table({"n": [1, 2, 3], "v": pa.array(moments, pa.timestamp("us", "UTC"))})
    if bench.kind == "trino-hive":  # its tables have no such type
        with (
            bench.engine.task({}) as task,
            pytest.raises(InputError, match="must be a type that tables of Trino's Hive"),
        ):
            task.stage_arrow(bench.table(), D1, given, {"run": "r1"})
        return
    with bench.engine.task({}) as task:
        staged = task.stage_arrow(bench.table(), D1, given, {"run": "r1"})
        bench.engine.publish([staged])
    assert names_and_types(staged.columns)[1] == ("v", "TIMESTAMP WITH TIME ZONE")
    assert [v and v.astimezone(UTC) for v in bench.values()] == moments
    sql = "SELECT 4 AS n, CAST(TIMESTAMP '2026-01-02 01:02:03.000004' AS TIMESTAMPTZ) AS v"
    assert names_and_types(bench.fill(day(2), sql).columns)[1] == ("v", "TIMESTAMP WITH TIME ZONE")
    assert bench.values()[3].astimezone(UTC) == datetime(2026, 1, 2, 1, 2, 3, 4, UTC)


def test_column_names_with_special_characters(bench: Bench) -> None:
    names = ["Order", "two words", "SELECT", "a-b", "größe", "it's"]
    items = ", ".join(f'{n} AS "{name}"' for n, name in enumerate(names))
    staged = bench.fill(D1, f"SELECT {items}")
    assert [column.name for column in staged.columns] == names
    quoted = ", ".join(f'"{name}"' for name in names)
    result = bench.engine.query(f"SELECT {quoted} FROM {bench.t}")
    assert result.column_names == names
    assert result.to_pylist() == [{name: n for n, name in enumerate(names)}]


def names_and_types(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Names and types; the members of a struct may be quoted or not."""
    return [(column.name, column.type.replace('"', "")) for column in columns]


def assert_equal_tables(result: pa.Table, given: pa.Table) -> None:
    """Fail with the first column that differs."""
    for name in given.column_names:
        assert result[name].type == given[name].type, name
        assert exact_values(result[name]) == exact_values(given[name]), name


def exact_values(column: pa.ChunkedArray | pa.Array) -> list[str]:
    """Values as texts, in which -0.0 and 0.0 differ, and a NaN equals itself."""
    return [repr(value) for value in column.to_pylist()]
