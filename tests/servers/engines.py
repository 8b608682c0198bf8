"""The set of servers that tests use: a Hive metastore, a Trino that uses it, and a PostgreSQL."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tests.servers import hive, postgres, trino
from tests.servers.process import HOST, Launch, Running, end, listens, reserved_ports, start, wait

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Engines:
    """The addresses of the servers of a set."""

    metastore: str
    trino: str
    postgres: str

    @property
    def exports(self) -> dict[str, str]:
        """The addresses as environment variables."""
        return {f"DRAWLOOM_{name.upper()}": url for name, url in asdict(self).items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Engines | None:
        """The addresses in environment variables, None where one is missing."""
        urls = [environment.get(f"DRAWLOOM_{field.name.upper()}") for field in fields(cls)]
        return cls(*(url for url in urls if url)) if all(urls) else None

    @classmethod
    def at(cls, ports: Mapping[str, int]) -> Engines:
        """The addresses of servers on their ports."""
        return cls(
            f"thrift://{HOST}:{ports[hive.NAME]}",
            f"trino://{trino.USER}@{HOST}:{ports[trino.NAME]}/hive",
            f"postgresql+psycopg2://{postgres.USER}@{HOST}:{ports[postgres.NAME]}/{postgres.DATABASE}",
        )


def cache_folder() -> Path:
    """The folder into which servers are unpacked once, and that has the set of ``scripts/engines``."""
    root = os.environ.get("DRAWLOOM_CACHE")
    return (Path(root).absolute() if root else Path.home() / ".cache" / "drawloom") / "engines"


READY = {hive.NAME: listens, trino.NAME: trino.ready, postgres.NAME: postgres.ready}


class EngineSet:
    """One set of servers with all of its state in one folder.

    Args:
        folder: the folder of this set; its content is deleted at each start.
        cache: the folder into which servers are unpacked, shared by all sets.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        self._state = folder / "state.json"
        self._env = folder / "env"
        self._running: list[Running] = []

    def running(self) -> list[Running]:
        """The servers that were started, including those that have ended."""
        if not self._running and self._state.exists():
            saved = json.loads(self._state.read_text(encoding="utf-8"))
            self._running = [Running(**server) for server in saved]
        return self._running

    def addresses(self) -> Engines | None:
        """The addresses of the set, None where one of its servers is not ready."""
        running = self.running()
        ports = {
            server.name: server.port for server in running if server.main_process and READY[server.name](server.port)
        }
        return Engines.at(ports) if len(ports) == len(READY) and self._env.exists() else None

    def up(self, report: Callable[[str], None] = lambda _: None) -> Engines:
        """Start the set, unless it is up already; remains of an earlier one are stopped first.

        Raises:
            ServerError: one of them did not start; then none is left running.
        """
        with self._locked():
            if engines := self.addresses():
                report(f"already up in {self.folder}")
                return engines
            self._end()
            server = trino.unpack_server(self.cache, report)
            _empty(self.folder)
            try:
                engines = self._start(server, report)
            except BaseException:  # also Ctrl-C
                self._end()
                raise
            lines = [f"export {name}={url}" for name, url in engines.exports.items()]
            self._env.write_text("\n".join([*lines, ""]), encoding="utf-8")
            return engines

    def down(self) -> list[str]:
        """Stop the set; returns the names of the servers that were running."""
        with self._locked():
            return self._end()

    def _start(self, server: Path, report: Callable[[str], None]) -> Engines:
        with reserved_ports(3) as [metastore, engine, database]:
            engines = Engines.at({hive.NAME: metastore, trino.NAME: engine, postgres.NAME: database})
            launched = [
                self._launch(hive.launch(self.folder / hive.NAME, metastore)),
                self._launch(trino.launch(self.folder / trino.NAME, engine, engines.metastore, server)),
                self._launch(postgres.launch(self.folder / postgres.NAME, database)),
            ]
            wait(
                launched,
                lambda server, seconds: report(f"{server.name}: up on {HOST}:{server.port} in {seconds:.1f} s"),
            )
            return engines

    def _launch(self, launch: Launch) -> tuple[Launch, Running]:
        running = start(launch)
        self._running.append(running)
        report = [
            {field.name: getattr(one, field.name) for field in fields(one) if field.name != "child"}
            for one in self._running
        ]
        part = self._state.with_suffix(".part")
        part.write_text(json.dumps(report), encoding="utf-8")
        part.replace(self._state)
        return launch, running

    def _end(self) -> list[str]:
        ended = [server.name for server in self.running() if server.processes()]
        end(*self.running())
        self._running = []
        self._env.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)
        postgres.remove_data(self.folder / postgres.NAME)
        return ended

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextlib.contextmanager
def private_set(folder: Path, cache: Path) -> Iterator[Engines]:
    """A set for the length of the block; it is also stopped when this process is killed."""
    servers = EngineSet(folder, cache)
    command = [sys.executable, "-m", "tests.servers.guard", str(folder), str(cache)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    ) as guard:
        try:
            yield servers.up()
        finally:
            servers.down()
            guard.communicate()


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
