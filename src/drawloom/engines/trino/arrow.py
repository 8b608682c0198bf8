"""What Trino answers, as Arrow: whole columns at once, and exact."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from drawloom.engines.trino.client import Named, Rows

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
_WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_NANO = 9


class Tables:
    """Pages of an answer, gathered into one Arrow table."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []

    def take(self, named: Named, rows: Rows) -> None:
        """One more page."""
        self._batches.append(batch(named, rows))

    def table(self, named: Named) -> pa.Table:
        """All of them."""
        return pa.Table.from_batches(self._batches or [batch(named, [])])


def batch(named: Named, rows: Rows) -> pa.RecordBatch:
    """Rows as Trino's JSON has them, as Arrow."""
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(named)
    arrays = [array(column, parsed(kind)) for column, (_, kind) in zip(columns, named, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, [name for name, _ in named])


@lru_cache(maxsize=10_000)
def parsed(kind: str) -> exp.DataType:
    """A type by Trino's name of it."""
    return exp.DataType.build(kind, dialect="trino", udt=True)


def array(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    """One column."""
    made = _MADE.get(kind.this)
    if made:
        return made(values, kind)
    simple = _SIMPLE.get(kind.this)
    if simple is None:
        return pa.array(values, pa.string())  # varchar, json, uuid, and whatever else has a text
    return pa.array(values, pa.string()).cast(simple) if kind.this in (_T.DATE, _T.TIME) else pa.array(values, simple)


def _floats(values: Sequence[Any], kind: exp.DataType) -> pa.Array:
    type_ = _SIMPLE[kind.this]
    try:
        return pa.array(values, type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # JSON has no number for NaN
        return pa.array([_WORDS.get(value, value) if isinstance(value, str) else value for value in values], type_)


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


def _zoned(values: Sequence[Any], _: exp.DataType) -> pa.Array:
    """Moments, in UTC; each value names its own zone."""
    type_ = pa.timestamp("us", "UTC")
    if all(value is None or value.endswith(" UTC") for value in values):
        text = pa.array([value and value[: -len(" UTC")][:26] for value in values], pa.string())
        return text.cast(pa.timestamp("us")).cast(type_)
    return pa.array([value and _moment(value) for value in values], type_)


def _moment(text: str) -> datetime:
    said, _, zone = text.rpartition(" ")
    return datetime.fromisoformat(said[:26]).replace(tzinfo=_zone(zone))


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
    """Where each list begins and the last one ends; NULL for a NULL."""
    ends = list(accumulate((0 if value is None else len(value) for value in values), initial=0))
    starts = [None if value is None else start for value, start in zip(values, ends, strict=False)]
    return pa.array([*starts, ends[-1]], pa.int32())


def _key(key: str, kind: exp.DataType) -> Any:
    """JSON has only text for keys."""
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


_MADE: dict[exp.DType, Callable[[Sequence[Any], exp.DataType], pa.Array]] = {
    _T.FLOAT: _floats,
    _T.DOUBLE: _floats,
    _T.DECIMAL: _decimals,
    _T.VARBINARY: _bytes,
    _T.TIMESTAMP: _timestamps,
    _T.TIMESTAMPTZ: _zoned,
    _T.ARRAY: _lists,
    _T.LIST: _lists,
    _T.MAP: _maps,
    _T.STRUCT: _structs,
}
