"""The registry: which partitions were produced, by which code, from which inputs; in SQLite or PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from drawloom.model import LANDED as LANDED_CODE
from drawloom.model import Column, Fix, Inputs, Problem, Record, RunError
from drawloom.run.registry.database import connect, explain_errors, parse_url, show_url
from drawloom.run.registry.environments import Environments
from drawloom.run.registry.read_only import connect_to_copy, is_read_only
from drawloom.run.registry.rename import Codes, rename_table
from drawloom.run.registry.tables import (
    ATTACHED,
    COLUMNS,
    FAILURES,
    FILES,
    LANDED,
    PARTITIONS,
    delete_query,
    in_utc,
    key_of,
    now,
    restamp_query,
    storable,
    to_record,
    to_row,
    upsert_query,
)
from drawloom.run.registry.upgrade import ensure_current_version

if TYPE_CHECKING:
    from collections.abc import Iterator


class Registry:
    """The records of produced partitions. Every method is one short transaction, safe for threads and processes.

    Writers lock rows in the order of their keys, so that they cannot deadlock.

    Of a file that this user may only read, this is a copy in memory; see ``require_writable``.

    Raises:
        InputError: the URL is invalid, or not one of SQLite or PostgreSQL.
        RunError: the database cannot be reached or written, or a newer drawloom made its tables; the message never
            shows the URL's password.
    """

    def __init__(self, url: str) -> None:
        self._url = parse_url(url)
        with explain_errors(self._url):
            self._read_only = is_read_only(self._url)
            self._engine = connect_to_copy(self._url) if self._read_only else connect(self._url)
            ensure_current_version(self._engine)

    @property
    def environments(self) -> Environments:
        """The environments that are recorded."""
        return Environments(self._begin)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def require_writable(self) -> None:
        """Refuse what must be recorded where this user may only read: that works on a copy.

        Raises:
            RunError: the database is a file that this user may not write.
        """
        if self._read_only:
            message = f"registry == {show_url(self._url)}, must be writable to this user."
            fix = Fix("Give this user the right to write there, or set `registry` to another place.")
            raise RunError(Problem("read-only", "error", message, fix=fix))

    def empty(self) -> bool:
        """Whether no partition is recorded."""
        with self._begin() as connection:
            return connection.execute(sa.select(PARTITIONS.c.name).limit(1)).first() is None

    def state(self) -> tuple[object, ...]:
        """What differs when a partition was recorded, failed or forgotten since: numbers, times, sizes and durations.

        The newest time alone does not: a machine whose clock was set back records partitions that are not the newest.
        """
        of_partitions = (PARTITIONS.c.at, PARTITIONS.c.seconds, PARTITIONS.c.bytes, PARTITIONS.c.rows)
        of_failures = (FAILURES.c.at, sa.func.length(FAILURES.c.error))
        with self._begin() as connection:
            return tuple(
                value
                for at, *numbers in (of_partitions, of_failures)
                for value in connection.execute(_summary(at, numbers)).one()
            )

    def records(self, tables: Collection[str] | None = None) -> dict[str, dict[date, Record]]:
        """All partitions (of these tables) by table and day, without their inputs (see ``inputs``)."""
        columns = [column for column in PARTITIONS.c if column.name != "inputs"]
        names = [column.name for column in columns]
        found: dict[str, dict[date, Record]] = {}
        with self._begin() as connection:
            for values in connection.execute(_of_tables(sa.select(*columns), PARTITIONS, tables)):
                row = dict(zip(names, values, strict=True))  # .mappings() costs more than all of this
                found.setdefault(row["name"], {})[row["ds"]] = to_record(row)
        return found

    def record(self, table: str, ds: date) -> Record | None:
        """One partition with its inputs; None if it was never produced."""
        query = sa.select(PARTITIONS).where(PARTITIONS.c.name == table, PARTITIONS.c.ds == ds)
        with self._begin() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return to_record(row) if row else None

    def inputs(self, table: str) -> dict[date, Inputs]:
        """The inputs of each partition of a table."""
        query = sa.select(PARTITIONS.c.ds, PARTITIONS.c.inputs).where(PARTITIONS.c.name == table)
        with self._begin() as connection:
            return {ds: json.loads(text) for ds, text in connection.execute(query)}

    def newest_codes(self) -> dict[str, str]:
        """The fingerprint of the code that made the newest day of each table."""
        newest = sa.select(PARTITIONS.c.name, sa.func.max(PARTITIONS.c.ds).label("ds")).group_by(PARTITIONS.c.name)
        of = newest.subquery()
        same = (PARTITIONS.c.name == of.c.name, PARTITIONS.c.ds == of.c.ds)
        with self._begin() as connection:
            rows = connection.execute(sa.select(PARTITIONS.c.name, PARTITIONS.c.code).join(of, sa.and_(*same)))
            return {row.name: row.code for row in rows}

    def save(self, records: Iterable[Record], columns: Mapping[str, Iterable[Column]] | None = None) -> None:
        """Record partitions and the columns of their tables, and delete their failures."""
        with self._begin() as connection:
            _save(connection, records, columns or {})

    def restore(
        self,
        records: Collection[Record],
        columns: Mapping[str, Iterable[Column]],
        landed: Mapping[str, Mapping[str, tuple[str, str]]],
    ) -> None:
        """Record what the lake holds, in one transaction.

        Args:
            records: all partitions of the lake; other landed ones are forgotten.
            columns: those of each table.
            landed: fingerprint -> (name, options) of the files landed in each table.
        """
        existing = {(record.table, record.ds) for record in records}
        gone = sa.select(PARTITIONS.c.name, PARTITIONS.c.ds).where(PARTITIONS.c.code == LANDED_CODE)
        at = now()
        with self._begin() as connection:
            for name, ds in connection.execute(gone).all():
                if (name, ds) not in existing:
                    connection.execute(delete_query(PARTITIONS), {"key_name": name, "key_ds": ds})
            _save(connection, records, columns)
            _upsert(
                connection,
                LANDED,
                (_landed_row(name, files, at) for name, some in landed.items() for files in some.items()),
            )

    def restamp(self, records: Iterable[Record]) -> None:
        """Update the stamps of partitions whose files were moved, unless another run has written them since."""
        moved = sorted(records, key=lambda record: (record.table, record.ds))
        if moved:
            with self._begin() as connection:
                connection.execute(
                    restamp_query(),
                    [{"key_name": r.table, "key_ds": r.ds, "key_run": r.run, "new_stamp": r.stamp} for r in moved],
                )

    def forget(self, table: str, days: Iterable[date]) -> None:
        """Delete the records of partitions, and that they were attached to a catalog."""
        deleted = list(days)
        if not deleted:
            return
        with self._begin() as connection:
            connection.execute(delete_query(PARTITIONS), [{"key_name": table, "key_ds": ds} for ds in deleted])
            connection.execute(
                delete_query(ATTACHED), [{"key_name": table, "key_ds": ds.isoformat()} for ds in deleted]
            )

    def rename(self, old: str, new: str, codes: Codes) -> None:
        """Rename a table and the inputs of its readers, and set the fingerprints that differ by its name only."""
        with self._begin() as connection:
            rename_table(connection, old, new, codes)

    def forget_table(self, table: str) -> None:
        """Delete all that is recorded of a table."""
        with self._begin() as connection:
            for of in (PARTITIONS, COLUMNS, FAILURES, ATTACHED):
                connection.execute(sa.delete(of).where(of.c.name == table))

    def attached(self, table: str) -> dict[date | None, str]:
        """The stamps of a table's files that were attached to a catalog, by day; None is a table without days."""
        query = sa.select(ATTACHED.c.ds, ATTACHED.c.stamp).where(ATTACHED.c.name == table)
        with self._begin() as connection:
            return {date.fromisoformat(ds) if ds else None: stamp for ds, stamp in connection.execute(query)}

    def save_attached(self, table: str, stamps: Mapping[date | None, str]) -> None:
        """Record the stamps of a table's files that were just attached to a catalog."""
        rows = [{"name": table, "ds": ds.isoformat() if ds else "", "stamp": stamp} for ds, stamp in stamps.items()]
        with self._begin() as connection:
            _upsert(connection, ATTACHED, rows)

    def columns(self, tables: Collection[str] | None = None) -> dict[str, tuple[Column, ...]]:
        """The columns of each table (of these), as the newest writes left them."""
        with self._begin() as connection:
            rows = connection.execute(_of_tables(sa.select(COLUMNS), COLUMNS, tables)).all()
        return {name: tuple(Column(*pair) for pair in json.loads(text)) for name, text in rows}

    def fail(self, table: str, ds: date, error: str) -> None:
        """Record why a partition could not be written."""
        with self._begin() as connection:
            _upsert(connection, FAILURES, [{"name": table, "ds": ds, "error": storable(error), "at": now()}])

    def failures(self) -> dict[tuple[str, date], str]:
        """The last error of each partition that failed and was not written since."""
        with self._begin() as connection:
            rows = connection.execute(sa.select(FAILURES.c.name, FAILURES.c.ds, FAILURES.c.error)).all()
        return {(name, ds): error for name, ds, error in rows}

    def failed_at(self) -> dict[tuple[str, date], datetime]:
        """When each of these partitions failed."""
        with self._begin() as connection:
            rows = connection.execute(sa.select(FAILURES.c.name, FAILURES.c.ds, FAILURES.c.at)).all()
        return {(name, ds): in_utc(at) for name, ds, at in rows}

    def fingerprints(self) -> dict[tuple[str, str], tuple[str, str]]:
        """The cached (stamp, fingerprint) of each source partition."""
        with self._begin() as connection:
            rows = connection.execute(sa.select(FILES)).all()
        return {(name, ds): (stamp, fingerprint) for name, ds, stamp, fingerprint in rows}

    def save_fingerprints(self, found: Mapping[tuple[str, str], tuple[str, str]]) -> None:
        """Cache (stamp, fingerprint) of source partitions by (source, day)."""
        rows = ({"name": n, "ds": d, "stamp": s, "fingerprint": f} for (n, d), (s, f) in found.items())
        with self._begin() as connection:
            _upsert(connection, FILES, rows)

    def landed_tables(self) -> tuple[str, ...]:
        """The tables in which files were landed, by name."""
        with self._begin() as connection:
            return tuple(connection.execute(sa.select(LANDED.c.name).distinct().order_by(LANDED.c.name)).scalars())

    def landed(self, table: str) -> dict[str, str]:
        """Fingerprint -> name of the files that were landed in a table."""
        query = sa.select(LANDED.c.fingerprint, LANDED.c.file).where(LANDED.c.name == table)
        with self._begin() as connection:
            return {row.fingerprint: row.file for row in connection.execute(query)}

    def landed_options(self, table: str) -> dict[str, str]:
        """Fingerprint -> options (JSON) with which files were landed in a table; empty where they are not known."""
        query = sa.select(LANDED.c.fingerprint, LANDED.c.options).where(LANDED.c.name == table)
        with self._begin() as connection:
            return {row.fingerprint: row.options for row in connection.execute(query)}

    def save_landed(self, table: str, files: Mapping[str, str], options: str = "") -> None:
        """Record that these files (fingerprint -> name) were landed in a table, with these options (JSON)."""
        at = now()
        with self._begin() as connection:
            _upsert(connection, LANDED, (_landed_row(table, (f, (name, options)), at) for f, name in files.items()))

    def forget_landed(self, table: str, fingerprints: Collection[str]) -> None:
        """Delete that files of these fingerprints were landed in a table."""
        if fingerprints:
            query = sa.delete(LANDED).where(LANDED.c.name == table, LANDED.c.fingerprint.in_(sorted(fingerprints)))
            with self._begin() as connection:
                connection.execute(query)

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with explain_errors(self._url), self._engine.begin() as connection:
            yield connection


def _save(connection: sa.Connection, records: Iterable[Record], columns: Mapping[str, Iterable[Column]]) -> None:
    rows = [to_row(record) for record in records]
    known = {name: [[column.name, column.type] for column in found] for name, found in columns.items()}
    _upsert(connection, PARTITIONS, rows)
    _delete_failures(connection, {key_of(FAILURES, row) for row in rows})
    _upsert(connection, COLUMNS, ({"name": name, "columns": json.dumps(pairs)} for name, pairs in known.items()))


def _landed_row(table: str, file: tuple[str, tuple[str, str]], at: datetime) -> dict[str, Any]:
    fingerprint, (name, options) = file
    return {"name": table, "fingerprint": fingerprint, "file": storable(name), "options": storable(options), "at": at}


def _summary(at: sa.Column[Any], numbers: Iterable[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    return sa.select(sa.func.count(), sa.func.min(at), sa.func.max(at), *map(sa.func.sum, numbers))


def _of_tables(query: sa.Select[Any], table: sa.Table, names: Collection[str] | None) -> sa.Select[Any]:
    return query if names is None else query.where(table.c.name.in_(sorted(names)))


def _upsert(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert or replace rows in the order of their keys; of several with one key the last one is kept."""
    by_key = {key_of(table, row): row for row in rows}
    if by_key:
        connection.execute(upsert_query(table, connection.dialect.name), [by_key[key] for key in sorted(by_key)])


def _delete_failures(connection: sa.Connection, written: Collection[tuple[str, date]]) -> None:
    """Failures are few: reading them costs less than a DELETE for every partition."""
    if written:
        failed = {(name, ds) for name, ds in connection.execute(sa.select(FAILURES.c.name, FAILURES.c.ds))}
        keys = [{"key_name": name, "key_ds": ds} for name, ds in sorted(failed.intersection(written))]
        if keys:
            connection.execute(delete_query(FAILURES), keys)
