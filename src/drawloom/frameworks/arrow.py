"""Tables with declared columns as Arrow, for steps in Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drawloom.model import Column

if TYPE_CHECKING:
    import pyarrow as pa


def as_table(columns: Iterable[Column], values: Mapping[str, Sequence[Any]]) -> pa.Table:
    """The declared columns of these values, which may be Arrow's already; NaN becomes NULL, empty texts stay."""
    import pyarrow as pa

    types = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
    }
    return pa.table(
        {
            one.name: found
            if isinstance(found := values[one.name], pa.Array)
            else pa.array(found, types[one.type], from_pandas=True)
            for one in columns
        }
    )


def rows_as_table(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The same of rows, which must have all of the columns."""
    listed = list(rows)
    return as_table(columns, {one.name: [row[one.name] for row in listed] for one in columns})
