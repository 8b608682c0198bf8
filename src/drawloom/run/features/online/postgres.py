"""PostgreSQL as an online store: COPY into a staged table, which takes the place of the old one in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drawloom.model import Fix, Problem, RunError, refuse
from drawloom.run.features.online.rows import Version

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

LOCK_SECONDS = 30  # for readers of the old table, behind which new ones queue
CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class PostgresStore:
    """A database; ``url`` may hold a secret, ``name`` is what people are told."""

    url: str
    name: str

    def replace(self, version: Version) -> int:
        """See ``Store``. The privileges on the old table are granted on the new one."""
        import psycopg

        with self._errors(), psycopg.connect(self.url, connect_timeout=CONNECT_SECONDS) as connection:
            staged = _Table(version.table, f"{version.table.rpartition('.')[2][:40]}__{uuid.uuid4().hex[:8]}")
            rows = staged.fill(connection, version)
            staged.take_place(connection)
        return rows

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            message = f"The online store {self.name} (PostgreSQL) was not changed: {str(error).strip().rstrip('.')}."
            fix = Fix(f"Look at whether it runs, and at the URL in {self.name}.")
            raise RunError(Problem("online-store", "error", message, fix=fix)) from error


class _Table:
    """A table that is filled beside the one whose place it takes."""

    def __init__(self, table: str, staged: str) -> None:
        from psycopg import sql

        self.schema, _, self.name = table.rpartition(".")
        self.staged = staged
        self._place = [self.schema] if self.schema else []
        self.old = sql.Identifier(*self._place, self.name)
        self.new = sql.Identifier(*self._place, staged)

    def fill(self, connection: psycopg.Connection[Any], version: Version) -> int:
        from psycopg import sql

        if self.schema and not _one(connection, "SELECT to_regnamespace(quote_ident(%s))", self.schema):
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self.schema)))
        columns = [(sql.Identifier(field.name), sql.SQL(_type(field.name, field.type))) for field in version.schema]
        items = sql.SQL(", ").join(sql.SQL("{} {}").format(name, kind) for name, kind in columns)
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(self.new, items))
        names, rows = sql.SQL(", ").join(name for name, _ in columns), 0
        with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(self.new, names)) as copy:
            for row in version.rows():
                copy.write_row(row)
                rows += 1
        key = sql.SQL(", ").join(map(sql.Identifier, version.key))
        connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(self.new, key))
        return rows

    def take_place(self, connection: psycopg.Connection[Any]) -> None:
        """Of two pushes at a time the second one waits for the first: its table is replaced whole."""
        from psycopg import sql

        place = ".".join([*self._place, self.name])
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"drawloom {place}"])
        connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        for privilege, grantee in self._privileges(connection):
            to = sql.SQL("PUBLIC") if grantee == "PUBLIC" else sql.Identifier(grantee)
            connection.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(privilege), self.new, to))
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(self.old))
        connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(self.new, sql.Identifier(self.name)))

    def _privileges(self, connection: psycopg.Connection[Any]) -> list[tuple[Any, str]]:
        query = (
            "SELECT privilege_type, grantee FROM information_schema.role_table_grants "
            "WHERE table_schema = coalesce(nullif(%s, ''), current_schema()) AND table_name = %s AND grantee <> current_user"
        )
        return list(connection.execute(query, [self.schema, self.name]).fetchall())


def _one(connection: psycopg.Connection[Any], query: str, value: str) -> object:
    row = connection.execute(query, [value]).fetchone()
    return row and row[0]


def _type(name: str, kind: pa.DataType) -> str:
    """The type of a column.

    Raises:
        InputError: PostgreSQL has none like it.
    """
    import pyarrow as pa

    types = pa.types
    if types.is_list(kind) or types.is_large_list(kind):
        return f"{_type(name, kind.value_type)}[]"
    known = (
        (types.is_boolean, "boolean"),
        (types.is_int64, "bigint"),
        (types.is_unsigned_integer, "numeric"),
        (types.is_integer, "integer"),
        (types.is_float32, "real"),
        (types.is_floating, "double precision"),
        (types.is_decimal, "numeric"),
        (types.is_string, "text"),
        (types.is_large_string, "text"),
        (types.is_date, "date"),
        (types.is_null, "text"),
        (types.is_binary, "bytea"),
    )
    if types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    found = next((text for matches, text in known if matches(kind)), None)
    if found is None:
        fix = "Derive a number or a text from it, or push to SQLite or Redis, which get it as text."
        raise refuse("online-type", f"{name} == {kind}, must have a type that PostgreSQL has, too.", None, fix)
    return found
