"""Rows of the tables of anomalies as Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drawloom.model import Column

if TYPE_CHECKING:
    import pyarrow as pa


def as_arrow(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table with the declared columns."""
    import pyarrow as pa

    types = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32()}
    listed = list(rows)
    return pa.table(
        {column.name: pa.array([row[column.name] for row in listed], types[column.type]) for column in columns}
    )
