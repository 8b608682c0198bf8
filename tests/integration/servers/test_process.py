"""Servers as processes, on small ones."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.servers.jdk import find_jdk, java_version
from tests.servers.process import HOST, Launch, Running, ServerError, end, listens, reserved_ports, start, wait

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

SERVER = """
import http.server, sys
print("serving")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
PARENT = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {DEAF + SERVER!r}, sys.argv[1]], start_new_session=True).wait()
"""


def launch(folder: Path, code: str, port: int) -> Launch:
    return Launch("small", port, (sys.executable, "-c", code, str(port)), folder / "log", lambda: listens(port))


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_ports(1) as [one]:
        yield one


def test_a_server_is_told_when_it_answers_and_is_gone_when_it_was_ended(tmp_path: Path, port: int) -> None:
    reported: list[tuple[str, float]] = []
    launched = launch(tmp_path, SERVER, port)
    running = start(launched)
    wait([(launched, running)], lambda server, seconds: reported.append((server.name, seconds)))
    assert [name for name, _ in reported] == ["small"]
    assert 0 < reported[0][1] < 60
    end(running)
    assert not running.processes()
    assert not listens(port)
    end(running)  # once more does nothing


@pytest.mark.parametrize("parent", [PARENT, DEAF + PARENT], ids=["child", "both"])
def test_children_that_left_the_group_end_too_and_so_do_those_that_hear_no_signal(
    tmp_path: Path, port: int, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.servers.process.STOP_TIMEOUT", 1.0)
    launched = launch(tmp_path, parent, port)
    running = start(launched)
    wait([(launched, running)], lambda *_: None)
    members = running.processes()
    assert len(members) == 2
    end(running)
    _, left = psutil.wait_procs(members, timeout=60)
    assert left == []
    assert not listens(port)


def test_a_server_that_ends_is_named_with_its_log_and_how_that_ends(tmp_path: Path, port: int) -> None:
    launched = launch(tmp_path, "print('no such catalog'); raise SystemExit(3)", port)
    running = start(launched)
    with pytest.raises(ServerError, match=f"small ended. Its log {tmp_path}/log ends:\n  no such catalog"):
        wait([(launched, running)], lambda *_: None)
    end(running)


def test_a_server_that_never_answers_is_not_waited_for_without_end(tmp_path: Path, port: int) -> None:
    launched = launch(tmp_path, "import time; time.sleep(600)", port)
    running = start(launched)
    try:
        with pytest.raises(ServerError, match="small was not up after 1 s"):
            wait([(launched, running)], lambda *_: None, timeout=1)
    finally:
        end(running)
    assert not running.processes()


def test_a_number_that_somebody_else_has_by_now_is_left_alone(tmp_path: Path, port: int) -> None:
    launched = launch(tmp_path, SERVER, port)
    running = start(launched)
    wait([(launched, running)], lambda *_: None)
    end(Running("old", port, running.pid, running.started_at - 100, running.log, signal.SIGKILL))
    time.sleep(0.2)
    assert running.main_process is not None
    assert listens(port)
    end(running)


def test_reserved_ports_are_free_and_nobody_else_gets_them() -> None:
    with reserved_ports(20) as ports, reserved_ports(20) as others:
        assert len({*ports, *others}) == 40
        with socket.create_server((HOST, ports[0])):
            assert listens(ports[0])


def test_javas_are_asked_and_the_message_says_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = find_jdk(24, "Trino"), find_jdk(17, "Spark")
    assert new.version >= 24
    assert java_version(new.home) == new.version
    assert old.version >= 17
    with pytest.raises(ServerError, match=rf"Trino needs Java 999 or newer; found .*{new.version} in .*\. Install"):
        find_jdk(999, "Trino")
    monkeypatch.setenv("JAVA_HOME", str(new.home))
    assert find_jdk(17, "Spark") == new


def test_a_folder_without_java_is_no_java(tmp_path: Path) -> None:
    assert java_version(tmp_path) is None
