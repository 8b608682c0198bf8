"""What a task sees: for each table one view over exactly the files of the days it may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from drawloom.engines import quote
from drawloom.model import KEY, Column

T = TypeVar("T")
Tell = Callable[[str], tuple[Column, ...] | None]
Describe = Callable[[str], tuple[Column, ...]]
FEW = 2  # files; each costs a query about a millisecond when it is read by itself
_HIVE = "hive_partitioning=true, hive_types={'ds': DATE}"


class Columns:
    """The columns of files, read once for each version of a file: what it tells of itself, else what it is seen to have."""

    def __init__(self, tell: Tell, describe: Describe) -> None:
        self._tell = tell
        self._describe = describe
        self._seen: dict[str, tuple[str, tuple[Column, ...]]] = {}

    def of(self, path: str, version: str) -> tuple[Column, ...]:
        """The columns of one file as they are in it."""
        seen = self._seen.get(path)
        if seen and seen[0] == version:
            return seen[1]
        columns = self._tell(path)
        if columns is None:
            columns = self._describe(path)
        self._seen[path] = (version, columns)
        return columns

    def unknown(self, versions: Mapping[str, str]) -> list[str]:
        """Those of these files (path -> version) whose columns have not been read."""
        return [path for path, version in versions.items() if self._seen.get(path, ("",))[0] != version]

    def put(self, path: str, version: str, columns: tuple[Column, ...]) -> None:
        """Remember the columns of a version that was just written, so that its footer need not be read."""
        self._seen[path] = (version, columns)


def unite(schemas: Iterable[Sequence[Column]]) -> tuple[Column, ...]:
    """All columns of some files, newest first: the newest says the order and the type."""
    united: dict[str, Column] = {}
    for schema in schemas:
        for column in schema:
            united.setdefault(column.name.lower(), column)
    return tuple(united.values())


def over_files(files: Sequence[tuple[str, tuple[Column, ...]]], columns: Sequence[Column]) -> str:
    """One SELECT over a table's files, in day order; a column that a file does not have is NULL.

    DuckDB's union_by_name would open every footer each time; here their columns are known already. Of files that are
    read together it knows the number of rows by the first, and takes it for one where a query needs another of them; it
    would then build a join on the larger side. So few files are read one by one.
    """
    alone = len(files) <= FEW
    parts = [
        f"SELECT {_items(columns, schema)} FROM read_parquet({quote.values(same)}, {_HIVE})"
        for schema, paths in grouped(files).items()
        for same in ([[path] for path in paths] if alone else [paths])
    ]
    return " UNION ALL ".join(parts)


def grouped(files: Iterable[tuple[str, T]]) -> dict[T, list[str]]:
    """The paths by what they have in common."""
    groups: dict[T, list[str]] = {}
    for path, common in files:
        groups.setdefault(common, []).append(path)
    return groups


def no_rows(columns: Sequence[Column], *, key: bool = True) -> str:
    """A SELECT of these columns, and of ``ds``, without rows."""
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
