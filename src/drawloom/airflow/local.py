"""An Airflow for looking, on this machine only: everything under the project's own folder, and no process left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.airflow.version import check_airflow
from drawloom.model import Fix, Problem, RunError, refuse

if TYPE_CHECKING:
    import psutil

HOST = "127.0.0.1"
FILE = "up.json"
PASSWORDS = "simple_auth_manager_passwords.json.generated"
PATIENCE = 300.0  # seconds until it must be up: a slow machine needs minutes for the first start
GRACE = 20.0  # seconds that processes get to end by themselves


class LocalAirflow:
    """``airflow standalone`` in a process group of its own, with SQLite and two workers.

    Args:
        home: its folder; made if need be, for this user's eyes only.
        port: of its page; a free one without.
        settings: more of Airflow's own settings, as environment variables.

    Raises:
        InputError: Airflow is not installed or another version, the port is taken, or it runs already.
    """

    def __init__(self, home: Path, port: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        check_airflow()
        self.home = home.absolute()
        self.dags = self.home / "dags"
        self.port = port or _free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.log = self.home / "standalone.log"
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes."""
        own = {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "2",  # with more, SQLite is locked and the scheduler dies
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__API__HOST": HOST,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        return {**os.environ, **own, **self._settings, "PATH": path}

    def start(self) -> None:
        """Start it; ``wait`` says when it is up."""
        if running(self.home):
            message = f"airflow == up already at {address(self.home)}, must not be started twice in {self.home}."
            raise refuse("airflow-up", message, None, "Stop the other one with Ctrl-C first.")
        _check_port(self.port)
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.home.chmod(0o700)  # it holds a password
        self.dags.mkdir(exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self.home / FILE).write_text(json.dumps({"url": self.url, "pid": self._process.pid}), encoding="utf-8")

    def wait(self, told: Callable[[str], None] = lambda _: None) -> None:
        """Wait until all of its parts answer; what is still missing is told.

        Raises:
            RunError: it ended, or took too long.
        """
        end = time.monotonic() + PATIENCE
        while missing := self.missing():
            told(", ".join(missing))
            if not self.alive or time.monotonic() > end:
                said = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["nothing"]
                message = f"airflow == {'not up in time' if self.alive else 'ended'}, must come up; it said: {said[0]}"
                raise RunError(Problem("airflow-down", "error", message, fix=Fix(f"Read {self.log}.")))
            time.sleep(1)

    def missing(self) -> list[str]:
        """The parts of Airflow that do not answer yet."""
        import httpx

        try:
            parts = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False).json()
        except (httpx.HTTPError, ValueError):
            return ["the page"]
        return [name for name, part in sorted(parts.items()) if (part or {}).get("status") not in {"healthy", None}]

    @property
    def alive(self) -> bool:
        """Whether the process that looks after the others runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def password(self) -> tuple[str, str]:
        """User and password."""
        return password(self.home)

    def stop(self) -> None:
        """End all of its processes: those of its group, and those that left it."""
        import psutil

        if self._process is None:
            return
        found = {process.pid: process for process in processes(self.home)}
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        _, left = psutil.wait_procs(found.values(), timeout=GRACE)
        for process in {*left, *processes(self.home)}:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes(self.home), timeout=GRACE)
        self._process.wait()
        (self.home / FILE).unlink(missing_ok=True)


def processes(home: Path) -> Iterator[psutil.Process]:
    """The processes of the Airflow of a folder, wherever they have gone."""
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("AIRFLOW_HOME") == str(home):
                yield process


def running(home: Path) -> bool:
    """Whether an Airflow of this folder is up."""
    return (home / FILE).exists() and any(True for _ in processes(home))


def address(home: Path) -> str | None:
    """The URL of the Airflow of a folder, None when none was started."""
    try:
        url: str = json.loads((home / FILE).read_text(encoding="utf-8"))["url"]
    except FileNotFoundError:
        return None
    return url


def password(home: Path) -> tuple[str, str]:
    """The first user of the Airflow of a folder, and the password that it made for him."""
    found: dict[str, Any] = json.loads((home / PASSWORDS).read_text(encoding="utf-8"))
    return next(iter(found.items()))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def _check_port(port: int) -> None:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, port))
        except OSError as error:
            message = f"--port == {port}, must be free: {error.strerror}."
            raise refuse("port-taken", message, None, "Leave --port out for a free one.") from error
