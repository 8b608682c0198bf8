"""The SELECT over a source's files: Parquet as it is, CSV and JSON lines read strictly as the declared types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from drawloom.engines import parse, quote
from drawloom.engines.columns import near, widens
from drawloom.engines.lake import file_version
from drawloom.engines.sources import Source
from drawloom.engines.text import FILE, Header, csv_texts, json_object, json_texts, read_header
from drawloom.engines.views import Columns, grouped, no_rows, unite
from drawloom.model import KEY, Column, InputError, Problem, Where, refuse

Guess = Callable[[Sequence[str], str], tuple[Column, ...]]


class External:
    """Makes the SELECT over a source's files; columns and headers are read once for each version of a file."""

    def __init__(self, columns: Columns, guess: Guess) -> None:
        self._columns = columns
        self._guess = guess
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
        """The files of these days, None for all."""
        if days is None or not source.partitioned:
            return source.paths()
        if len(set(days)) == 1:
            return source.paths(days[0])
        by_day = source.by_day()
        return [path for day in sorted(set(days)) for path in by_day.get(day, ())]

    def select(self, source: Source, paths: Sequence[str]) -> str:
        """One SELECT over some of the source's files.

        Raises:
            InputError: columns are not declared where they must be, or the files do not have them.
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
                return _part(source, items, json_texts(names, json_object(source.name, paths), FILE), None)

    def _empty(self, source: Source) -> str:
        columns = self.columns(source)
        if columns:
            return no_rows(columns, key=source.partitioned)
        message = f"files of {source.name} == {source.files!r}, must be there, or have declared columns."
        raise refuse("missing-source", message, None, "Declare the source's columns, or correct the pattern.")

    def _parquet(self, source: Source, paths: Sequence[str]) -> str:
        schemas = {path: self._columns.of(path, file_version(path)) for path in paths}
        wanted = source.columns or _without_key(unite(reversed(schemas.values())))
        _complete(source, wanted, unite(schemas.values()), paths[-1])
        parts = []
        for schema, same in grouped(schemas.items()).items():
            have = {column.name.lower(): column for column in schema}
            pairs = [(column, have.get(column.name.lower())) for column in wanted]
            items = [(c, quote.name(f.name) if f else "NULL", f.type if f else c.type) for c, f in pairs]
            hive = "hive_partitioning=true, hive_types={'ds': DATE}" if source.hive else "hive_partitioning=false"
            own = KEY in have
            options = "hive_partitioning=false" if own else hive
            relation = f"read_parquet({quote.values(same)}, filename={quote.value(FILE)}, {options})"
            parts.append(_part(source, items, relation, KEY if own or source.hive else None))
        return " UNION ALL ".join(parts)

    def _csv(self, source: Source, paths: Sequence[str]) -> str:
        headers = {path: self._header(path) for path in paths}
        parts = []
        for header, same in grouped(headers.items()).items():
            have = {name.lower(): name for name in header.names}
            _complete(source, source.columns, [Column(name, "VARCHAR") for name in header.names], same[0])
            items = [(column, quote.name(have[column.name.lower()]), "VARCHAR") for column in source.columns]
            parts.append(_part(source, items, csv_texts(same, header), None))
        return " UNION ALL ".join(parts)

    def _header(self, path: str) -> Header:
        seen, version = self._headers.get(path), file_version(path)
        if seen and seen[0] == version:
            return seen[1]
        header = read_header(path)
        self._headers[path] = (version, header)
        return header

    def _undeclared(self, source: Source, paths: Sequence[str]) -> InputError:
        fix = "Declare its columns: name and type."
        if paths:
            found = self._guess(paths[-1:], source.format)
            fix = f"In its last file they look like columns: {{{', '.join(f'{c.name}: {c.type}' for c in found)}}}."
        return refuse(
            "no-columns", f"columns of {source.name} == none, must be declared for {source.format}.", None, fix
        )


def _part(source: Source, items: Sequence[tuple[Column, str, str]], relation: str, key: str | None) -> str:
    """One SELECT: each (wanted column, expression, its type) as wanted, and the day."""
    done = [f"{_read(source, column, text, type_)} AS {quote.name(column.name)}" for column, text, type_ in items]
    if source.partitioned:
        done.append(f"{key or source.day_sql(FILE)} AS {KEY}")
    elif key:
        done.append(KEY)
    return f"SELECT {', '.join(done)} FROM {relation}"


def _read(source: Source, column: Column, expression: str, type_: str) -> str:
    """The expression as the column's type, where that is exact; texts are read strictly."""
    if expression == "NULL" or widens(type_, column.type):
        return f"CAST({expression} AS {column.type})"
    if type_ != "VARCHAR":
        raise refuse(
            "type-change",
            f"{source.name}.{column.name} has type {type_} in its files, must be {column.type}, as declared.",
            None,
            f"Declare it as {type_}, and cast it in the SELECT.",
        )
    bad = parse.bad(expression, column.type)
    before = quote.value(f"drawloom: bad-value: {source.name}.{column.name} == ")
    must = quote.value(f", must be {column.type}, in ")
    error = f"error({before} || {expression} || {must} || {FILE} || '.')"
    return f"CASE WHEN {bad} THEN {error} ELSE {parse.cast(expression, column.type)} END"


def _complete(source: Source, wanted: Sequence[Column], found: Sequence[Column], path: str) -> None:
    names = [column.name for column in found]
    have = {name.lower() for name in names}
    problems = [
        Problem(
            "missing-column",
            "error",
            f"{column.name} is declared for {source.name}, must be in its files{near(column.name, names)}.",
            Where(path),
        )
        for column in wanted
        if column.name.lower() not in have
    ]
    if problems:
        raise InputError(*problems)


def _without_key(columns: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.name.lower() != KEY)
