"""The session of one Trino task: stages rows in a table that is dropped when the task ends; hashes rows.

``checksum(ROW(...))`` cannot be the hash: the hash of a row is a weighted sum of its members' hashes, and the sum over
rows does not change when two rows swap values. So the members are converted to bytes of a length that distinguishes
them, which are hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from itertools import count
from typing import Any

import pyarrow as pa
from sqlglot import exp

from drawloom.engines.catalog.session import Measured, StageQuery
from drawloom.engines.catalog.types import engine_type
from drawloom.engines.trino.arrow import Pages
from drawloom.engines.trino.catalog import STAGING, canonical, day, quoted
from drawloom.engines.trino.client import Client, RunningStatements, StatementResult
from drawloom.engines.trino.tables import Tables, new_name
from drawloom.model import KEY, Column, RunError


class TrinoTaskSession:
    """See ``catalog.session.TaskSession``.

    ``in_background`` runs work without waiting for it.
    """

    def __init__(self, client: Client, tables: Tables, in_background: Callable[[Callable[[], object]], None]) -> None:
        self._client = client
        self._tables = tables
        self._in_background = in_background
        self._statements = RunningStatements()
        self._written: dict[str, int] = {}

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """The names and DuckDB types of a SELECT's columns."""
        result = self._run(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0", shown=sql, shift=1)
        return [(name, canonical(kind, f"column {name}")) for name, kind in result.columns]

    def stage(self, rows: StageQuery) -> str:
        """Write the rows into a staging table in the catalog of their table."""
        connector = self._tables.connector_of(rows.table.name)
        connector.check(rows.table.name, rows.columns)
        connector.catalog.make_staging()
        name = self._new(connector.catalog.name, rows.table.name)
        text = "\n".join(rows.select.split("\n")[rows.shift :])
        made = f"CREATE TABLE {_quoted(name)} WITH (format = 'PARQUET') AS {rows.select}"
        self._written[name] = self._run(made, shown=text, shift=rows.shift).written
        return name

    def measure(self, name: str, columns: Sequence[Column], ds: date | None = None) -> Measured:
        """(rows, hash, bytes) of each day; bytes of staged days are in proportion to their rows."""
        where = f" WHERE {KEY} = {day(ds)}" if ds else ""
        items = f"{KEY}, count(*), {checksum(columns)}"
        found = self._run(f"SELECT {items} FROM {_quoted(name)}{where} GROUP BY {KEY}").rows
        total = self._written[name] if name in self._written else self._size(name, ds)
        share = total / max(1, sum(count for _, count, _ in found))
        return {
            ds and date.fromisoformat(ds): (count, total_hash, round(count * share)) for ds, count, total_hash in found
        }

    def upload(self, data: pa.Table) -> str:
        """Make Arrow data readable as a table."""
        from drawloom.engines.trino.arrow import batches

        connector = self._tables.default
        kinds = _kinds(data.schema)
        connector.check("result", [Column(name, kind) for name, kind in kinds])
        connector.catalog.make_staging()
        name = self._new(connector.catalog.name, "upload")
        stored = [(quoted(column), engine_type(kind, "trino")) for column, kind in kinds]
        self._run(f"CREATE TABLE {_quoted(name)} ({', '.join(f'{column} {kind}' for column, kind in stored)})")
        given = ", ".join(f"c{n}" for n in range(len(stored)))
        casts = ", ".join(f"CAST(c{n} AS {kind})" for n, (_, kind) in enumerate(stored))
        for batch in batches(data):
            self._run(f"INSERT INTO {_quoted(name)} SELECT {casts} FROM (VALUES {batch}) AS v ({given})", shown="")
        return name

    def arrow(self, sql: str) -> pa.Table:
        """The result of a SELECT."""
        pages = Pages()
        result = self._run(sql, on_page=pages.add)
        return pages.table(result.columns)

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT whose result is small."""
        columns = [column.to_pylist() for column in self.arrow(sql).columns]
        return list(zip(*columns, strict=True))

    def interrupt(self) -> None:
        """Cancel the running statement, on the server too."""
        self._statements.cancel()

    def close(self) -> None:
        """Drop the tables of the task, in the background; those that cannot be dropped are swept later."""
        if self._written:
            self._in_background(partial(self._drop, tuple(self._written)))
        self._written.clear()

    def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            with suppress(RunError):
                self._run(f"DROP TABLE IF EXISTS {_quoted(name)}")

    def _new(self, catalog: str, table: str) -> str:
        name = f"{catalog}.{STAGING}.{new_name(table)}"
        self._written[name] = 0
        return name

    def _size(self, name: str, ds: date | None) -> int:
        catalog, _, table = name.partition(".")
        one = next(one for one in self._tables.connectors if one.catalog.name == catalog)
        return one.size(table, ds)

    def _run(self, sql: str, **options: Any) -> StatementResult:
        return self._client.run(sql, self._statements, **options)


def _quoted(name: str) -> str:
    return ".".join(map(quoted, name.split(".")))


def _kinds(schema: pa.Schema) -> list[tuple[str, str]]:
    """The columns of Arrow data with their DuckDB types; a column of type NULL becomes VARCHAR."""
    import duckdb

    from drawloom.engines.columns import storable_type

    with duckdb.connect() as connection:
        relation = connection.from_arrow(schema.empty_table())
        types = zip(relation.columns, relation.types, strict=True)
        return [(name, "VARCHAR" if kind.id == "null" else storable_type(kind)) for name, kind in types]


_T = exp.DType
_WHOLE = {_T.BOOLEAN, _T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT, _T.UTINYINT, _T.USMALLINT, _T.UINT}
_TEXT = {*exp.DataType.TEXT_TYPES, _T.JSON, _T.UUID, _T.TIME, _T.ENUM}
_LISTS = {_T.ARRAY, _T.LIST}
_NESTED = {*_LISTS, _T.MAP, _T.STRUCT}


def checksum(columns: Sequence[Column]) -> str:
    """The expression of the hash of a group of rows, in hex digits; it ignores order and counts duplicates."""
    by_name = sorted(columns, key=lambda column: column.name)
    parts = [_part(quoted(column.name), exp.DataType.build(column.type, dialect="duckdb")) for column in by_name]
    return f"to_hex(checksum({' || '.join(parts)}))"


def _part(value: str, kind: exp.DataType) -> str:
    """A value as bytes: a 1 and as many bytes as the type always has; a single 0 for NULL."""
    return f"coalesce(X'01' || {_bytes(value, kind)}, X'00')"


def _bytes(value: str, kind: exp.DataType) -> str:
    if kind.this in _WHOLE:
        return f"to_big_endian_64(CAST({value} AS BIGINT))"
    if kind.this == _T.DOUBLE:
        return f"to_ieee754_64({value} + DOUBLE '0')"  # minus zero is equal to zero
    if kind.this == _T.FLOAT:
        return f"to_ieee754_32({value} + REAL '0')"
    if kind.this == _T.DATE:
        return f"to_big_endian_64(date_diff('day', DATE '1970-01-01', {value}))"
    if kind.this == _T.VARBINARY:
        return f"xxhash64({value})"
    if kind.this in _NESTED:
        return f"xxhash64(to_utf8(json_format(CAST({_plain(value, kind, count())} AS JSON))))"
    text = value if kind.this in _TEXT else f"CAST({value} AS VARCHAR)"
    return f"xxhash64(to_utf8({text}))"


def _plain(value: str, kind: exp.DataType, names: count[int]) -> str:
    """A nested value that can be cast to JSON, in which binary values are hex digits."""
    if _T.VARBINARY not in {one.this for one in kind.find_all(exp.DataType)}:
        return value
    if kind.this == _T.VARBINARY:
        return f"to_hex({value})"
    children = [child.args["kind"] if isinstance(child, exp.ColumnDef) else child for child in kind.expressions]
    n = next(names)
    if kind.this in _LISTS:
        return f"transform({value}, x{n} -> {_plain(f'x{n}', children[0], names)})"
    if kind.this == _T.MAP:
        return f"transform_values({value}, (k{n}, x{n}) -> {_plain(f'x{n}', children[1], names)})"
    members = (f"{value}.{quoted(child.name)}" for child in kind.expressions)
    row = ", ".join(_plain(member, child, names) for member, child in zip(members, children, strict=True))
    return f"IF({value} IS NULL, NULL, ROW({row}))"
