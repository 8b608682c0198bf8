"""SELECTs over Parquet files with different columns, and a cache of the columns of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from drawloom.engines import quote
from drawloom.model import KEY, Column

T = TypeVar("T")
ReadFooter = Callable[[str], tuple[Column, ...] | None]
Describe = Callable[[str], tuple[Column, ...]]
MAX_SINGLE_READS = 2  # files; each adds about a millisecond to a query when it is read on its own
_HIVE = "hive_partitioning=true, hive_types={'ds': DATE}"


class FileColumns:
    """The columns of files, read once for each version of a file: from its footer, else by describing it."""

    def __init__(self, read_footer: ReadFooter, describe: Describe) -> None:
        self._read_footer = read_footer
        self._describe = describe
        self._cache: dict[str, tuple[str, tuple[Column, ...]]] = {}

    def of(self, path: str, version: str) -> tuple[Column, ...]:
        """The columns of one file."""
        cached = self._cache.get(path)
        if cached and cached[0] == version:
            return cached[1]
        columns = self._read_footer(path)
        if columns is None:
            columns = self._describe(path)
        self._cache[path] = (version, columns)
        return columns

    def unread(self, versions: Mapping[str, str]) -> list[str]:
        """The files, out of path -> version, whose columns are not cached."""
        return [path for path, version in versions.items() if self._cache.get(path, ("",))[0] != version]

    def remember(self, path: str, version: str, columns: tuple[Column, ...]) -> None:
        """Cache the columns of a version that was just written."""
        self._cache[path] = (version, columns)


def select_files(files: Sequence[tuple[str, tuple[Column, ...]]], columns: Sequence[Column]) -> str:
    """One SELECT over a table's files, in the order of days; a column that a file does not have is NULL.

    DuckDB's union_by_name would open every footer each time, while their columns are known here. For a list of files
    DuckDB estimates the number of rows from the first one, and assumes one row where a query reads another: it would
    then build a join on the larger side. So up to ``MAX_SINGLE_READS`` files are read one by one.
    """
    one_by_one = len(files) <= MAX_SINGLE_READS
    parts = [
        f"SELECT {_items(columns, schema)} FROM read_parquet({quote.values(same)}, {_HIVE})"
        for schema, paths in group_paths(files).items()
        for same in ([[path] for path in paths] if one_by_one else [paths])
    ]
    return " UNION ALL ".join(parts)


def group_paths(files: Iterable[tuple[str, T]]) -> dict[T, list[str]]:
    """The paths grouped by their second value, such as the file's columns."""
    groups: dict[T, list[str]] = {}
    for path, common in files:
        groups.setdefault(common, []).append(path)
    return groups


def select_no_rows(columns: Sequence[Column], *, key: bool = True) -> str:
    """A SELECT of these columns and ``ds`` that returns no rows."""
    items = [f"CAST(NULL AS {column.type}) AS {quote.name(column.name)}" for column in columns]
    return f"SELECT {', '.join([*items, *(['CAST(NULL AS DATE) AS ds'] if key else [])])} WHERE false"


def _items(columns: Sequence[Column], schema: Sequence[Column]) -> str:
    have = {column.name.lower(): column for column in schema}
    return ", ".join([*(_item(column, have.get(column.name.lower())) for column in columns), KEY])


def _item(column: Column, found: Column | None) -> str:
    name = quote.name(column.name)
    if found is None:
        return f"CAST(NULL AS {column.type}) AS {name}"
    return name if found.type == column.type else f"CAST({name} AS {column.type}) AS {name}"
