"""Which files hold the days of a table, and the SELECT over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from drawloom.engines import quote
from drawloom.engines.base import Schemas, Visible
from drawloom.engines.errors import engine_errors
from drawloom.engines.external import External
from drawloom.engines.footer import columns_sql, parse_columns, read_footer
from drawloom.engines.guess import guess_files
from drawloom.engines.lake import FILE, Lake, file_version
from drawloom.engines.sources import Source
from drawloom.engines.text import is_packed
from drawloom.engines.views import Columns, no_rows, over_files, unite
from drawloom.model import KEY, Column, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Seen:
    """The SELECT over each table's files, and the version of each file at that time.

    ``alike`` says that a file of each table gives the same whether it is read alone or with the others.

    DuckDB opens a file by its path more than once in a query, so that a publication in between gives it the footer
    of one version and the rows of another: whoever reads must look at the versions again afterwards.
    """

    selects: Mapping[str, str]
    versions: Mapping[str, str]
    alike: bool = True

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(int(version.partition("-")[0]) for version in self.versions.values() if version)

    @property
    def steady(self) -> bool:
        """Whether every file is still the one that was seen."""
        return all(file_version(path) == version for path, version in self.versions.items())


class Reader:
    """Makes the SELECTs over the files of the lake and of the sources; what files say of themselves is kept."""

    def __init__(self, lake: Lake, sources: Mapping[str, Source], cursor: Callable[[], DuckDBPyConnection]) -> None:
        self._lake = lake
        self._sources = {name.lower(): source for name, source in sources.items()}
        self._cursor = cursor
        self._columns = Columns(self._tell, self._describe)
        self._external = External(self._columns, lambda paths, form: guess_files(cursor(), paths, form))

    def see(self, inputs: Visible, given: Schemas) -> Seen:
        """The SELECTs over exactly these days of these tables, None for all.

        Raises:
            InputError: a table is neither in the lake nor a source, and its columns are not given.
            RunError: a file cannot be read.
        """
        paths = {table: self._paths(table, days) for table, days in inputs.items()}
        versions = {path: file_version(path) for some in paths.values() for path in some}
        self._read_columns(versions)
        selects = {table: self._select(table, some, given.get(table, ()), versions) for table, some in paths.items()}
        alike = all(self._alike(table, some, versions) for table, some in paths.items())
        return Seen(selects, versions, alike)

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns without ``ds``, empty when there is no file; from at most three of a table's files.

        Those are the file written last, the newest and the oldest day.
        """
        if source := self._sources.get(table.lower()):
            return self._external.columns(source)
        stamps = self._lake.scan(table)
        if not stamps:
            return ()
        last = max(stamps, key=lambda day: int(stamps[day].partition("-")[2]))
        paths = [str(self._lake.path(table, day)) for day in dict.fromkeys((last, max(stamps), min(stamps)))]
        return without_key(unite(map(self.file_columns, paths)))

    def days(self, table: str) -> list[date]:
        """The days that have files, in order."""
        source = self._sources.get(table.lower())
        return source.days() if source else list(self._lake.scan(table))

    def mentioned(self, sql: str) -> list[str]:
        """The tables whose name is somewhere in the text; all where none is."""
        tables = [*self._lake.tables(), *self._sources]
        text = sql.lower()
        return [table for table in tables if table.rpartition(".")[2] in text] or tables

    def file_columns(self, path: Path | str) -> tuple[Column, ...]:
        """The columns of one Parquet file, as they are in it."""
        return self._columns.of(str(path), file_version(path))

    def published(self, path: Path, version: str, columns: tuple[Column, ...]) -> None:
        """Know the columns of a file that was just put in its place."""
        self._columns.put(str(path), version, columns)

    def _paths(self, table: str, days: Sequence[date] | None) -> list[str]:
        if source := self._sources.get(table.lower()):
            return self._external.paths(source, days)
        there = self._lake.scan(table) if days is None else sorted(set(days))
        paths = [str(self._lake.path(table, day)) for day in there]
        return paths if days is None else [path for path in paths if file_version(path)]

    def _select(self, table: str, paths: Sequence[str], given: Sequence[Column], versions: Mapping[str, str]) -> str:
        if source := self._sources.get(table.lower()):
            return self._external.select(source, paths)
        schemas = [(path, self._columns.of(path, versions[path])) for path in paths]
        found = [*(schema for _, schema in reversed(schemas)), given or (() if paths else self.columns(table))]
        columns = without_key(unite(found))
        if paths:
            return over_files(schemas, columns)
        if columns:
            return no_rows(columns)
        raise refuse(
            "unknown-table",
            f"table == {table}, must have a partition, or declared columns.",
            None,
            "Declare its columns (name and type), or fill a partition of it first.",
        )

    def _read_columns(self, versions: Mapping[str, str]) -> None:
        """Read what files of ours say of their columns, all at once; the others tell when each is asked."""
        unknown = [path for path in self._columns.unknown(versions) if path.endswith(FILE)]
        if not unknown:
            return
        try:
            found = self._cursor().execute(columns_sql(unknown)).fetchall()
        except duckdb.Error:  # a file that is broken, or just gone, is told of by name when its turn comes
            return
        for path, text in found:
            self._columns.put(path, versions[path], parse_columns(text))

    def _alike(self, table: str, paths: Sequence[str], versions: Mapping[str, str]) -> bool:
        """Whether a file gives among the others what it gives alone; packed text is larger than it looks."""
        if len(paths) < 2:
            return True
        source = self._sources.get(table.lower())
        if source and source.format != "parquet":
            return not any(map(is_packed, paths))
        return len({self._columns.of(path, versions[path]) for path in paths}) == 1

    def _tell(self, path: str) -> tuple[Column, ...] | None:
        """What a file of ours says of its columns; pyarrow, which takes long to load, only says what is wrong with one."""
        try:
            found = self._cursor().execute(columns_sql([path])).fetchall()
        except duckdb.Error:
            return read_footer(path).columns
        return parse_columns(found[0][1]) if found else None

    def _describe(self, path: str) -> tuple[Column, ...]:
        with engine_errors():
            relation = self._cursor().sql(file_select(path))
        return tuple(Column(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True))


def file_select(path: Path | str) -> str:
    """The SELECT of all columns of one Parquet file, as they are in it."""
    return f"SELECT * FROM read_parquet({quote.value(str(path))}, hive_partitioning=false)"


def without_key(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns but for ``ds``, which is in the folder's name."""
    return tuple(column for column in columns if column.name.lower() != KEY)
