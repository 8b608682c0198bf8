"""Clocks that jump by hours and years between commands: what is fresh, stale and stored does not depend on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from random import Random
from typing import Any

import pytest

from tests.cli.sample_project import DAILY, LAND, SampleProject

HOUR, DAY, YEAR = 3_600, 86_400, 31_556_952
JUMPS = (-10 * YEAR, -DAY, -HOUR, 0, HOUR, DAY, 10 * YEAR)
# A command in a process whose clock is wrong, which is set before anything else is imported.
WRONG = """
import datetime, json, sys, time
shift, arguments = float(sys.argv[1]), json.loads(sys.argv[2])
seconds, nanoseconds = time.time, time.time_ns
time.time = lambda: seconds() + shift
time.time_ns = lambda: nanoseconds() + int(shift * 1e9)

class Datetime(datetime.datetime):
    __slots__ = ()

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)

datetime.datetime = Datetime
from drawloom.cli.main import run_command
sys.exit(run_command(arguments))
"""
CHANGED = DAILY.replace("sum(amount)", "sum(amount + 1)")


def run_at(project: SampleProject, jump: int, *arguments: str) -> str:
    """Run a command with the clock so many seconds off; files that it made get times of that clock."""
    call = [sys.executable, "-c", WRONG, str(jump), json.dumps(["-C", str(project.folder), *arguments])]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (jump, arguments, done.stdout, done.stderr)
    for path in (project.folder / ".drawloom").rglob("*"):
        shifted = max(path.stat().st_mtime + jump, 0)
        os.utime(path, (shifted, shifted))
    return done.stdout


def counts(project: SampleProject, jump: int, *names: str) -> Any:
    return json.loads(run_at(project, jump, "plan", *names, "--format", "json"))["counts"]


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(5))
def test_what_is_stored_and_fresh_does_not_depend_on_the_clock(
    project_without_data: SampleProject, finished_folder: Any, seed: int
) -> None:
    project, rng = project_without_data, Random(seed)
    want = SampleProject(finished_folder, project.capture).hashes()

    def jump() -> int:
        return rng.choice(JUMPS)

    run_at(project, jump(), *LAND)
    run_at(project, jump(), "run", "--to", "2026-03-05")
    assert counts(project, jump()) == {"fresh": 15, "missing": 15}
    run_at(project, jump(), "run")
    assert project.hashes() == want
    assert counts(project, jump()) == {"fresh": 30}
    run_at(project, jump(), "run", "--force")
    assert project.hashes() == want
    assert counts(project, jump()) == {"fresh": 30}
    project.write("specs/daily.sql", CHANGED)
    assert counts(project, jump(), "core.daily") == {"stale": 10}
    run_at(project, jump(), "run")
    assert counts(project, jump()) == {"fresh": 30}
    assert {key for key, found in project.hashes().items() if found != want[key]} == {
        ("core.daily", f"2026-03-{n:02}") for n in range(1, 11)
    }
    project.write("specs/daily.sql", DAILY)
    run_at(project, jump(), "run")
    assert project.hashes() == want
    assert "2026-03-10" in run_at(project, jump(), "status")
