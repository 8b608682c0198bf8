"""Servers as processes: each in a session of its own with its output in a file, waited for, and ended whole."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

HOST = "127.0.0.1"
PATIENCE = 600.0  # seconds until a server must answer: a machine with ten times too much to do needs minutes
GRACE = 15.0  # seconds that a server gets to end by itself


class ServerError(Exception):
    """A server that cannot be had, or did not come up; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server is started, how one sees that it answers, and which signal ends it."""

    name: str
    port: int
    command: tuple[str, ...]
    log: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop: signal.Signals = signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Running:
    """A server that was started: the leader of its process group, and when that was born, as numbers are used again."""

    name: str
    port: int
    pid: int
    born: float
    log: str
    stop: int = signal.SIGTERM
    child: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)

    @property
    def leader(self) -> psutil.Process | None:
        """The process itself, None when it has ended."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.born) < 0.1 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def members(self) -> list[psutil.Process]:
        """All processes that are left of it: its group, and children that have made a group of their own."""
        leader = self.leader
        if leader is None and psutil.pid_exists(self.pid) and self.child is None:
            return []  # the number belongs to somebody else by now
        found = {process.pid: process for process in _group(self.pid)}
        if leader:
            found |= {process.pid: process for process in [leader, *leader.children(recursive=True)]}
        return list(found.values())


def _group(number: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE:
                yield process


@contextlib.contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Free ports of this machine, held until the block ends: only who asks for one by number gets it."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # servers set it too, and may bind beside us
            one.bind((HOST, 0))
        yield [int(one.getsockname()[1]) for one in sockets]


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=2):
        return True
    return False


def start(launch: Launch) -> Running:
    """Start a server; ``wait`` says when it answers."""
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    with launch.log.open("ab") as log:
        child = subprocess.Popen(
            launch.command,
            cwd=launch.log.parent if launch.user is None else "/",
            env={**os.environ, **launch.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=launch.user,
            group=launch.user,
            extra_groups=None if launch.user is None else [],
        )
    born = psutil.Process(child.pid).create_time()
    return Running(launch.name, launch.port, child.pid, born, str(launch.log), launch.stop, child)


def wait(
    servers: Sequence[tuple[Launch, Running]], told: Callable[[Running, float], None], patience: float = PATIENCE
) -> None:
    """Wait until all servers answer; each one that does is told with its seconds.

    Raises:
        ServerError: one ended, or took too long; with the end of its log.
    """
    pending = list(servers)
    while pending:
        for launch, running in list(pending):
            seconds = time.time() - running.born
            if running.leader is None:
                raise failed(running.name, "ended", launch.log)
            if launch.ready():
                told(running, seconds)
                pending.remove((launch, running))
            elif seconds > patience:
                raise failed(running.name, f"not up after {patience:.0f} s", launch.log)
        time.sleep(0.2 if pending else 0)


def end(*servers: Running) -> None:
    """End servers and all that they started, whole process groups; nothing happens to those that have ended already."""
    members = [process for running in servers for process in _asked_to_end(running)]
    _, left = psutil.wait_procs(members, timeout=GRACE)
    for process in {*left, *(process for running in servers for process in running.members())}:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(members, timeout=GRACE)
    for running in servers:
        if running.child is not None:
            running.child.wait(timeout=GRACE)


def _asked_to_end(running: Running) -> list[psutil.Process]:
    members = running.members()
    if members:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, running.stop)
    return members


def failed(name: str, state: str, log: Path) -> ServerError:
    """The error of a server that did not come up: its name, its log, and how that ends, without frames of stacks."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("\tat ")]
    last = "\n".join(f"  {line[:300]}" for line in lines[-15:]) or "  (nothing)"
    return ServerError(f"{name} == {state}, must come up. Its log {log} ends:\n{last}")
