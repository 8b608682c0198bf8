"""A Redis in a folder, on a free port of this machine only."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import HOST, Launch, Running, ServerError, end, reserved_ports, start, wait

NAME = "redis"


def find_binary() -> Path:
    """The server: Redis, or Valkey, which is the same to its clients.

    Raises:
        ServerError: it is not installed.
    """
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise ServerError("Redis is not installed (Debian: redis-server).")
    return Path(found)


def launch(folder: Path, port: int) -> Launch:
    """A server that keeps everything in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = ["--bind", HOST, "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "no"]
    return Launch(NAME, port, (str(find_binary()), *settings), folder / "log", lambda: ready(port))


def ready(port: int) -> bool:
    """Whether it answers."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


@dataclass(frozen=True, slots=True)
class Server:
    """One Redis by itself."""

    port: int
    running: Running

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://{HOST}:{self.port}/0"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server while the block lasts."""
    with reserved_ports(1) as [port]:
        launched = launch(folder, port)
        running = start(launched)
        try:
            wait([(launched, running)], lambda *_: None)
            yield Server(port, running)
        finally:
            end(running)
