"""A project that this user may only read: everything that only looks works, everything that writes says what is wrong."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from tests.cli.sample_project import SampleProject

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
RUNS = """
import contextlib, io, json, sys
from drawloom.cli.main import run_command
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        code = run_command(json.loads(line))
    print(json.dumps([code, out.getvalue()]))
"""
LOOKS = [
    ["plan"],
    ["status"],
    ["check"],
    ["show"],
    ["show", "core.daily"],
    ["compile", "core.daily"],
    ["query", "SELECT count(*) AS n FROM core.daily"],
    ["diff", "core.daily", "--ds", "2026-03-03"],
    ["preview", "core.daily", "--ds", "2026-03-03"],
    ["run"],
    ["tables"],
]
WRITES = [
    ["run", "core.daily", "--force"],
    ["land", "raw.more", "landing/orders.csv", "--ds", "day"],
    ["registry", "rebuild"],
]


@pytest.fixture
def closed(finished: SampleProject) -> Iterator[SampleProject]:
    """A project where everything is fresh, which may be made read-only."""
    yield finished
    _set_writable(finished.folder, writable=True)


@pytest.mark.unmeasured
@pytest.mark.parametrize("registry", ["as it is", "gone", "not written back"])
def test_looking_needs_no_right_to_write(closed: SampleProject, registry: str) -> None:
    file = closed.folder / "lake" / "registry.db"
    if registry == "gone":
        file.unlink()
    elif registry == "not written back":
        _leave_a_log(file)
    looked = _run_without_rights(closed.folder, LOOKS)
    assert [code for code, _ in looked] == [0] * len(LOOKS), looked
    assert "0 to write, 0 waiting, 30 fresh" in looked[0][1]
    assert "Nothing would change." in looked[7][1]
    assert list(file.parent.glob(".staging/*")) == []
    assert file.exists() is (registry != "gone")


@pytest.mark.unmeasured
def test_what_writes_names_what_must_be_writable(closed: SampleProject) -> None:
    for code, printed in _run_without_rights(closed.folder, WRITES):
        assert code == 1, printed
        assert "must be writable" in printed


def _run_without_rights(folder: Path, commands: list[list[str]]) -> list[tuple[int, str]]:
    """What commands return and print in a process for which the permissions of the folder hold, also as root."""
    _set_writable(folder, writable=False)
    done = subprocess.run(
        [sys.executable, "-c", RUNS],
        input="\n".join(json.dumps(["-C", str(folder), *command]) for command in commands),
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0),
    )
    return [(code, printed) for code, printed in map(json.loads, done.stdout.splitlines())]


def _set_writable(folder: Path, *, writable: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o200 if writable else mode & ~0o222)


def _leave_a_log(file: Path) -> None:
    """Leave the registry as a process that was killed leaves it: with changes in a log that are not in the file yet."""
    copy = file.with_name("copy.db")
    with closing(connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE drawloom_partitions SET seconds = seconds + 1")
        connection.commit()
        shutil.copy(file, copy)
        shutil.copy(f"{file}-wal", f"{copy}-wal")
    copy.replace(file)
    Path(f"{copy}-wal").replace(f"{file}-wal")
