"""Promotion: what production has after it is what it would have computed; nothing that is no longer true is promoted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.run.environments.existing import drop, find
from drawloom.run.environments.promote import Promotion, promote, undo
from drawloom.run.project import Project
from tests.helpers import UNSHRUNK, examples
from tests.run.environments.build import DAYS, built, built_anew, contents, day, land, write_project, write_specs
from tests.run.environments.test_environment import open_environment, run


def build(root: Path) -> None:
    with Project.load(root) as project:
        assert project.run().exit_code == 0


def promoted(root: Path, name: str = "dev", *, partial: bool = False, dry_run: bool = False) -> Promotion:
    with open_environment(root, name) as environment:
        return promote(environment, partial=partial, dry_run=dry_run)


def todo(root: Path) -> list[str]:
    with Project.load(root) as project:
        return [f"{p.step.into.name} {p.ds}" for p in project.plan().todo]


def test_what_is_promoted_is_what_production_would_compute(root: Path, tmp_path: Path) -> None:
    write_specs(root, factor="10", more=", 1 AS extra")
    run(root)
    files = {path.stat().st_ino for path in (root / "lake/dev").rglob("*.parquet")}
    done = promoted(root)
    assert len(done.done) == 3 * DAYS
    assert not done.refused
    assert todo(root) == []
    assert contents(root) == built_anew(root, tmp_path / "anew")
    assert {path.stat().st_ino for path in (root / "lake/core/events").rglob("*.parquet")} <= files, (
        "nothing was copied"
    )
    assert promoted(root).done == (), "there is nothing more to promote"


def test_the_way_back(root: Path) -> None:
    before = contents(root)
    write_specs(root, factor="10", apart="2")
    run(root)
    promoted(root)
    assert contents(root) != before
    with Project.load(root) as project:
        done = undo(project, find(project, "dev"))
        assert len(done.done) == 4 * DAYS
        assert undo(project, find(project, "dev")).done == ()
    assert contents(root) == before
    write_specs(root)
    assert todo(root) == []


def test_the_way_back_drops_what_was_not_there(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    land(root)
    run(root)
    assert len(promoted(root).done) == 4 * DAYS
    with Project.load(root) as project:
        undo(project, find(project, "dev"))
    assert contents(root) == {}


def test_the_way_back_leads_over_several_promotions(root: Path) -> None:
    """Also while the next one is only built, and where there was no partition before."""
    before = contents(root)
    write_specs(root, factor="10")
    run(root)
    promoted(root)
    write_specs(root, factor="20")
    run(root)
    with Project.load(root) as project:
        assert len(undo(project, find(project, "dev")).done) == 3 * DAYS
    assert contents(root) == before
    for factor in ("30", "40"):
        write_specs(root, factor=factor)
        run(root)
        with open_environment(root) as environment:
            environment.run(environment.plan(force=True))
        assert not promoted(root).refused
    with Project.load(root) as project:
        undo(project, find(project, "dev"))
    assert contents(root) == before


def test_the_way_back_of_new_tables_leads_to_none(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    land(root)
    for factor in ("10", "20"):
        write_specs(root, factor=factor)
        run(root)
        assert not promoted(root).refused
    with Project.load(root) as project:
        undo(project, find(project, "dev"))
    assert contents(root) == {}


def test_what_was_written_since_is_not_put_back(root: Path) -> None:
    write_specs(root, factor="10")
    run(root)
    promoted(root)
    write_specs(root, factor="20")
    build(root)
    after = contents(root)
    with Project.load(root) as project:
        done = undo(project, find(project, "dev"))
    assert not done.done
    assert set(done.refused.values()) == {"it was written again since"}
    assert contents(root) == after


def test_late_rows_refuse_what_is_no_longer_true(root: Path, tmp_path: Path) -> None:
    write_specs(root, factor="10")
    run(root)
    land(root, late={day(4): 3})
    before = contents(root)
    found = promoted(root)
    assert not found.done
    assert found.refused["core.events", day(4)] == f"input raw.events {day(4)} changed"
    assert ("core.week", day(3)) not in found.refused, "days before do not read it"
    assert contents(root) == before, "nothing was written"
    run(root)
    assert len(promoted(root).done) == 3 * DAYS
    build(root)
    assert contents(root) == built_anew(root, tmp_path / "anew")


def test_the_rest_can_be_promoted(root: Path) -> None:
    write_specs(root, factor="10")
    run(root)
    land(root, late={day(4): 3})
    found = promoted(root, partial=True)
    assert ("core.events", day(3)) in found.done
    assert ("core.events", day(4)) in found.refused
    assert f"core.events {day(3)}" not in todo(root)


def test_the_second_of_two_people_is_told(root: Path) -> None:
    write_specs(root, factor="10")
    run(root, "ana")
    write_specs(root, factor="20")
    run(root, "ben")
    promoted(root, "ben")
    after = contents(root)
    write_specs(root, factor="10")
    found = promoted(root, "ana")
    assert not found.done
    assert all("production's was written again since" in why for why in found.refused.values())
    assert contents(root) == after
    with open_environment(root, "ana") as environment:
        environment.run(environment.plan(force=True))
    assert len(promoted(root, "ana").done) == 3 * DAYS


def test_days_that_continue_older_code_are_not_promoted(root: Path) -> None:
    write_specs(root, plus="1")
    run(root, first=day(5))
    found = promoted(root)
    assert found.refused["core.people", day(5)] == f"input core.people {day(4)} will be rebuilt"
    assert not found.done


def test_dry_runs_write_nothing(root: Path) -> None:
    write_specs(root, factor="10")
    run(root)
    before = contents(root)
    assert len(promoted(root, dry_run=True).done) == 3 * DAYS
    assert contents(root) == before


def test_what_was_promoted_outlives_the_environment(root: Path, tmp_path: Path) -> None:
    write_specs(root, factor="10")
    run(root)
    promoted(root)
    with Project.load(root) as project:
        drop(project, "dev")
        assert not project.verify(deep=True).findings
    assert contents(root) == built_anew(root, tmp_path / "anew")


EDITS = st.fixed_dictionaries(
    {},
    optional={
        "factor": st.sampled_from(["2", "3"]),
        "more": st.sampled_from([", 1 AS extra", ", who || '!' AS loud"]),
        "plus": st.sampled_from(["1", "2"]),
        "constant": st.sampled_from(["2"]),
        "apart": st.sampled_from(["2"]),
    },
)
EVENTS = st.one_of(
    st.tuples(st.just("edit"), EDITS),
    st.tuples(st.just("run"), st.one_of(st.none(), st.integers(1, DAYS))),
    st.tuples(st.just("promote"), st.booleans()),
    st.tuples(st.just("late"), st.integers(1, DAYS)),
    st.tuples(st.just("build"), st.none()),
    st.tuples(st.just("undo"), st.none()),
)


@given(st.lists(EVENTS, min_size=2, max_size=7))
@examples(quick=2, nightly=150, phases=UNSHRUNK, deadline=None)
def test_promotion_equals_building_after_any_history(history: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        root, late = built(Path(folder) / "project"), 1
        for what, how in [*history, ("run", None), ("promote", True)]:
            late += 1
            before = contents(root)
            apply(root, what, how, late)
            if what in {"edit", "run", "late"}:
                assert contents(root) == before, f"{what} left production alone"
            if what == "promote":
                check_promoted(root, Path(folder) / "anew")


def apply(root: Path, what: str, how: object, late: int) -> None:
    match what, how:
        case "edit", dict():
            write_specs(root, **how)
        case "run", _:
            run(root, first=day(how) if isinstance(how, int) else None)
        case "late", int():
            land(root, late={day(how): late})
        case "build", _:
            build(root)
        case "undo", _:
            with Project.load(root) as project:
                if info := project.registry.environments.find("dev"):
                    undo(project, info)


def check_promoted(root: Path, folder: Path) -> None:
    """Promote; each partition is then what production would compute of the same specs and files."""
    with Project.load(root) as project:
        if not project.registry.environments.find("dev"):
            return
    done = promoted(root, partial=True)
    expected, found = built_anew(root, folder), contents(root)
    assert {key: found[key] for key in done.done} == {key: expected[key] for key in done.done}
    assert not {f"{table} {ds}" for table, ds in done.done} & set(todo(root)), (
        "production's plan has nothing to do there"
    )


# Kills itself before the n-th change of a file or of the registry.
KILLED = """
import os, signal, sys
from pathlib import Path
from drawloom.engines.lake import Lake
from drawloom.run.environments.environment import Environment
from drawloom.run.environments.promote import promote
from drawloom.run.project import Project
from drawloom.run.registry import Registry

left = int(sys.argv[2])

def deadly(real):
    def call(*args, **more):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **more)
    return call

with Project.load(Path(sys.argv[1])) as project, Environment(project.config, "dev") as environment:
    for owner, name in ((Lake, "publish"), (Lake, "link"), (Lake, "drop"), (Registry, "_begin")):
        setattr(owner, name, deadly(getattr(owner, name)))
    promote(environment)
print("ended")
"""
QUICK_KILLS = (7, 33, 195)


def kill_points() -> Iterator[object]:
    """A few points for the quick tests; for the nightly ones all of the first partitions, and some of the others."""
    for number in (*range(1, 60), *range(60, 200, 5)):
        marks = () if number in QUICK_KILLS else (pytest.mark.nightly,)
        yield pytest.param(number, marks=marks)


@pytest.mark.parametrize("point", list(kill_points()))
def test_a_killed_promotion_is_completed_by_the_next(root: Path, tmp_path: Path, point: int) -> None:
    before = contents(root)
    write_specs(root, factor="10")
    run(root)
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(root), str(point)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    expected = built_anew(root, tmp_path / "anew")
    assert all(content in {before[key], expected[key]} for key, content in contents(root).items()), (
        "old or new, not half"
    )
    assert not promoted(root).refused
    assert contents(root) == expected
    assert todo(root) == []
    with Project.load(root) as project:
        undo(project, find(project, "dev"))
    assert contents(root) == before, "the way back leads to what was there before the killed one, too"
