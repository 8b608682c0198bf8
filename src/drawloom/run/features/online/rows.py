"""What is pushed: the rows of one partition, batch by batch, and their columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Version:
    """One day of a set of features, as it is pushed.

    Args:
        table: where to.
        key: the columns that identify an entity.
        schema: all columns, in order, with ``ds`` among them.
        ds: the day.
        expires: seconds since 1970 from which on the features are not used; None for never.
        batches: the rows.
    """

    table: str
    key: Sequence[str]
    schema: pa.Schema
    ds: date
    expires: int | None
    batches: Iterable[pa.Table]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as Python values, in the order of the columns."""
        for batch in self.batches:
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


class Store(Protocol):
    """A store that services read features from."""

    def replace(self, version: Version) -> int:
        """Replace what it has of a table; the number of rows. A reader sees the old version or the new one, whole.

        Raises:
            RunError: it cannot be reached, or refuses; it has the old version.
        """
        ...


def as_text(value: object) -> str:
    """A value as text: numbers as they are, days and moments in ISO 8601, lists as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, default=as_text, ensure_ascii=False)
    return str(value)


def as_simple(value: object) -> object:
    """A value of SQLite's: numbers and text as they are, all else as text."""
    if value is None or isinstance(value, str | float | bytes) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return float(value) if isinstance(value, Decimal) else as_text(value)
