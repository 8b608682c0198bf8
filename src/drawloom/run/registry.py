"""The registry: which partitions were produced, by what, from what; SQLite by default, any SQLAlchemy URL."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from drawloom.model import Column, Fix, Inputs, Problem, Record, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

_meta = sa.MetaData()
_partitions = sa.Table(
    "drawloom_partitions",
    _meta,
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
)
_columns = sa.Table(
    "drawloom_columns",
    _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("columns", sa.Text, nullable=False),
)
_failures = sa.Table(
    "drawloom_failures",
    _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("ds", sa.Date, primary_key=True),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)
_files = sa.Table(
    "drawloom_files",
    _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("ds", sa.String, primary_key=True),
    sa.Column("stamp", sa.String, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False),
)
_landed = sa.Table(
    "drawloom_landed",
    _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("fingerprint", sa.String, primary_key=True),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

_attached = sa.Table(
    "drawloom_attached",
    _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("ds", sa.String, primary_key=True),
    sa.Column("stamp", sa.String, nullable=False),
)


class Registry:
    """What was produced. Every method is one short transaction; safe for several threads and processes.

    Raises:
        RunError: the database cannot be reached or written; the message never shows the URL's password.
    """

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self._url = sa.engine.make_url(url)
        with self._explained():
            self._engine = sa.create_engine(self._url)
        if self._url.get_backend_name() == "sqlite":
            sa.event.listen(self._engine, "connect", _tune_sqlite)
        with self._begin() as connection:
            _meta.create_all(connection)

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with self._explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, ImportError) as error:
            cause = getattr(error, "orig", None) or error
            raise RunError(
                Problem(
                    "registry",
                    "error",
                    f"registry == {self._url.render_as_string(hide_password=True)}, must answer: {cause}.",
                    fix=Fix("See that it is there, that this user may write it, and that no other tool holds a lock."),
                )
            ) from error

    def empty(self) -> bool:
        """Whether no partition is recorded."""
        with self._begin() as connection:
            return connection.execute(sa.select(_partitions.c.name).limit(1)).first() is None

    def records(self, tables: Collection[str] | None = None) -> dict[str, dict[date, Record]]:
        """All partitions (of these tables) by table and day, without their inputs (see ``inputs``)."""
        columns = [column for column in _partitions.c if column.name != "inputs"]
        query = _of(sa.select(*columns), _partitions, tables)
        found: dict[str, dict[date, Record]] = {}
        with self._begin() as connection:
            for name, ds, run, rows, size, content, code, digest, at, seconds, stamp in connection.execute(query):
                found.setdefault(name, {})[ds] = Record(
                    name, ds, run, rows, size, content, code, digest, {}, _utc(at), seconds, stamp
                )
        return found

    def record(self, table: str, ds: date) -> Record | None:
        """One partition with its inputs, None when it was never produced."""
        query = sa.select(_partitions).where(_partitions.c.name == table, _partitions.c.ds == ds)
        with self._begin() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _record(row) if row else None

    def inputs(self, table: str) -> dict[date, Inputs]:
        """What each partition of a table was made from."""
        query = sa.select(_partitions.c.ds, _partitions.c.inputs).where(_partitions.c.name == table)
        with self._begin() as connection:
            return {ds: json.loads(text) for ds, text in connection.execute(query)}

    def save(self, records: Iterable[Record], columns: Mapping[str, Iterable[Column]] | None = None) -> None:
        """Record partitions and the columns of their tables; a partition's failure is forgotten."""
        rows = [_row(record) for record in records]
        with self._begin() as connection:
            _delete(connection, _partitions, rows)
            _delete(connection, _failures, rows)
            if rows:
                connection.execute(sa.insert(_partitions), rows)
            for name, found in (columns or {}).items():
                connection.execute(sa.delete(_columns).where(_columns.c.name == name))
                text = json.dumps([[column.name, column.type] for column in found])
                connection.execute(sa.insert(_columns), {"name": name, "columns": text})

    def restamp(self, records: Iterable[Record]) -> None:
        """Keep the new stamps of these partitions, whose files were moved."""
        moved = list(records)
        if not moved:
            return
        with self._begin() as connection:
            for record in moved:
                found = _partitions.c.name == record.table, _partitions.c.ds == record.ds
                connection.execute(sa.update(_partitions).where(*found).values(stamp=record.stamp))

    def forget(self, table: str, days: Iterable[date]) -> None:
        """Drop the records of partitions, and that they were attached to a catalog."""
        gone = list(days)
        with self._begin() as connection:
            _delete(connection, _partitions, [{"name": table, "ds": ds} for ds in gone])
            _delete(connection, _attached, [{"name": table, "ds": ds.isoformat()} for ds in gone])

    def attached(self, table: str) -> dict[date | None, str]:
        """The stamps of a table's files that were attached to a catalog, by day; None is a table without days."""
        query = sa.select(_attached.c.ds, _attached.c.stamp).where(_attached.c.name == table)
        with self._begin() as connection:
            return {date.fromisoformat(ds) if ds else None: stamp for ds, stamp in connection.execute(query)}

    def save_attached(self, table: str, stamps: Mapping[date | None, str]) -> None:
        """Remember the stamps of a table's files that are attached to a catalog now."""
        rows = [{"name": table, "ds": ds.isoformat() if ds else "", "stamp": stamp} for ds, stamp in stamps.items()]
        with self._begin() as connection:
            _delete(connection, _attached, rows)
            if rows:
                connection.execute(sa.insert(_attached), rows)

    def columns(self, tables: Collection[str] | None = None) -> dict[str, tuple[Column, ...]]:
        """The columns of each table (of these), as the newest writes left them."""
        with self._begin() as connection:
            rows = connection.execute(_of(sa.select(_columns), _columns, tables)).all()
        return {name: tuple(Column(*pair) for pair in json.loads(text)) for name, text in rows}

    def fail(self, table: str, ds: date, error: str) -> None:
        """Remember why a partition could not be made."""
        with self._begin() as connection:
            _delete(connection, _failures, [{"name": table, "ds": ds}])
            connection.execute(sa.insert(_failures), {"name": table, "ds": ds, "error": error, "at": _now()})

    def failures(self) -> dict[tuple[str, date], str]:
        """The last error of each partition that failed and was not made since."""
        with self._begin() as connection:
            rows = connection.execute(sa.select(_failures.c.name, _failures.c.ds, _failures.c.error)).all()
        return {(name, ds): error for name, ds, error in rows}

    def fingerprints(self) -> dict[tuple[str, str], tuple[str, str]]:
        """The cached (stamp, fingerprint) of each source partition."""
        with self._begin() as connection:
            rows = connection.execute(sa.select(_files)).all()
        return {(name, ds): (stamp, fingerprint) for name, ds, stamp, fingerprint in rows}

    def save_fingerprints(self, found: Mapping[tuple[str, str], tuple[str, str]]) -> None:
        """Cache (stamp, fingerprint) of source partitions by (source, day)."""
        rows = [{"name": n, "ds": d, "stamp": s, "fingerprint": f} for (n, d), (s, f) in sorted(found.items())]
        with self._begin() as connection:
            _delete(connection, _files, rows)
            if rows:
                connection.execute(sa.insert(_files), rows)

    def landed(self, table: str) -> dict[str, str]:
        """Fingerprint -> name of the files that were landed in a table."""
        with self._begin() as connection:
            query = sa.select(_landed.c.fingerprint, _landed.c.file).where(_landed.c.name == table)
            return {row.fingerprint: row.file for row in connection.execute(query)}

    def save_landed(self, table: str, files: Mapping[str, str]) -> None:
        """Remember that these files (fingerprint -> name) were landed in a table."""
        with self._begin() as connection:
            for fingerprint, file in sorted(files.items()):
                connection.execute(
                    sa.delete(_landed).where(_landed.c.name == table, _landed.c.fingerprint == fingerprint)
                )
                row = {"name": table, "fingerprint": fingerprint, "file": file, "at": _now()}
                connection.execute(sa.insert(_landed), row)


def _tune_sqlite(connection: Any, _: object) -> None:
    """Let readers and one writer work at once, and writers wait for each other."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _delete(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Drop the rows with the names and days of these."""
    keys = [{"key_name": row["name"], "key_ds": row["ds"]} for row in rows]
    if keys:
        connection.execute(_by_key(table), keys)


@cache
def _by_key(table: sa.Table) -> sa.Delete:
    """The statement is made once: making it costs more than running it."""
    return sa.delete(table).where(table.c.name == sa.bindparam("key_name"), table.c.ds == sa.bindparam("key_ds"))


def _of(query: sa.Select[Any], table: sa.Table, names: Collection[str] | None) -> sa.Select[Any]:
    return query if names is None else query.where(table.c.name.in_(sorted(names)))


def _row(record: Record) -> dict[str, Any]:
    return {
        "name": record.table,
        "ds": record.ds,
        "run": record.run,
        "rows": record.rows,
        "bytes": record.bytes,
        "content": record.content,
        "code": record.code,
        "seen": record.seen,
        "at": record.at or _now(),
        "seconds": record.seconds,
        "stamp": record.stamp,
        "inputs": json.dumps(record.inputs, sort_keys=True),
    }


def _record(row: Mapping[Any, Any]) -> Record:
    values = {key: value for key, value in row.items() if key not in {"name", "inputs", "at"}}
    return Record(table=row["name"], inputs=json.loads(row["inputs"]), at=_utc(row["at"]), **values)


def _utc(at: datetime) -> datetime:
    """SQLite forgets the zone that it was given."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)
