"""The content hash of a partition: equal rows and columns give equal hashes, whatever the order or the file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from drawloom.engines import quote
from drawloom.model import Column

_NESTED = ("STRUCT(", "MAP(", "JSON")


def measure(columns: Sequence[Column], relation: str, *by: str) -> str:
    """The SELECT of (count of rows, sum of row hashes) over a relation; the sum is exact and counts duplicates.

    With names in ``by`` there is one row for each of their values, which come first.
    """
    by_name = sorted(columns, key=lambda column: column.name)
    items = [*by, "count(*)", f"sum(hash(hash({', '.join(map(_hashable, by_name))})))"]
    grouped = f" GROUP BY {', '.join(by)}" if by else ""
    return f"SELECT {', '.join(items)} FROM {relation}{grouped}"


def content(columns: Sequence[Column], rows: int, total: int | str | None) -> str:
    """The hash, 16 hex digits, of rows measured so and of their columns' names and types."""
    names = sorted(f"{column.name}\0{column.type}" for column in columns)
    text = "\0\0".join([*names, str(rows), str(total or 0)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _hashable(column: Column) -> str:
    """DuckDB's hash takes [], [NULL] and NULL for the same: nested values are hashed as text."""
    nested = column.type.endswith("[]") or column.type.startswith(_NESTED)
    return f"CAST({quote.name(column.name)} AS VARCHAR)" if nested else quote.name(column.name)
