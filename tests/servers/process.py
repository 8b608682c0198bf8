"""Servers as processes: started in sessions of their own with their output in a file, waited for, and stopped with children."""

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
START_TIMEOUT = 600.0  # seconds; an overloaded machine needs minutes until a server is up
STOP_TIMEOUT = 15.0  # seconds after the stop signal until a server is killed


class ServerError(Exception):
    """A server that is not installed, or did not start; the message has the fix."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server is started, the test that it is ready, and the signal that stops it."""

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
    """A started server: the id of its main process, and when that started, as process ids are reused."""

    name: str
    port: int
    pid: int
    started_at: float
    log: str
    stop: int = signal.SIGTERM
    child: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)

    @property
    def main_process(self) -> psutil.Process | None:
        """The process itself, None when it has ended."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started_at) < 0.1 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def processes(self) -> list[psutil.Process]:
        """Its processes that still run: its process group, and children with a group of their own."""
        main_process = self.main_process
        if main_process is None and psutil.pid_exists(self.pid) and self.child is None:
            return []  # the id belongs to another process by now
        found = {process.pid: process for process in _group(self.pid)}
        if main_process:
            found |= {process.pid: process for process in [main_process, *main_process.children(recursive=True)]}
        return list(found.values())


def _group(number: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE:
                yield process


@contextlib.contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Free ports of this machine, bound until the block ends, so that no other process is assigned one."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # servers set it too, and may bind beside us
            one.bind((HOST, 0))
        yield [int(one.getsockname()[1]) for one in sockets]


def listens(port: int) -> bool:
    """Whether a server accepts connections on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=2):
        return True
    return False


def start(launch: Launch) -> Running:
    """Start a server; see ``wait``."""
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
    started_at = psutil.Process(child.pid).create_time()
    return Running(launch.name, launch.port, child.pid, started_at, str(launch.log), launch.stop, child)


def wait(
    servers: Sequence[tuple[Launch, Running]], report: Callable[[Running, float], None], timeout: float = START_TIMEOUT
) -> None:
    """Wait until all servers are ready; ``report`` is called with each one and its seconds.

    Raises:
        ServerError: one ended, or took too long; with the end of its log.
    """
    pending = list(servers)
    while pending:
        for launch, running in list(pending):
            seconds = time.time() - running.started_at
            if running.main_process is None:
                raise start_failed(running.name, "ended", launch.log)
            if launch.ready():
                report(running, seconds)
                pending.remove((launch, running))
            elif seconds > timeout:
                raise start_failed(running.name, f"was not up after {timeout:.0f} s", launch.log)
        time.sleep(0.2 if pending else 0)


def end(*servers: Running) -> None:
    """Stop servers with all processes that they started; those that have ended already are skipped."""
    processes = [process for running in servers for process in _send_stop_signal(running)]
    _, left = psutil.wait_procs(processes, timeout=STOP_TIMEOUT)
    for process in {*left, *(process for running in servers for process in running.processes())}:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=STOP_TIMEOUT)
    for running in servers:
        if running.child is not None:
            running.child.wait(timeout=STOP_TIMEOUT)


def _send_stop_signal(running: Running) -> list[psutil.Process]:
    processes = running.processes()
    if processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, running.stop)
    return processes


def start_failed(name: str, state: str, log: Path) -> ServerError:
    """The error for a server that did not start: its name, its log, and the log's last lines without stack frames."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("\tat ")]
    last = "\n".join(f"  {line[:300]}" for line in lines[-15:]) or "  (nothing)"
    return ServerError(f"{name} {state}. Its log {log} ends:\n{last}")
