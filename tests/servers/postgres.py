"""A PostgreSQL in a folder, on a free port of this machine only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2

from tests.servers.process import HOST, Launch, Running, ServerError, end, reserved_ports, start, start_failed, wait

NAME = "postgres"
USER = DATABASE = "drawloom"


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs.

    Raises:
        ServerError: it is not installed.
    """
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    usable = [folder for folder in folders if (folder / "postgres").exists()]
    if not usable:
        raise ServerError("PostgreSQL is not installed (Debian: postgresql).")
    return usable[-1]


def launch(folder: Path, port: int) -> Launch:
    """A fresh database server with its data under a folder, and the database ``drawloom`` for the user ``drawloom``."""
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder.mkdir(parents=True, exist_ok=True)
    data = _data(folder, user)
    _make(data, folder / "initdb.log", user)
    command = (
        str(find_binaries() / "postgres"), "-D", str(data), "-p", str(port),
        "-c", f"listen_addresses={HOST}", "-c", "unix_socket_directories=",
    )  # fmt: skip
    return Launch(NAME, port, command, folder / "log", lambda: ready(port), user=user, stop=signal.SIGINT)


def _data(folder: Path, user: str | None) -> Path:
    """The folder of the data: where another user cannot get in, a link to one in the system's temporary folder."""
    data = folder / "data"
    if user is None or all(parent.stat().st_mode & 0o001 for parent in data.absolute().parents):
        data.mkdir(mode=0o700)
    else:
        data.symlink_to(tempfile.mkdtemp(prefix="drawloom-postgres-"))
    if user:
        shutil.chown(data, user, user)
    return data.resolve()


def remove_data(folder: Path) -> None:
    """Delete the data of a server that has ended, wherever it is."""
    data = folder / "data"
    shutil.rmtree(data.resolve(), ignore_errors=True)
    if data.is_symlink():
        data.unlink()


def _make(data: Path, log: Path, user: str | None) -> None:
    names = ["-U", USER, "-E", "UTF8", "--no-locale"]
    _call(["initdb", "-D", str(data), "-A", "trust", "--no-sync", *names], log, user)
    _call(["postgres", "--single", "-D", str(data), "postgres"], log, user, f"CREATE DATABASE {DATABASE}\n")


def _call(command: list[str], log: Path, user: str | None, typed: str = "") -> None:
    with log.open("ab") as output:
        done = subprocess.run(
            [str(find_binaries() / command[0]), *command[1:]],
            cwd="/",
            input=typed.encode(),
            stdout=output,
            stderr=output,
            check=False,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    if done.returncode:
        raise start_failed(NAME, f"{command[0]} ended with {done.returncode}", log)


def ready(port: int) -> bool:
    """Whether queries run."""
    with contextlib.suppress(psycopg2.OperationalError):
        return bool(run_sql(port, "SELECT 1"))
    return False


def run_sql(port: int, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement, each in a transaction of its own."""
    with contextlib.closing(psycopg2.connect(host=HOST, port=port, user=USER, dbname=DATABASE)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


class Server:
    """One PostgreSQL by itself, for tests that need no other server."""

    def __init__(self, folder: Path, port: int, running: Running) -> None:
        self.folder = folder
        self.port = port
        self.running = running

    @property
    def url(self) -> str:
        """Its address without a scheme."""
        return f"{USER}@{HOST}:{self.port}/{DATABASE}"

    def run_sql(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return run_sql(self.port, sql)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server while the block lasts."""
    with reserved_ports(1) as [port]:
        launched = launch(folder, port)
        running = start(launched)
        try:
            wait([(launched, running)], lambda *_: None)
            yield Server(folder, port, running)
        finally:
            end(running)
            remove_data(folder)
