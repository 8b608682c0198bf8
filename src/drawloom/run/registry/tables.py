"""The tables of the registry, the queries that write them, and records to rows and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from drawloom.model import Record, Slices

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

META = sa.MetaData()
PARTITIONS = sa.Table(
    "drawloom_partitions",
    META,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("ds", sa.Date, primary_key=True),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("content", sa.String, nullable=False),
    sa.Column("code", sa.String, nullable=False),
    sa.Column("seen", sa.String, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("stamp", sa.String, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("engine", sa.String, nullable=False, server_default="duckdb"),
    sa.Column("slices", sa.Text, nullable=False, server_default=sa.text("''")),
)
COLUMNS = sa.Table(
    "drawloom_columns",
    META,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("columns", sa.Text, nullable=False),
)
FAILURES = sa.Table(
    "drawloom_failures",
    META,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("ds", sa.Date, primary_key=True),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)
FILES = sa.Table(
    "drawloom_files",
    META,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("ds", sa.String, primary_key=True),
    sa.Column("stamp", sa.String, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False),
)
LANDED = sa.Table(
    "drawloom_landed",
    META,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("fingerprint", sa.String, primary_key=True),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("options", sa.Text, nullable=False, server_default=sa.text("''")),
)

ATTACHED = sa.Table(
    "drawloom_attached",
    META,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("ds", sa.String, primary_key=True),
    sa.Column("stamp", sa.String, nullable=False),
)

ENVIRONMENTS = sa.Table(
    "drawloom_environments",
    META,
    sa.Column("environment", sa.String, primary_key=True),
    sa.Column("first", sa.Date),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
)
ENVIRONMENT_TABLES = sa.Table(
    "drawloom_environment_tables",
    META,
    sa.Column("environment", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("stored", sa.String, nullable=False),
)
REPLACED = sa.Table(
    "drawloom_replaced",
    META,
    sa.Column("environment", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("ds", sa.Date, primary_key=True),
    sa.Column("base", sa.String, nullable=False),
    sa.Column("is_kept", sa.Boolean, nullable=False),
    sa.Column("promoted", sa.String, nullable=False),
)


def key_of(table: sa.Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of a row's primary key."""
    return tuple(row[column.name] for column in table.primary_key)


@cache
def upsert_query(table: sa.Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """The INSERT that replaces the row of the same key; cached, as building it costs more than running it."""
    insert = _insert(table, dialect)
    values = {column.name: insert.excluded[column.name] for column in table.c if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=values)


@cache
def delete_query(table: sa.Table) -> sa.Delete:
    """The DELETE of the row with ``key_name`` and ``key_ds``."""
    return sa.delete(table).where(table.c.name == sa.bindparam("key_name"), table.c.ds == sa.bindparam("key_ds"))


@cache
def restamp_query() -> sa.Update:
    """The UPDATE to ``new_stamp`` of the partition with ``key_name`` and ``key_ds`` that the run ``key_run`` wrote."""
    keys = (PARTITIONS.c[name] == sa.bindparam(f"key_{name}") for name in ("name", "ds", "run"))
    return sa.update(PARTITIONS).where(*keys).values(stamp=sa.bindparam("new_stamp"))


def to_row(record: Record) -> dict[str, Any]:
    """The row of a partition."""
    return {
        "name": record.table,
        "ds": record.ds,
        "run": record.run,
        "rows": record.rows,
        "bytes": record.bytes,
        "content": record.content,
        "code": record.code,
        "seen": record.inputs_digest,
        "at": in_utc(record.at or now()),
        "seconds": record.seconds,
        "stamp": record.stamp,
        "inputs": json.dumps(record.inputs, sort_keys=True),
        "engine": record.engine,
        "slices": json.dumps(asdict(record.slices), sort_keys=True) if record.slices else "",
    }


def to_record(row: Mapping[Any, Any]) -> Record:
    """The record of a row; without inputs where the query left them out."""
    renamed = {"table": row["name"], "inputs_digest": row["seen"], "at": in_utc(row["at"])}
    values = {key: value for key, value in row.items() if key not in {"name", "seen", "inputs", "slices"}}
    slices = Slices(**json.loads(row["slices"])) if row["slices"] else None
    return Record(inputs=json.loads(row.get("inputs", "{}")), slices=slices, **{**values, **renamed})


def in_utc(at: datetime) -> datetime:
    """The time in UTC: SQLite keeps no time zone, PostgreSQL answers in that of its session."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def storable(text: str) -> str:
    """The text without what databases refuse: NUL, and bytes of a file's name that are not UTF-8."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def _insert(table: sa.Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
