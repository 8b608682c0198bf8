"""The version of the registry's tables. A registry that is up to date costs one SELECT; any other is migrated."""

from __future__ import annotations

from threading import Lock

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from drawloom.model import Fix, Problem, RunError
from drawloom.run.registry.database import VERSION_TABLE, show_url

VERSION = 5
TABLE = VERSION_TABLE
_POSTGRES_LOCK = int.from_bytes(b"drawloom")
_lock = Lock()  # Alembic keeps the migration that it runs in a global variable


def ensure_current_version(engine: sa.Engine) -> None:
    """Bring the tables to this version, whether they are old or do not exist.

    Raises:
        RunError: a newer drawloom made them.
    """
    with engine.connect() as connection:
        found = _try_read_version(connection)
    if found != VERSION:
        _refuse_newer(found, engine.url)
        upgrade(engine)


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables to the newest version, in one transaction. A process that comes second waits for the first.

    Raises:
        RunError: a newer drawloom has upgraded them meanwhile.
    """
    from alembic import command  # takes a while to import, and is seldom needed
    from alembic.config import Config

    with _lock, engine.connect() as connection:
        _begin_locked(connection)
        if sa.inspect(connection).has_table(TABLE):
            _refuse_newer(_read_version(connection), engine.url)
        config = Config()
        config.set_main_option("script_location", "drawloom.run.registry:migrations")
        config.attributes.update(connection=connection, table=TABLE)
        command.upgrade(config, "head")
        connection.commit()


def _begin_locked(connection: sa.Connection) -> None:
    """Begin a transaction that holds a lock until its end, so that one process upgrades at a time."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRES_LOCK)))
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _read_version(connection: sa.Connection) -> int:
    """The version of the tables; 0 where none is noted."""
    row = connection.exec_driver_sql(f"SELECT version_num FROM {TABLE}").first()
    return int(row[0]) if row else 0


def _try_read_version(connection: sa.Connection) -> int:
    try:
        return _read_version(connection)
    except DBAPIError:  # the table does not exist; any other error is raised again by the upgrade
        return 0


def _refuse_newer(found: int, url: sa.URL) -> None:
    if found > VERSION:
        message = (
            f"The registry {show_url(url)} was made by a newer drawloom: "
            f"it has version {found}, this drawloom reads up to version {VERSION}."
        )
        raise RunError(Problem("newer-registry", "error", message, fix=Fix("Upgrade this drawloom.")))
