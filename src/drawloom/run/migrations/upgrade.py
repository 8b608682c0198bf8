"""Migrating a registry: one transaction, by one process at a time."""

from __future__ import annotations

from threading import Lock

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from drawloom.run.migrations import TABLE, read_version, refuse_newer

# Alembic works on the one migration of its process.
_lock = Lock()
_POSTGRES_LOCK = int.from_bytes(b"drawloom")


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables to the newest version. A process that comes second waits, and finds nothing left to do.

    Raises:
        RunError: a newer drawloom was quicker.
    """
    with _lock, engine.connect() as connection:
        _begin(connection)
        if sa.inspect(connection).has_table(TABLE):
            refuse_newer(read_version(connection), engine.url)
        config = Config()
        config.set_main_option("script_location", "drawloom.run:migrations")
        config.attributes.update(connection=connection, table=TABLE)
        command.upgrade(config, "head")
        connection.commit()


def _begin(connection: sa.Connection) -> None:
    """Begin the transaction with the lock that only one may hold; it goes when the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRES_LOCK)))
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
