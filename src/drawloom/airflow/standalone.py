"""``drawloom airflow up``: runs ``airflow standalone`` in a folder of the project, and stops all of its processes."""

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
STATE_FILE = "up.json"  # the URL and process id of the running Airflow
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"  # SQLite in its folder otherwise
SQLITE_ARGS = dict.fromkeys(
    ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS_ASYNC"),
    "drawloom.airflow.sqlite.CONNECT_ARGS",
)
PASSWORDS_FILE = "simple_auth_manager_passwords.json.generated"
START_TIMEOUT = 300.0  # seconds; a slow machine needs minutes for the first start
STOP_TIMEOUT = 20.0  # seconds from SIGTERM to SIGKILL


class LocalAirflow:
    """``airflow standalone`` in a process group of its own, with SQLite and two workers.

    Args:
        home: its folder, created if needed; only this user can read it.
        port: of its web page; a free one by default.
        settings: more settings of Airflow, as environment variables.

    Raises:
        InputError: Airflow is not installed or not supported, the port is taken, or it is already running.
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
        if {**os.environ, **self._settings}.get(DATABASE, "sqlite").startswith("sqlite"):
            own |= SQLITE_ARGS
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        return {**os.environ, **own, **self._settings, "PATH": path}

    def start(self) -> None:
        """Start Airflow; ``wait`` returns when it is up."""
        if is_running(self.home):
            message = f"Airflow is already running in {self.home}, at {running_url(self.home)}."
            raise refuse("airflow-up", message, None, "Stop it first, with Ctrl-C.")
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
        (self.home / STATE_FILE).write_text(json.dumps({"url": self.url, "pid": self._process.pid}), encoding="utf-8")

    def wait(self, on_waiting: Callable[[str], None] = lambda _: None) -> None:
        """Wait until all components are healthy; ``on_waiting`` is called with those that are not.

        Raises:
            RunError: Airflow exited, or took too long.
        """
        end = time.monotonic() + START_TIMEOUT
        while missing := self.unhealthy_components():
            on_waiting(", ".join(missing))
            if not self.alive or time.monotonic() > end:
                lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                what = f"did not start within {START_TIMEOUT:.0f} s" if self.alive else "exited while it was starting"
                message = f"Airflow {what}; the last line of its log: {lines[-1] if lines else 'none'}"
                raise RunError(Problem("airflow-down", "error", message, fix=Fix(f"Read {self.log}.")))
            time.sleep(1)

    def unhealthy_components(self) -> list[str]:
        """The components of Airflow that are not healthy yet."""
        import httpx

        try:
            components = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False).json()
        except (httpx.HTTPError, ValueError):
            return ["api_server"]
        return [name for name, it in sorted(components.items()) if (it or {}).get("status") not in {"healthy", None}]

    @property
    def alive(self) -> bool:
        """Whether the main process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def login(self) -> tuple[str, str]:
        """User and password."""
        return read_login(self.home)

    def stop(self) -> None:
        """Stop all of its processes: those in its process group, and those that have left it."""
        import psutil

        if self._process is None:
            return
        found = list(processes(self.home))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        _, left = psutil.wait_procs(found, timeout=STOP_TIMEOUT)
        for process in {*left, *processes(self.home)}:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes(self.home), timeout=STOP_TIMEOUT)
        self._process.wait()
        (self.home / STATE_FILE).unlink(missing_ok=True)


def processes(home: Path) -> Iterator[psutil.Process]:
    """All processes of the Airflow in a folder, in whatever process group they are."""
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("AIRFLOW_HOME") == str(home):
                yield process


def is_running(home: Path) -> bool:
    """Whether an Airflow is running in this folder."""
    return (home / STATE_FILE).exists() and any(True for _ in processes(home))


def running_url(home: Path) -> str | None:
    """The URL of the Airflow in a folder; None if none was started."""
    try:
        url: str = json.loads((home / STATE_FILE).read_text(encoding="utf-8"))["url"]
    except FileNotFoundError:
        return None
    return url


def read_login(home: Path) -> tuple[str, str]:
    """The first user of the Airflow in a folder, and the generated password."""
    found: dict[str, Any] = json.loads((home / PASSWORDS_FILE).read_text(encoding="utf-8"))
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
