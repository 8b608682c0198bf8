"""The files of a table's days, in the lake or of an external source, and the SELECT over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from drawloom.engines import quote
from drawloom.engines.base import Schemas, Visible
from drawloom.engines.columns import merge_schemas
from drawloom.engines.duckdb.connection import engine_errors
from drawloom.engines.duckdb.files import FileColumns, select_files, select_no_rows
from drawloom.engines.lake import FILE, Lake, file_version
from drawloom.engines.lake.lake import columns_sql, parse_columns, read_footer
from drawloom.engines.landing.external import External
from drawloom.engines.landing.source import Source
from drawloom.engines.landing.text import infer_file_columns, is_compressed
from drawloom.model import KEY, Column, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_AROUND_DOT = re.compile(r"(?<!\s)\s*\.\s*")


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The SELECT over the files of each table, and the version of each file when they were listed.

    ``is_uniform``: every file of a table returns the same rows whether it is read alone or with the others.

    DuckDB opens a file more than once in a query. If it is replaced in between, DuckDB reads the footer of one version
    and the rows of another, so the versions must be compared again after each query.
    """

    selects: Mapping[str, str]
    versions: Mapping[str, str]
    is_uniform: bool = True

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(int(version.partition("-")[0]) for version in self.versions.values() if version)

    @property
    def unchanged(self) -> bool:
        """Whether no file was replaced since."""
        return all(file_version(path) == version for path, version in self.versions.items())


class Reader:
    """Builds the SELECTs over files of the lake and of sources; caches the columns of files."""

    def __init__(self, lake: Lake, sources: Mapping[str, Source], cursor: Callable[[], DuckDBPyConnection]) -> None:
        self._lake = lake
        self._sources = {name.lower(): source for name, source in sources.items()}
        self._cursor = cursor
        self._columns = FileColumns(self._footer_columns, self._describe)
        self._external = External(self._columns, lambda paths, form: infer_file_columns(cursor(), paths, form))

    def find_files(self, inputs: Visible, given: Schemas) -> InputFiles:
        """The SELECTs over exactly these days of these tables, None for all.

        Raises:
            InputError: a table has no partition, is not a source, and its columns are not given.
            RunError: a file cannot be read.
        """
        paths = {table: self._paths(table, days) for table, days in inputs.items()}
        versions = {path: file_version(path) for some in paths.values() for path in some}
        self._read_columns(versions)
        selects = {table: self._select(table, some, given.get(table, ()), versions) for table, some in paths.items()}
        is_uniform = all(self._is_uniform(table, some, versions) for table, some in paths.items())
        return InputFiles(selects, versions, is_uniform)

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns without ``ds``; empty where there is no file.

        Reads at most three files: the one written last, and those of the newest and the oldest day.
        """
        if source := self._sources.get(table.lower()):
            return self._external.columns(source)
        stamps = self._lake.scan(table)
        if not stamps:
            return ()
        last = max(stamps, key=lambda day: int(stamps[day].partition("-")[2]))
        paths = [str(self._lake.path(table, day)) for day in dict.fromkeys((last, max(stamps), min(stamps)))]
        return without_key(merge_schemas(map(self.file_columns, paths)))

    def days(self, table: str) -> list[date]:
        """The days that have files, in order."""
        source = self._sources.get(table.lower())
        return source.days() if source else list(self._lake.scan(table))

    def mentioned_tables(self, sql: str) -> list[str]:
        """The tables that a text names; where it cannot be parsed, those whose name's last part occurs in it, or else all.

        Those of SHOW are all of them. A table that is not read must not stop a query, whatever its files are like.
        """
        tables = [*self._lake.tables(), *self._sources]
        text = _AROUND_DOT.sub(".", sql.lower().replace('"', ""))
        if text.split(None, 1)[:1] == ["show"]:
            return tables
        written = {table for table in tables if table in text}
        try:
            names = self._cursor().get_table_names(sql, qualified=True)
        except duckdb.Error:
            return [table for table in tables if table.rpartition(".")[2] in text] or tables
        read = {name.replace('"', "").lower() for name in names}
        return [table for table in tables if table in read or table in written]

    def file_columns(self, path: Path | str) -> tuple[Column, ...]:
        """The columns of one Parquet file, as they are in it."""
        return self._columns.of(str(path), file_version(path))

    def remember(self, path: Path, version: str, columns: tuple[Column, ...]) -> None:
        """Cache the columns of a file that was just published."""
        self._columns.remember(str(path), version, columns)

    def _paths(self, table: str, days: Sequence[date] | None) -> list[str]:
        if source := self._sources.get(table.lower()):
            return self._external.paths(source, days)
        wanted = self._lake.scan(table) if days is None else sorted(set(days))
        paths = [str(self._lake.path(table, day)) for day in wanted]
        return paths if days is None else [path for path in paths if file_version(path)]

    def _select(self, table: str, paths: Sequence[str], given: Sequence[Column], versions: Mapping[str, str]) -> str:
        if source := self._sources.get(table.lower()):
            return self._external.select(source, paths)
        schemas = [(path, self._columns.of(path, versions[path])) for path in paths]
        found = [*(schema for _, schema in reversed(schemas)), given or (() if paths else self.columns(table))]
        columns = without_key(merge_schemas(found))
        if paths:
            return select_files(schemas, columns)
        if columns:
            return select_no_rows(columns)
        raise refuse(
            "unknown-table",
            f"table {table} has neither partitions nor declared columns.",
            None,
            "Declare its columns (name and type), or fill a partition of it first.",
        )

    def _read_columns(self, versions: Mapping[str, str]) -> None:
        """Read the columns in the footers of all our files at once; other files are described one by one later."""
        unknown = [path for path in self._columns.unread(versions) if path.endswith(FILE)]
        if not unknown:
            return
        try:
            found = self._cursor().execute(columns_sql(unknown)).fetchall()
        except duckdb.Error:  # a broken or missing file raises an error with its name when it is read
            return
        for path, text in found:
            self._columns.remember(path, versions[path], parse_columns(text))

    def _is_uniform(self, table: str, paths: Sequence[str], versions: Mapping[str, str]) -> bool:
        """See ``InputFiles``. Compressed text counts as not uniform, as its size does not bound the batch's memory."""
        if len(paths) < 2:
            return True
        source = self._sources.get(table.lower())
        if source and source.format != "parquet":
            return not any(map(is_compressed, paths))
        return len({self._columns.of(path, versions[path]) for path in paths}) == 1

    def _footer_columns(self, path: str) -> tuple[Column, ...] | None:
        """The columns in the footer of one of our files; pyarrow, slow to import, is only used for a file with an error."""
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
    """A SELECT of all columns of one Parquet file."""
    return f"SELECT * FROM read_parquet({quote.value(str(path))}, hive_partitioning=false)"


def without_key(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns without ``ds``, which is in the folder's name."""
    return tuple(column for column in columns if column.name.lower() != KEY)
