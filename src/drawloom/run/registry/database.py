"""Connecting to the registry's database by its URL, with error messages that show no secret."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from drawloom.model import Fix, InputError, Problem, RunError, refuse
from drawloom.run.registry.tables import META

CONNECT_SECONDS = 10
_WAL = "PRAGMA journal_mode=WAL"
_NO_RIGHTS = "42501"
VERSION_TABLE = "drawloom_version"
_DAMAGED = ("malformed", "not a database", "no such table", "no such column", "corrupt")
_REBUILD = "Run `drawloom registry rebuild`: it moves the file aside and restores the registry from the lake's files."
_URL_FIX = (
    "Write sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE. "
    "In the user's name and the password, write %40 for @, %2F for /, %3A for : and %25 for %."
)


def parse_url(text: str) -> sa.URL:
    """The URL of a registry.

    Raises:
        InputError: it is not a URL, or not one of SQLite or PostgreSQL.
    """
    try:
        url = sa.engine.make_url(text)
    except (ArgumentError, ValueError):
        raise _bad_url() from None  # the cause may hold the password
    if "@" in (url.host or ""):
        raise _bad_url()
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg2")  # the driver of our extra; SQLAlchemy's own choice has changed
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise _refuse(url, "must be in SQLite or PostgreSQL")
    return url


def connect(url: sa.URL) -> sa.Engine:
    """The database of a URL; nothing is sent to it yet.

    Raises:
        InputError: its driver is asynchronous.
    """
    if url.get_backend_name() == "sqlite":
        return _connect_sqlite(url)
    wanted: dict[str, Any] = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    # A run lasts for hours, and the server may drop a connection that has been idle.
    engine = sa.create_engine(url, pool_pre_ping=True, connect_args=wanted, **_batch_options(url))
    if engine.dialect.is_async:
        raise _refuse(url, "must have a synchronous driver, such as psycopg2")
    return engine


def show_url(url: sa.URL) -> str:
    """The URL without its secrets."""
    secret = [key for key in url.query if "password" in key.lower()]
    return url.update_query_dict(dict.fromkeys(secret, "hidden")).render_as_string(hide_password=True)


@contextmanager
def explain_errors(url: sa.URL) -> Iterator[None]:
    """Turns errors of the database into one clear error.

    Raises:
        RunError: a query, or the connection, failed.
    """
    try:
        yield
    except (SQLAlchemyError, ImportError, OSError) as error:
        message = f"The registry {show_url(url)} failed: {_cause(error)}"
        raise RunError(Problem("registry", "error", message, fix=Fix(_fix(error)))) from error


def set_aside_if_damaged(url: sa.URL) -> Path | None:
    """Rename a damaged SQLite file, with the files beside it; returns its new path, or None where it is in order."""
    path = Path(url.database or "")
    if url.get_backend_name() != "sqlite" or not path.is_file() or not _is_damaged(path):
        return None
    with explain_errors(url):
        return _set_aside(path)


def _set_aside(path: Path) -> Path:
    number = next(n for n in itertools.count(1) if not path.with_name(f"{path.name}.damaged-{n}").exists())
    for end in ("-wal", "-shm", ""):
        beside = path.with_name(path.name + end)
        if beside.exists():
            beside.rename(path.with_name(f"{path.name}.damaged-{number}{end}"))
    return path.with_name(f"{path.name}.damaged-{number}")


def _is_damaged(path: Path) -> bool:
    """Whether SQLite cannot read a file, or tables that its version has are not in it."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        return any(text in str(error) for text in _DAMAGED)
    return found != "ok" or (VERSION_TABLE in tables and not set(META.tables) <= tables)


def _bad_url() -> InputError:
    return refuse(
        "registry", "The registry is not a URL; its text is not shown, as it may hold a password.", None, _URL_FIX
    )


def _refuse(url: sa.URL, rule: str) -> InputError:
    return refuse("registry", f"registry == {show_url(url)}, {rule}.", None, _URL_FIX)


def _batch_options(url: sa.URL) -> dict[str, Any]:
    """Let psycopg2 send many statements at once, as other drivers do; otherwise each costs a round trip."""
    if url.drivername != "postgresql+psycopg2":
        return {}
    return {"executemany_mode": "values_plus_batch", "executemany_batch_page_size": 500}


def _connect_sqlite(url: sa.URL) -> sa.Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _tune_sqlite)
    return engine


def _tune_sqlite(connection: Any, _: object) -> None:
    """Let readers and one writer work at the same time, and writers wait for each other."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    try:
        cursor.execute(_WAL)
    except (
        sqlite3.OperationalError
    ):  # another process switches a new file to WAL right now; SQLite does not wait for that
        _retry_while_locked(lambda: cursor.execute(_WAL))
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _retry_while_locked(action: Callable[[], object]) -> None:
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

    locked = retry_if_exception_type(sqlite3.OperationalError)
    Retrying(retry=locked, stop=stop_after_delay(30), wait=wait_random(0.01, 0.1), reraise=True)(action)


def _cause(error: Exception) -> str:
    """The message of the database, in one line and without the statement."""
    message = re.split(r"\nLINE \d+:", str(getattr(error, "orig", None) or error))[0]
    line = " ".join(message.split())
    return line if line.endswith((".", "?", "!")) else f"{line}."


def _fix(error: Exception) -> str:
    orig = getattr(error, "orig", None)
    if isinstance(orig, sqlite3.DatabaseError) and any(text in str(orig) for text in _DAMAGED):
        return _REBUILD
    if isinstance(error, ImportError | NoSuchModuleError):
        return "In a clone of drawloom: pip install '.[postgres]', and write postgresql:// without a driver."
    if _NO_RIGHTS in {getattr(orig, "pgcode", None), getattr(orig, "sqlstate", None)}:
        return (
            "GRANT CREATE ON SCHEMA to this user, or let the owner of the tables open the registry once "
            "(`drawloom status`) and GRANT SELECT, INSERT, UPDATE, DELETE on them to this user."
        )
    return "Check that it exists, that this user may write it, and that no other tool holds a lock."
