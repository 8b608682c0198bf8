"""SQLite as an online store: one file, in which the table is replaced in one transaction."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.model import Problem, RunError
from drawloom.run.features.online.rows import Version, as_simple

if TYPE_CHECKING:
    import pyarrow as pa

WAIT = 30.0  # seconds for another writer


@dataclass(frozen=True, slots=True)
class SQLiteStore:
    """A file of SQLite, made where there is none."""

    path: Path

    def replace(self, version: Version) -> int:
        """See ``Store``; readers go on with what they have begun to read, as the file has a write-ahead log."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors(), closing(sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                rows = _replace(connection, version)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        return rows

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            message = f"The online store {self.path.name} (SQLite) was not changed: {error}."
            raise RunError(Problem("online-store", "error", message)) from error


def _replace(connection: sqlite3.Connection, version: Version) -> int:
    table, staged = _quoted(version.table), _quoted(f"{version.table}__{uuid.uuid4().hex[:8]}")
    columns = ", ".join(f"{_quoted(field.name)} {_type(field.type)}" for field in version.schema)
    key = ", ".join(map(_quoted, version.key))
    connection.execute(f"CREATE TABLE {staged} ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID")
    insert = f"INSERT INTO {staged} VALUES ({', '.join('?' for _ in version.schema)})"
    rows = connection.executemany(insert, (tuple(map(as_simple, row)) for row in version.rows())).rowcount
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    connection.execute(f"ALTER TABLE {staged} RENAME TO {table}")
    return max(rows, 0)


def _type(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return "INTEGER"
    return "REAL" if pa.types.is_floating(kind) or pa.types.is_decimal(kind) else "TEXT"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
