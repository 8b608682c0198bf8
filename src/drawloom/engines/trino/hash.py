"""The hash of a row in Trino's SQL.

``checksum(ROW(...))`` will not do: a row's hash is a weighted sum of its members' hashes, and the sum over rows does not
change when two rows swap values. So the members become bytes, of a length that tells them apart, which are hashed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from sqlglot import exp

from drawloom.engines.trino.catalog import quoted
from drawloom.model import Column

_T = exp.DType
_WHOLE = {_T.BOOLEAN, _T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT, _T.UTINYINT, _T.USMALLINT, _T.UINT}
_TEXT = {*exp.DataType.TEXT_TYPES, _T.JSON, _T.UUID, _T.TIME, _T.ENUM}
_LISTS = {_T.ARRAY, _T.LIST}
_NESTED = {*_LISTS, _T.MAP, _T.STRUCT}


def checksum(columns: Sequence[Column]) -> str:
    """The hash of a group of rows, as hex digits, that knows no order and counts duplicates."""
    by_name = sorted(columns, key=lambda column: column.name)
    parts = [_part(quoted(column.name), exp.DataType.build(column.type, dialect="duckdb")) for column in by_name]
    return f"to_hex(checksum({' || '.join(parts)}))"


def _part(value: str, kind: exp.DataType) -> str:
    """A value as bytes: as many as the type always has behind a one, or a zero alone for NULL."""
    return f"coalesce(X'01' || {_bytes(value, kind)}, X'00')"


def _bytes(value: str, kind: exp.DataType) -> str:
    if kind.this in _WHOLE:
        return f"to_big_endian_64(CAST({value} AS BIGINT))"
    if kind.this == _T.DOUBLE:
        return f"to_ieee754_64({value} + DOUBLE '0')"  # minus zero is equal to zero
    if kind.this == _T.FLOAT:
        return f"to_ieee754_32({value} + REAL '0')"
    if kind.this == _T.DATE:
        return f"to_big_endian_64(date_diff('day', DATE '1970-01-01', {value}))"
    if kind.this == _T.VARBINARY:
        return f"xxhash64({value})"
    if kind.this in _NESTED:
        return f"xxhash64(to_utf8(json_format(CAST({_plain(value, kind, count())} AS JSON))))"
    text = value if kind.this in _TEXT else f"CAST({value} AS VARCHAR)"
    return f"xxhash64(to_utf8({text}))"


def _plain(value: str, kind: exp.DataType, names: count[int]) -> str:
    """A nested value as JSON can have it, which has no bytes."""
    if _T.VARBINARY not in {one.this for one in kind.find_all(exp.DataType)}:
        return value
    if kind.this == _T.VARBINARY:
        return f"to_hex({value})"
    children = [child.args["kind"] if isinstance(child, exp.ColumnDef) else child for child in kind.expressions]
    n = next(names)
    if kind.this in _LISTS:
        return f"transform({value}, x{n} -> {_plain(f'x{n}', children[0], names)})"
    if kind.this == _T.MAP:
        return f"transform_values({value}, (k{n}, x{n}) -> {_plain(f'x{n}', children[1], names)})"
    members = (f"{value}.{quoted(child.name)}" for child in kind.expressions)
    row = ", ".join(_plain(member, child, names) for member, child in zip(members, children, strict=True))
    return f"IF({value} IS NULL, NULL, ROW({row}))"
