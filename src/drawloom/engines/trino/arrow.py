"""Trino's results as Arrow tables, column by column and exact; Arrow values as SQL literals."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from drawloom.engines.trino.client import ColumnTypes, Rows

_T = exp.DType
_SIMPLE: dict[exp.DType, pa.DataType] = {
    _T.BOOLEAN: pa.bool_(),
    _T.TINYINT: pa.int8(),
    _T.SMALLINT: pa.int16(),
    _T.INT: pa.int32(),
    _T.BIGINT: pa.int64(),
    _T.FLOAT: pa.float32(),
    _T.DOUBLE: pa.float64(),
    _T.VARBINARY: pa.binary(),
    _T.DATE: pa.date32(),
    _T.TIME: pa.time64("us"),
    _T.UNKNOWN: pa.null(),
}
_SPECIAL_FLOATS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_NANO = 9


class Pages:
    """Pages of a result, collected into one Arrow table."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []

    def add(self, column_types: ColumnTypes, rows: Rows) -> None:
        """Add a page."""
        self._batches.append(batch(column_types, rows))

    def table(self, column_types: ColumnTypes) -> pa.Table:
        """All pages."""
        return pa.Table.from_batches(self._batches or [batch(column_types, [])])


def batch(column_types: ColumnTypes, rows: Rows) -> pa.RecordBatch:
    """Rows in Trino's JSON as Arrow."""
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(column_types)
    arrays = [array(column, parse_type(kind)) for column, (_, kind) in zip(columns, column_types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, [name for name, _ in column_types])


@lru_cache(maxsize=10_000)
def parse_type(kind: str) -> exp.DataType:
    """The type of a Trino type name."""
    return exp.DataType.build(kind, dialect="trino", udt=True)


def array(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    """One column of JSON values as Arrow."""
    made = _CONVERTERS.get(kind.this)
    if made:
        return made(values, kind)
    simple = _SIMPLE.get(kind.this)
    if simple is None:
        return pa.array(values, pa.string())  # varchar, json, uuid and all other types with a text form
    return pa.array(values, pa.string()).cast(simple) if kind.this in (_T.DATE, _T.TIME) else pa.array(values, simple)


def _floats(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    type_ = _SIMPLE[kind.this]
    try:
        return pa.array(values, type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # NaN is a string in JSON
        return pa.array(
            [_SPECIAL_FLOATS.get(value, value) if isinstance(value, str) else value for value in values], type_
        )


def _decimals(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    precision, scale = _numbers(kind)
    return pa.array(values, pa.string()).cast(pa.decimal128(precision, scale))


def _bytes(values: Sequence[Any], _: exp.DataType) -> pa.Array:
    return pa.array([None if value is None else base64.b64decode(value) for value in values], pa.binary())


def _timestamps(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    digits = next(iter(_numbers(kind)), 3)
    text = pa.array(values, pa.string())
    if digits > _NANO:
        text = pc.utf8_slice_codeunits(text, 0, len("2026-01-01 00:00:00.") + _NANO)
    return text.cast(pa.timestamp("us" if digits <= 6 else "ns"))


def _timestamps_with_zone(values: Sequence[Any], _: exp.DataType) -> pa.Array:
    """Timestamps in UTC; each value has its own time zone."""
    type_ = pa.timestamp("us", "UTC")
    if all(value is None or value.endswith(" UTC") for value in values):
        text = pa.array([value and value[: -len(" UTC")][:26] for value in values], pa.string())
        return text.cast(pa.timestamp("us")).cast(type_)
    return pa.array([value and _moment(value) for value in values], type_)


def _moment(text: str) -> datetime:
    local, _, zone = text.rpartition(" ")
    return datetime.fromisoformat(local[:26]).replace(tzinfo=_zone(zone))


@lru_cache(maxsize=1000)
def _zone(name: str) -> tzinfo:
    if name[0] in "+-":
        hours, minutes = name[1:].split(":")
        shift = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-shift if name[0] == "-" else shift)
    return ZoneInfo(name)


def _lists(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    items = array([item for value in values if value is not None for item in value], _child(kind, 0))
    return pa.ListArray.from_arrays(_offsets(values), items)


def _maps(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    keys = array(
        [_key(key, _child(kind, 0)) for value in values if value is not None for key in value], _child(kind, 0)
    )
    items = array([item for value in values if value is not None for item in value.values()], _child(kind, 1))
    return pa.MapArray.from_arrays(_offsets(values), keys, items)


def _structs(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    missing = pa.array([value is None for value in values], pa.bool_())
    arrays, fields = [], []
    for n in range(len(kind.expressions)):
        column = array([None if value is None else value[n] for value in values], _child(kind, n))
        arrays.append(column)
        fields.append(pa.field(_field(kind, n), column.type))
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=missing)


def _offsets(values: Sequence[Any]) -> pa.Array:
    """The offsets of the lists and the end of the last one; NULL for a NULL."""
    ends = list(accumulate((0 if value is None else len(value) for value in values), initial=0))
    starts = [None if value is None else start for value, start in zip(values, ends, strict=False)]
    return pa.array([*starts, ends[-1]], pa.int32())


def _key(key: str, kind: exp.DataType) -> Any:
    """A map key, which is a string in JSON, in its type."""
    if kind.this in (_T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT):
        return int(key)
    if kind.this in (_T.FLOAT, _T.DOUBLE):
        return float(key)
    return key == "true" if kind.this == _T.BOOLEAN else key


def _child(kind: exp.DataType, n: int) -> exp.DataType:
    child = kind.expressions[n]
    found = child.args.get("kind") if isinstance(child, exp.ColumnDef) else child
    assert isinstance(found, exp.DataType)
    return found


def _field(kind: exp.DataType, n: int) -> str:
    child = kind.expressions[n]
    return child.name if isinstance(child, exp.ColumnDef) else f"field{n}"


def _numbers(kind: exp.DataType) -> list[int]:
    return [int(param.name) for param in kind.expressions]


_CONVERTERS: dict[exp.DType, Callable[[Sequence[Any], exp.DataType], pa.Array]] = {
    _T.FLOAT: _floats,
    _T.DOUBLE: _floats,
    _T.DECIMAL: _decimals,
    _T.VARBINARY: _bytes,
    _T.TIMESTAMP: _timestamps,
    _T.TIMESTAMPTZ: _timestamps_with_zone,
    _T.ARRAY: _lists,
    _T.LIST: _lists,
    _T.MAP: _maps,
    _T.STRUCT: _structs,
}


ROWS = 2_000
LENGTH = 400_000  # characters of one statement; Trino accepts a million
_BIGINT = 2**63


def batches(data: pa.Table) -> Iterator[str]:
    """The rows as lists for VALUES, each as long as one statement may be."""
    kinds = [field.type for field in data.schema]
    batch: list[str] = []
    length = 0
    for chunk in data.to_batches(max_chunksize=ROWS):
        columns = [column.to_pylist() for column in chunk.columns]
        for values in zip(*columns, strict=True):
            row = f"ROW({', '.join(map(literal, values, kinds))})"  # without ROW a single struct would become several columns
            if batch and (length + len(row) > LENGTH or len(batch) >= ROWS):
                yield ", ".join(batch)
                batch, length = [], 0
            batch.append(row)
            length += len(row) + 2
    if batch:
        yield ", ".join(batch)


def literal(value: Any, kind: pa.DataType) -> str:
    """A value as a SQL literal.

    >>> literal(1.5, pa.float64()), literal("it's", pa.string()), literal([1, None], pa.list_(pa.int64()))
    ("DOUBLE '1.5'", "'it''s'", 'ARRAY[1, NULL]')
    """
    if value is None:
        return "NULL"
    if pa.types.is_struct(kind):
        return f"ROW({', '.join(literal(value[field.name], field.type) for field in kind)})"
    if pa.types.is_map(kind):
        keys = ", ".join(literal(key, kind.key_type) for key, _ in value)
        items = ", ".join(literal(item, kind.item_type) for _, item in value)
        return f"MAP(ARRAY[{keys}], ARRAY[{items}])"
    if isinstance(value, list):
        return f"ARRAY[{', '.join(literal(item, kind.value_type) for item in value)}]"
    return _plain(value)


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value) if -_BIGINT < value < _BIGINT else f"DECIMAL '{value}'"
        case float():
            return _float(value)
        case Decimal():
            return f"DECIMAL '{value:f}'"
        case bytes():
            return f"X'{value.hex()}'"
        case datetime():
            return _timestamp(value)
        case date():
            return f"DATE '{value.isoformat()}'"
        case time():
            return f"'{value.isoformat()}'"
    return exp.Literal.string(str(value)).sql("trino")


def _float(value: float) -> str:
    if math.isnan(value):
        return "nan()"
    if math.isinf(value):
        return "infinity()" if value > 0 else "-infinity()"
    return f"DOUBLE '{value!r}'"


def _timestamp(value: datetime) -> str:
    if value.tzinfo is None:
        return f"TIMESTAMP '{value.isoformat(' ', 'microseconds')}'"
    return f"TIMESTAMP '{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'microseconds')} UTC'"
