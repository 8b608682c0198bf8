"""Spines: the rows of a training set before it has features, each with an entity and a moment."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.frameworks import sqlfiles
from drawloom.model import InputError, refuse
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.features.of_project import FeatureProject

FILES = (".parquet", ".csv", ".arrow", ".feather", ".jsonl")
POPULATION_TIME = "as_of"


@dataclass(frozen=True, slots=True)
class Spine:
    """The rows of a training set before it has features.

    Args:
        rows: as they were given, in their order.
        key: the columns that identify the entity.
        time: the column of the moment.
        moments: the moment of each row, a TIMESTAMP in UTC.
        days: the day of each.
    """

    rows: pa.Table
    key: tuple[str, ...]
    time: str
    moments: pa.ChunkedArray
    days: pa.ChunkedArray

    def staged(self) -> pa.Table:
        """The relation that SQL reads: row_id, the keys, row_at and row_day."""
        import pyarrow as pa

        numbers = pa.array(range(self.rows.num_rows), pa.int64())
        keys = {name: self.rows.column(name) for name in self.key}
        return pa.table({"row_id": numbers, **keys, "row_at": self.moments, "row_day": self.days})

    def filter(self, mask: pa.Array) -> Spine:
        """The rows for which this is true."""
        import pyarrow as pa

        moments, days = self.moments.filter(pa.chunked_array([mask])), self.days.filter(pa.chunked_array([mask]))
        return Spine(self.rows.filter(mask), self.key, self.time, moments, days)


def load_rows(project: FeatureProject, text: str) -> pa.Table:
    """The rows of a file, or of a SELECT.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    path = Path(text)
    if path.suffix.lower() not in FILES or any(letter in text for letter in "\n;"):
        return project.query(text)
    if not path.is_file():
        fix = f"A file that ends in {', '.join(FILES)}, or a SELECT."
        raise refuse("no-spine", f"--spine == {text}, must be a file that exists, or a SELECT.", None, fix)
    return _read(path)


def _read(path: Path) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv, feather, json, parquet

    readers: dict[str, Callable[[Path], pa.Table]] = {
        ".parquet": parquet.read_table,
        ".csv": csv.read_csv,
        ".arrow": feather.read_table,
        ".feather": feather.read_table,
        ".jsonl": json.read_json,
    }
    try:
        return readers[path.suffix.lower()](path)
    except (pa.ArrowException, OSError) as error:
        raise refuse("bad-spine", f"--spine == {path}, must be a file that can be read: {error}.") from error


def population_rows(project: FeatureProject, sql: str, first: date, last: date) -> pa.Table:
    """A population on each day of a range, each row with the next midnight: features are those of the day.

    Args:
        project: whose tables are read.
        sql: a SELECT of entities; ``{{ ds }}`` in it is the day.
        first: the first day.
        last: the last day.
    """
    import pyarrow as pa

    parts = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        rows = project.query(sqlfiles.fill_day(sql, day))
        moment = datetime.combine(day + timedelta(days=1), time(), UTC)
        moments = pa.array([moment] * rows.num_rows, pa.timestamp("us", "UTC"))
        parts.append(rows.append_column(POPULATION_TIME, moments))
    return pa.concat_tables(parts, promote_options="permissive")


def as_spine(rows: pa.Table, key: Sequence[str], time_column: str, *, assume_utc: bool = False) -> Spine:
    """A spine of rows, with the entity and moment of each.

    Raises:
        InputError: a column is missing or named twice, or a moment is missing or without a zone.
    """
    names = rows.column_names
    for name in names:
        if names.count(name) > 1:
            raise refuse("bad-spine", f"spine.{name} == {names.count(name)} columns, must be one.")
    for name in (*key, time_column):
        if name not in names:
            raise _missing(name, names)
    moments = _moments(rows, time_column, assume_utc=assume_utc)
    import pyarrow as pa

    return Spine(rows, tuple(key), time_column, moments, moments.cast(pa.date32(), safe=False))


def _missing(name: str, names: Sequence[str]) -> InputError:
    fix = did_you_mean(name, names) or f"It has {', '.join(names) or 'none'}."
    return refuse(
        "bad-spine", f"spine.{name} is no column of the spine, must be the entity or moment of a row.", None, fix
    )


def _moments(rows: pa.Table, name: str, *, assume_utc: bool) -> pa.ChunkedArray:
    import pyarrow as pa

    column = rows.column(name)
    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        fix = "Cast it: CAST(x AS TIMESTAMPTZ)."
        raise refuse("bad-spine", f"spine.{name} == {kind}, must be moments: timestamps with a zone.", None, fix)
    if (pa.types.is_date(kind) or kind.tz is None) and not assume_utc:
        fix = "If they are in UTC, say so: --assume-utc. Otherwise cast them to a time with a zone first."
        raise refuse("no-zone", f"spine.{name} == {kind}, must have a zone: features are as of a moment.", None, fix)
    if column.null_count:
        row = next(number for number, value in enumerate(column.is_null().to_pylist()) if value)
        fix = "Leave such rows out, or say when they were."
        raise refuse("bad-spine", f"spine.{name} == NULL in row {row + 1}, must be a moment.", None, fix)
    try:
        return column.cast(pa.timestamp("us", getattr(kind, "tz", None))).cast(pa.timestamp("us"))
    except pa.ArrowInvalid as error:
        message = f"spine.{name} == {kind}, must be moments in whole microseconds: {error}."
        raise refuse("bad-spine", message) from None


def content_of(table: pa.Table) -> str:
    """A hash of the rows in their order, and of the columns with their types."""
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(table.combine_chunks(), buffer, compression="none", store_schema=False)
    return hashlib.sha256(buffer.getbuffer()).hexdigest()[:32]
