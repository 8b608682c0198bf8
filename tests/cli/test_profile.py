"""``--profile``: where the time of a plan and of a run went."""

from __future__ import annotations

from drawloom.run.profile import Profile
from tests.cli.sample_project import SampleProject

PHASES = ["compile", "look at partitions", "plan"]


def test_a_run_says_where_its_time_went(project: SampleProject) -> None:
    out = project.run("run", "--profile")
    assert "look at partitions" in out
    assert "table stage check publish seconds" in " ".join(out.split())
    assert "s since the project was opened, in which steps ran side by side" in out
    assert max(map(len, out.partition(" phase ")[2].splitlines())) <= 80
    assert "since the project" not in project.run("run")


def test_phases_and_tables_as_json(project: SampleProject) -> None:
    found = project.json("run", "--profile")["profile"]
    assert list(found["phases"]) == [*PHASES, "run"]
    assert list(found["tables"]["core.daily"]) == ["stage", "check", "publish"]
    assert set(found["tables"]) == {"core.daily", "core.rolling", "core.ever"}
    assert sum(found["phases"].values()) <= found["seconds"]
    assert "profile" not in project.json("run")
    found = project.json("plan", "--profile")["profile"]
    assert (list(found["phases"]), found["tables"]) == (PHASES, {})


def test_a_phase_within_another_counts_once() -> None:
    profile = Profile()
    with profile.measure("outer"):
        for _ in range(3):
            with profile.measure("inner", "core.t"):
                sum(range(100_000))
    inner, outer = profile.spent
    assert (inner.phase, inner.table, inner.count, outer.count) == ("inner", "core.t", 3, 1)
    assert outer.seconds + inner.seconds <= profile.seconds
