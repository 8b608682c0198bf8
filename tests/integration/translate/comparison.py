"""Runs a query on DuckDB and on other engines, and compares the rows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Any

import duckdb

from drawloom.model import InputError
from drawloom.sql.dialect import transpile

Rows = list[tuple[Any, ...]]
BATCH = 40
THREADS = 8
_ORDERED = re.compile(r"\bORDER BY [^)]*$", re.IGNORECASE)


@dataclass
class EngineComparison:
    """DuckDB and the other engines with the same tables in them."""

    engines: Mapping[str, Callable[[str], Rows]]
    duckdb_connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.duckdb_connection.execute("SET TimeZone = 'UTC'")

    def create(self, name: str, query: str) -> None:
        """A table of the rows of a DuckDB query, in every engine."""
        schema = name.rpartition(".")[0]
        if schema:
            self.duckdb_connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        self.duckdb_connection.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")
        found = self.duckdb_connection.execute(f"SELECT * FROM {name}")
        self.columns[name] = {part[0]: str(part[1]) for part in found.description}
        rows = found.fetchall()
        kinds = list(self.columns[name].items())
        cells = ", ".join(f'CAST(c{at} AS {kind}) AS "{column}"' for at, (column, kind) in enumerate(kinds))
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows or [(None,) * len(kinds)])
        names = ", ".join(f"c{at}" for at in range(len(kinds)))
        text = f"SELECT {cells} FROM (VALUES {values}) AS v({names}){'' if rows else ' WHERE FALSE'}"
        for engine, run in self.engines.items():
            if schema:
                run(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            run(f"DROP TABLE IF EXISTS {name}")
            using = "USING parquet " if engine == "spark" else ""
            run(f"CREATE TABLE {name} {using}AS {transpile(text, 'duckdb', engine)}")

    def rows(self, sql: str) -> Rows:
        """DuckDB's rows; under a lock, as its connection is for one thread at a time."""
        with self.lock:
            return self._rows(sql)

    def _rows(self, sql: str) -> Rows:
        found = self.duckdb_connection.execute(transpile(sql, "duckdb", "duckdb"))
        structs = [str(part[1]).startswith("STRUCT") for part in found.description]
        return [
            tuple(
                tuple(cell.values()) if struct and cell is not None else cell
                for cell, struct in zip(row, structs, strict=True)
            )
            for row in found.fetchall()
        ]

    def compare_all(self, texts: Iterable[str], engine: str, known: bool = True) -> list[str]:
        """The outcomes for several texts, which run in parallel."""
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(lambda sql: self.compare(sql, engine, known), texts))

    def compare(self, sql: str, engine: str, known: bool = True) -> str:
        """``equal``, ``refused: <error>``, or a description of the difference."""
        try:
            text = transpile(sql, "duckdb", engine, self.columns if known else None)
        except InputError as error:
            return f"refused: {error}"
        actual = self.engines[engine](text)
        try:
            expected = self.rows(sql)
        except duckdb.Error as error:
            return f"DuckDB fails: {error}; {engine} gives {actual} for {text}"
        ordered = _ORDERED.search(sql) is not None
        if normal(expected, ordered) == normal(actual, ordered):
            return "equal"
        return f"DuckDB gives {expected}, {engine} gives {actual} for {text}"


def batches(items: Sequence[str]) -> list[Sequence[str]]:
    """The items in batches, one for each test."""
    return [items[at : at + BATCH] for at in range(0, len(items), BATCH)]


def normal(rows: Iterable[Sequence[Any]], ordered: bool = False) -> list[Any]:
    """Rows that can be compared: numbers as floats of 9 digits, structs as tuples, maps by their keys."""
    found = [tuple(map(comparable, row)) for row in rows]
    return found if ordered else sorted(found, key=repr)


def comparable(value: Any) -> Any:
    """A value of any driver in a form that is the same for all of them."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        number = float(value)
        return "nan" if math.isnan(number) else number if math.isinf(number) else float(f"{number:.9g}")
    if isinstance(value, Mapping):
        return tuple(sorted(((comparable(key), comparable(each)) for key, each in value.items()), key=repr))
    if isinstance(value, Iterable):
        return tuple(map(comparable, value))
    if isinstance(value, datetime):
        return f"time {value.replace(tzinfo=None).isoformat()}"
    if isinstance(value, date):
        return f"day {value.isoformat()}"
    return repr(value)


def literal(value: Any) -> str:
    """A value as a literal of DuckDB."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value!r}e0" if math.isfinite(value) and "e" not in repr(value) else f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, timedelta):
        raise TypeError(value)
    return "'" + str(value).replace("'", "''") + "'"
