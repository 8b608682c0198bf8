"""Binding SELECTs to tables that have columns but no rows: what a SELECT returns, or what in it is wrong, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self

import duckdb

from drawloom.engines import quote
from drawloom.engines.columns import QuerySchema
from drawloom.engines.duckdb.connection import connect, extract_select, without_semicolon
from drawloom.model import KEY, Column

Missing = Literal["column", "function", "type", "table", "alias", "other"]
_MISSING: tuple[tuple[Missing, re.Pattern[str]], ...] = (
    ("table", re.compile(r"Table with name (?P<name>.+?) does not exist")),
    ("type", re.compile(r"Type with name (?P<name>.+?) does not exist")),
    ("function", re.compile(r"Function with name (?P<name>.+?) does not exist")),
    ("column", re.compile(r'column (?:named )?"(?P<name>.+?)"(?: in \w+ list)? not found', re.IGNORECASE)),
    ("column", re.compile(r'does not have a column named "(?P<name>.+?)"')),
    ("alias", re.compile(r'Referenced table "(?P<name>.+?)" not found')),
)
_PREFIX = "DESCRIBE\n"


class BindError(Exception):
    """A SELECT does not bind.

    Attributes:
        missing: what it names that does not exist; ``other`` for any other error.
        name: its name; empty for any other error.
        message: DuckDB's words.
        span: start and end of what is wrong, as offsets in the SELECT; None where DuckDB gives none.
        candidates: names that exist and might be meant.
    """

    def __init__(self, message: str, span: tuple[int, int] | None = None, candidates: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.candidates = tuple(candidates)
        found = next(((kind, hit["name"]) for kind, words in _MISSING if (hit := words.search(message))), None)
        self.missing, self.name = found or ("other", "")


class Binder:
    """An in-memory DuckDB of empty tables."""

    def __init__(self) -> None:
        self._connection = connect(1, "50%", (), (), None, errors_as_json=True)
        self._columns: dict[str, tuple[str, ...]] = {}
        self._added: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add_table(self, table: str, columns: Sequence[Column], *, key: bool = True) -> None:
        """Add an empty table, or replace it; ``key``: it has a column ``ds``."""
        items = [f"{quote.name(column.name)} {column.type}" for column in columns]
        names = [column.name for column in columns]
        if key and KEY not in (name.lower() for name in names):
            items.append(f"{KEY} DATE")
            names.append(KEY)
        parts = table.split(".")
        with suppress(duckdb.Error):  # a type that only another engine has: then what reads it is not bound
            if len(parts) > 1:
                self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote.name(parts[0])}")
            self._connection.execute(f"CREATE OR REPLACE TABLE {quote.dotted(parts)} ({', '.join(items)})")
            self._columns[table.lower()] = tuple(names)

    def add_column(self, table: str, column: str) -> None:
        """Add a column to a table, so that what else is wrong can be found; it is never a candidate."""
        if table.lower() not in self._columns:
            return
        name = f"{quote.dotted(table.split('.'))} ADD COLUMN IF NOT EXISTS {quote.name(column)}"
        self._connection.execute(f"ALTER TABLE {name} VARCHAR")
        self._added.add(column)

    def bind(self, sql: str) -> QuerySchema:
        """The columns that a SELECT returns.

        Raises:
            BindError: it does not bind, or is no SQL.
            InputError: it is not one SELECT.
        """
        try:
            relation = self._connection.sql(extract_select(self._connection, sql, wrap_errors=False))
            return QuerySchema(tuple(relation.columns), tuple(relation.types))
        except duckdb.Error as error:
            raise self._located(sql, error) from error

    @property
    def known(self) -> tuple[str, ...]:
        """The tables that were added, in lower case."""
        return tuple(self._columns)

    def drop_table(self, table: str) -> None:
        """Remove a table that was added."""
        self._connection.execute(f"DROP TABLE {quote.dotted(table.split('.'))}")
        del self._columns[table.lower()]
        self._added.clear()

    def columns_of(self, table: str) -> tuple[str, ...]:
        """The names of the columns of a table that was added; empty for another."""
        return self._columns.get(table.lower(), ())

    def functions(self) -> list[str]:
        """The names of all functions."""
        found = self._connection.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
        return [name for (name,) in found]

    def is_reserved(self, word: str) -> bool:
        """Whether a word must be quoted to be a name."""
        query = "SELECT count(*) FROM duckdb_keywords() WHERE keyword_name = ? AND keyword_category = 'reserved'"
        found = self._connection.execute(query, [word.lower()]).fetchone()
        return bool(found and found[0])

    def mentioned(self, sql: str) -> list[str]:
        """The tables that were added and whose name is in a text."""
        text = sql.replace('"', "").lower()
        return [table for table in self._columns if re.search(rf"(?<!\w){re.escape(table)}(?!\w)", text)]

    def tables(self, sql: str) -> set[str]:
        """The tables that a SELECT names, which must bind."""
        names = self._connection.get_table_names(sql, qualified=True)
        return {name.partition(" AS ")[0].replace('"', "") for name in names}

    def _located(self, sql: str, error: duckdb.Error) -> BindError:
        """The error with its place, which DuckDB reports only when it executes a statement."""
        found, shift = _details(error), 0
        if "position" not in found:
            try:
                self._connection.execute(_PREFIX + without_semicolon(sql)).fetchall()
            except duckdb.Error as detailed:
                found, shift = _details(detailed) or found, len(_PREFIX)
        message = str(found.get("exception_message") or error)
        candidates = [name for name in _candidates(found, message) if name not in self._added]
        return BindError(message, _span(sql, found, shift), candidates)


def _details(error: duckdb.Error) -> Mapping[str, Any]:
    """What DuckDB reports of an error as JSON, if it does."""
    text = str(error)
    try:
        found = json.loads(text[text.index("{") :])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _span(sql: str, details: Mapping[str, Any], shift: int) -> tuple[int, int] | None:
    """DuckDB's place, which counts bytes, as offsets of characters."""
    if "position" not in details:
        return None
    raw = sql.encode()
    start, length = int(details["position"]), 0
    if found := re.fullmatch(r"\[(\d+),(\d+)\]", str(details.get("location", ""))):
        length = int(found[2])
    elif name := details.get("name"):
        length = len(str(name).encode())
    start -= shift
    before = len(raw[:start].decode(errors="ignore"))
    return before, before + len(raw[start : start + length].decode(errors="ignore"))


def _candidates(details: Mapping[str, Any], message: str) -> list[str]:
    given = [name.rpartition(".")[2] for name in str(details.get("candidates", "")).split(",") if "(" not in name]
    listed = re.search(r"Candidate (?:bindings|tables|Entries):([^\n]*)", message)
    return [name for name in given if name] or re.findall(r'"([^"]+)"', listed[1] if listed else "")
