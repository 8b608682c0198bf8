"""The SELECT over an external source's files; CSV and JSON lines are parsed strictly as the declared types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from drawloom.engines import quote
from drawloom.engines.columns import did_you_mean, is_widening, merge_schemas
from drawloom.engines.duckdb.files import FileColumns, group_paths, select_no_rows
from drawloom.engines.lake import file_version
from drawloom.engines.landing.source import Source
from drawloom.engines.landing.text import (
    FILE,
    Header,
    cast_sql,
    csv_texts,
    invalid_sql,
    json_object,
    json_texts,
    read_header,
)
from drawloom.model import KEY, Column, InputError, Problem, Where, refuse

InferColumns = Callable[[Sequence[str], str], tuple[Column, ...]]


class External:
    """Builds the SELECT over a source's files; columns and headers are read once for each version of a file."""

    def __init__(self, columns: FileColumns, infer: InferColumns) -> None:
        self._columns = columns
        self._infer = infer
        self._headers: dict[str, tuple[str, Header]] = {}

    def columns(self, source: Source) -> tuple[Column, ...]:
        """The columns without ``ds``: those declared, or those of the newest Parquet file."""
        if source.columns:
            return source.columns
        paths = source.paths()
        if source.format != "parquet":
            raise self._undeclared(source, paths)
        return _without_key(self._columns.of(paths[-1], file_version(paths[-1]))) if paths else ()

    @staticmethod
    def paths(source: Source, days: Sequence[date] | None) -> list[str]:
        """The files of these days; None for all days."""
        if days is None or not source.partitioned:
            return source.paths()
        if len(set(days)) == 1:
            return source.paths(days[0])
        by_day = source.by_day()
        return [path for day in sorted(set(days)) for path in by_day.get(day, ())]

    def select(self, source: Source, paths: Sequence[str]) -> str:
        """One SELECT over some of the source's files.

        Raises:
            InputError: columns must be declared and are not, or the files do not have them.
        """
        if source.format != "parquet" and not source.columns:
            raise self._undeclared(source, source.paths())
        if not paths:
            return self._empty(source)
        match source.format:
            case "parquet":
                return self._parquet(source, paths)
            case "csv":
                return self._csv(source, paths)
            case "json":
                items = [(column, quote.name(column.name), "VARCHAR") for column in source.columns]
                names = [column.name for column in source.columns]
                return _select_part(
                    source, items, json_texts(names, json_object(source.name, paths), FILE), None, paths
                )

    def _empty(self, source: Source) -> str:
        columns = self.columns(source)
        if columns:
            return select_no_rows(columns, key=source.partitioned)
        message = (
            f"files of {source.name} == {source.files!r}, must match a file, or the source must have declared columns."
        )
        raise refuse("missing-source", message, None, "Declare the source's columns, or correct the pattern.")

    def _parquet(self, source: Source, paths: Sequence[str]) -> str:
        schemas = {path: self._columns.of(path, file_version(path)) for path in paths}
        wanted = source.columns or _without_key(merge_schemas(reversed(schemas.values())))
        _check_columns_present(source, wanted, merge_schemas(schemas.values()), paths[-1])
        parts = []
        for schema, same in group_paths(schemas.items()).items():
            have = {column.name.lower(): column for column in schema}
            pairs = [(column, have.get(column.name.lower())) for column in wanted]
            items = [(c, quote.name(f.name) if f else "NULL", f.type if f else c.type) for c, f in pairs]
            own = KEY in have
            hive = source.is_hive_partitioned and not own
            options = "hive_partitioning=true, hive_types={'ds': DATE}" if hive else "hive_partitioning=false"
            relation = f"read_parquet({quote.values(same)}, filename={quote.value(FILE)}, {options})"
            key = KEY if hive or (own and not source.partitioned) else None  # the day in a path counts
            parts.append(_select_part(source, items, relation, key, same))
        return " UNION ALL ".join(parts)

    def _csv(self, source: Source, paths: Sequence[str]) -> str:
        headers = {path: self._header(path) for path in paths}
        parts = []
        for header, same in group_paths(headers.items()).items():
            have = {name.lower(): name for name in header.names}
            _check_columns_present(source, source.columns, [Column(name, "VARCHAR") for name in header.names], same[0])
            items = [(column, quote.name(have[column.name.lower()]), "VARCHAR") for column in source.columns]
            parts.append(_select_part(source, items, csv_texts(same, header), None, same))
        return " UNION ALL ".join(parts)

    def _header(self, path: str) -> Header:
        cached, version = self._headers.get(path), file_version(path)
        if cached and cached[0] == version:
            return cached[1]
        header = read_header(path)
        self._headers[path] = (version, header)
        return header

    def _undeclared(self, source: Source, paths: Sequence[str]) -> InputError:
        fix = "Declare its columns: name and type."
        if paths:
            found = self._infer(paths[-1:], source.format)
            fix = f"Its last file suggests columns: {{{', '.join(f'{c.name}: {c.type}' for c in found)}}}."
        return refuse(
            "no-columns", f"{source.name} has no declared columns, which {source.format} files need.", None, fix
        )


def _select_part(
    source: Source, items: Sequence[tuple[Column, str, str]], relation: str, key: str | None, paths: Sequence[str]
) -> str:
    """One SELECT of the day and of each (column to return, expression, type of the expression) of these files."""
    done = [
        f"{_cast_exactly(source, column, text, type_, paths)} AS {quote.name(column.name)}"
        for column, text, type_ in items
    ]
    if source.partitioned:
        done.append(f"{key or source.day_sql(FILE)} AS {KEY}")
    elif key:
        done.append(KEY)
    return f"SELECT {', '.join(done)} FROM {relation}"


def _cast_exactly(source: Source, column: Column, expression: str, type_: str, paths: Sequence[str]) -> str:
    """The expression cast to the column's type, where that is exact; text is parsed strictly."""
    if expression == "NULL" or is_widening(type_, column.type):
        return f"CAST({expression} AS {column.type})"
    if type_ != "VARCHAR":
        raise _other_type(source, column, type_, paths)
    bad = invalid_sql(expression, column.type)
    before = quote.value(f"drawloom: bad-value: {source.name}.{column.name} == ")
    must = quote.value(f", must be {column.type}, in ")
    error = f"error({before} || {expression} || {must} || {FILE} || '.')"
    return f"CASE WHEN {bad} THEN {error} ELSE {cast_sql(expression, column.type)} END"


def _other_type(source: Source, column: Column, type_: str, paths: Sequence[str]) -> InputError:
    """The error for files in which a column has another type than is declared, or than the newest file has."""
    more = f" and in {len(paths) - 1} more" if len(paths) > 1 else ""
    if source.columns:
        must, fix = "as declared", f"Declare it as {type_}, and cast it in the SELECT."
    else:
        must = "as in the newest of the files that are read together"
        fix = "Write the files of one type again, or declare the source's columns."
    message = f"{source.name}.{column.name} has type {type_} in this file{more}, must be {column.type}, {must}."
    return refuse("type-change", message, Where(paths[0]), fix)


def _check_columns_present(source: Source, wanted: Sequence[Column], found: Sequence[Column], path: str) -> None:
    names = [column.name for column in found]
    have = {name.lower() for name in names}
    problems = [
        Problem(
            "missing-column",
            "error",
            f"{column.name} is declared for {source.name}, but missing in its files{did_you_mean(column.name, names)}.",
            Where(path),
        )
        for column in wanted
        if column.name.lower() not in have
    ]
    if problems:
        raise InputError(*problems)


def _without_key(columns: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.name.lower() != KEY)
