"""``scripts/engines``: a set of servers of its own goes up and down, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.servers import postgres, trino
from tests.servers.engines import Engines, EngineSet, cache_folder
from tests.servers.process import ServerError

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

NAMES = ["metastore", "trino", "postgres"]
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


class Script:
    """``scripts/engines`` with a cache of its own, and what its servers were."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.command = [str(root / "scripts" / "engines")]
        self.environment = {**os.environ, "DRAWLOOM_CACHE": str(cache)}
        self.cache = cache / "engines"
        self.run = self.cache / "run"

    def __call__(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, verb], env=self.environment, capture_output=True, text=True, timeout=500, check=False
        )

    def begin(self, verb: str) -> subprocess.Popen[bytes]:
        with (self.cache / "said").open("wb") as said:
            return subprocess.Popen([*self.command, verb], env=self.environment, stdout=said, stderr=said)

    def processes(self) -> list[psutil.Process]:
        return [process for server in EngineSet(self.run, self.cache).running() for process in server.processes()]


@pytest.fixture(scope="module")
def script(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    """With a Trino that is unpacked already: the test of the unpacking does that by itself."""
    script = Script(root, tmp_path_factory.mktemp("cache"))
    script.cache.mkdir()
    server = trino.unpack_server(cache_folder(), lambda _: None)
    (script.cache / server.name).symlink_to(server)
    yield script
    script("down")


@pytest.fixture(scope="module")
def up(script: Script) -> subprocess.CompletedProcess[str]:
    """What the first ``up`` says."""
    return script("up")


def servers(script: Script) -> set[int]:
    """Their leaders: a database starts and ends children as it likes."""
    return {server.pid for server in EngineSet(script.run, script.cache).running()}


def exports(text: str) -> dict[str, str]:
    return {name: url for line in text.splitlines() for name, url in [line.removeprefix("export ").split("=", 1)]}


def test_up_says_a_line_for_each_server_and_prints_where_they_are(up: subprocess.CompletedProcess[str]) -> None:
    assert up.returncode == 0, up.stderr
    lines = [line.split(":")[0] for line in up.stderr.splitlines() if " up on 127.0.0.1:" in line]
    assert sorted(lines) == sorted(NAMES)
    engines = Engines.from_environment(exports(up.stdout))
    assert engines
    assert engines.metastore.startswith("thrift://127.0.0.1:")
    assert trino.run_sql(urlsplit(engines.trino).port or 0, "SELECT count(*) FROM tpch.tiny.nation") == [[25]]
    assert postgres.run_sql(urlsplit(engines.postgres).port or 0, "SELECT current_user, current_database()") == [
        ("drawloom", "drawloom")
    ]


def test_env_says_the_same_and_so_does_the_file(up: subprocess.CompletedProcess[str], script: Script) -> None:
    done = script("env")
    assert (done.returncode, done.stdout) == (0, up.stdout)
    assert (script.run / "env").read_text() == up.stdout


def test_up_again_starts_nothing(up: subprocess.CompletedProcess[str], script: Script) -> None:
    before = servers(script)
    again = script("up")
    assert (again.returncode, again.stdout) == (0, up.stdout)
    assert again.stderr == f"already up in {script.run}\n"
    assert servers(script) == before


def test_status_has_a_line_for_each_server(up: subprocess.CompletedProcess[str], script: Script) -> None:
    done = script("status")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == NAMES
    assert all("MiB" in line for line in done.stdout.splitlines())


def test_nothing_listens_beyond_this_machine(up: subprocess.CompletedProcess[str], script: Script) -> None:
    found = {
        connection.laddr.ip
        for process in script.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert found
    assert found <= LOOPBACK


def test_a_server_that_died_is_seen_and_up_starts_the_set_afresh(
    up: subprocess.CompletedProcess[str], script: Script
) -> None:
    dead = next(server for server in EngineSet(script.run, script.cache).running() if server.name == "postgres")
    os.killpg(dead.pid, signal.SIGKILL)
    psutil.wait_procs(dead.processes(), timeout=10)
    old = script.processes()
    done = script("env")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Run scripts/engines up" in done.stderr
    status = script("status")
    assert status.returncode == 1
    assert "postgres   ended" in status.stdout
    again = script("up")
    assert again.returncode == 0, again.stderr
    assert not any(process.is_running() for process in old), "the old set was left running"
    assert exports(again.stdout).keys() == exports(up.stdout).keys()
    assert script("env").returncode == 0


def test_down_leaves_no_process_and_no_data_elsewhere(up: subprocess.CompletedProcess[str], script: Script) -> None:
    processes = script.processes()
    data = (script.run / "postgres" / "data").resolve()
    assert len(processes) >= 4
    assert data.exists()
    done = script("down")
    assert (done.returncode, done.stderr) == (0, "ended: metastore, trino, postgres\n")
    assert [process for process in processes if process.is_running()] == []
    assert not data.exists()
    assert script("env").returncode == 1
    assert script("down").stderr == "nothing was running\n"


def test_down_ends_what_an_interrupted_up_has_started(script: Script) -> None:
    begun = script.begin("up")
    until(lambda: len(script.processes()) > 2)
    begun.kill()  # the script is bash, which has become Python by exec
    begun.wait()
    processes = script.processes()
    done = script("down")
    assert done.returncode == 0
    assert done.stderr.startswith("ended: metastore")
    assert [process for process in processes if process.is_running()] == []


def test_ctrl_c_during_up_leaves_nothing_running(script: Script) -> None:
    begun = script.begin("up")
    until(lambda: len(script.processes()) > 2)
    processes = script.processes()
    begun.send_signal(signal.SIGINT)
    assert begun.wait(60) == 130
    assert (script.cache / "said").read_text().endswith("stopped; nothing is left running\n")
    assert [process for process in processes if process.is_running()] == []


def test_a_set_of_which_one_server_fails_names_it_and_leaves_nothing_running(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trino, "ICEBERG", trino.ICEBERG + "iceberg.no-such-setting=1\n")
    broken = EngineSet(tmp_path / "run", script.cache)
    with pytest.raises(ServerError, match="trino ended") as error:
        broken.up()
    assert f"Its log {tmp_path}/run/trino/log ends:" in str(error.value)
    assert "iceberg.no-such-setting" in str(error.value)
    assert not broken.running()
    assert not any(
        str(tmp_path) in " ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])
    )


def test_the_servers_of_tests_that_are_killed_end(root: Path, script: Script, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    code = (
        "import pathlib, sys; from tests.servers.engines import private_set\n"
        "with private_set(*map(pathlib.Path, sys.argv[1:])): pass"
    )
    begun = subprocess.Popen([sys.executable, "-c", code, str(folder), str(script.cache)], cwd=root)
    until(lambda: len(EngineSet(folder, script.cache).running()) > 1)
    processes = [process for server in EngineSet(folder, script.cache).running() for process in server.processes()]
    assert len(processes) > 1
    begun.kill()
    begun.wait()
    _, left = psutil.wait_procs(processes, timeout=120)
    assert left == []
    until(lambda: not (folder / "state.json").exists())


def test_an_interrupted_unpacking_does_not_look_finished(root: Path, tmp_path: Path) -> None:
    code = "import sys, pathlib; from tests.servers import trino; trino.unpack_server(pathlib.Path(sys.argv[1]), print)"
    begun = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=root, start_new_session=True)
    until(lambda: any(tmp_path.glob("*.part/lib/*")))
    os.killpg(begun.pid, signal.SIGKILL)
    begun.wait()
    assert [path.name for path in tmp_path.glob("trino-*")] == ["trino-476.part"]
    reported: list[str] = []
    server = trino.unpack_server(tmp_path, reported.append)
    assert reported == ["trino: unpacking trino-server-476.tar.gz (once)"]
    assert {path.name for path in (server / "plugin").iterdir()} == trino.PLUGINS
    assert [path.name for path in tmp_path.glob("trino-*")] == ["trino-476"]
    assert trino.unpack_server(tmp_path, reported.append) == server
    assert len(reported) == 1
    shutil.rmtree(server)


def until(true: Callable[[], object], patience: float = 120) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
