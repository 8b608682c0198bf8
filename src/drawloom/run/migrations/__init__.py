"""The version of the registry's tables. A registry that is up to date costs one SELECT; any other is migrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from drawloom.model import Fix, Problem, RunError
from drawloom.run.registry_database import show

if TYPE_CHECKING:
    import sqlalchemy as sa

VERSION = 2
TABLE = "drawloom_version"


def prepare(engine: sa.Engine) -> None:
    """Bring the tables to this version, whether they are old or not there.

    Raises:
        RunError: a newer drawloom made them.
    """
    with engine.connect() as connection:
        found = _look(connection)
    if found != VERSION:
        from drawloom.run.migrations.upgrade import upgrade

        refuse_newer(found, engine.url)
        upgrade(engine)


def read_version(connection: sa.Connection) -> int:
    """The version that the database says it has; 0 when it does not."""
    row = connection.exec_driver_sql(f"SELECT version_num FROM {TABLE}").first()
    return int(row[0]) if row else 0


def refuse_newer(found: int, url: sa.URL) -> None:
    """Refuse what a drawloom to come has made.

    Raises:
        RunError: this version is newer than ours.
    """
    if found > VERSION:
        message = f"registry == {show(url)}, made by a newer drawloom (version {found}), must be of version {VERSION} or older."
        raise RunError(Problem("newer-registry", "error", message, fix=Fix("Upgrade this drawloom.")))


def _look(connection: sa.Connection) -> int:
    try:
        return read_version(connection)
    except DBAPIError:  # the table is not there; whatever else it is, the upgrade meets it again
        return 0
