"""Arrow values as literals of Trino, in statements that are not too long for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlglot import exp

ROWS = 2_000
LENGTH = 400_000  # characters of one statement; Trino takes a million
_BIGINT = 2**63


def batches(data: pa.Table) -> Iterator[str]:
    """The rows as lists for VALUES, as many as fit into one statement at a time."""
    kinds = [field.type for field in data.schema]
    batch: list[str] = []
    length = 0
    for chunk in data.to_batches(max_chunksize=ROWS):
        columns = [column.to_pylist() for column in chunk.columns]
        for values in zip(*columns, strict=True):
            row = f"ROW({', '.join(map(literal, values, kinds))})"  # a lone struct would be taken apart
            if batch and (length + len(row) > LENGTH or len(batch) >= ROWS):
                yield ", ".join(batch)
                batch, length = [], 0
            batch.append(row)
            length += len(row) + 2
    if batch:
        yield ", ".join(batch)


def literal(value: Any, kind: pa.DataType) -> str:
    """A value as SQL.

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
