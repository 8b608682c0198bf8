"""Runs in processes of their own: followed, cancelled, killed, and two at once."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from drawloom.model import InputError
from drawloom.run.background import Progress, RunFolder, RunRequest, Runs, RunState
from drawloom.run.background.folder import RUNS, is_id
from drawloom.run.background.progress import read_lines
from drawloom.run.background.request import plan_digest
from drawloom.run.plan import Plan
from drawloom.run.project import Project

ENDLESS = """/* drawloom
table: core.endless
owner: a@example.com
until: 'forever: a test'
*/
SELECT count(*) AS n FROM range(100000000000) AS a(x), range(1000) AS b(y) WHERE x % 7 = y
"""
PATIENCE = 120.0  # seconds; a worker needs few, but the machine may be busy


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def over(folder: RunFolder) -> bool:
    return folder.state is not RunState.RUNNING


@pytest.fixture
def runs(shop: Path) -> Iterator[Runs]:
    """The runs of a project with a table that never gets ready; none of them outlives the test."""
    (shop / "specs" / "endless.sql").write_text(ENDLESS)
    found = Runs(shop)
    yield found
    for process in workers(shop):
        process.kill()
        process.wait(PATIENCE)


def workers(root: Path) -> list[psutil.Process]:
    """The processes of the runs of a project."""
    children = psutil.Process().children(recursive=True)
    return [one for one in children if any(str(root) in part for part in _command(one))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def start(runs: Runs, root: Path, *names: str, force: bool = False) -> RunFolder:
    request = RunRequest(names, force=force)
    with Project.load(root) as project:
        return runs.start(request, request.plan(project), "ana")


def begun(runs: Runs, folder: RunFolder) -> bool:
    """Whether it has written something and is in the midst of what never ends."""
    assert not over(folder), folder.log.read_text()
    progress = runs.progress(folder)
    return progress.planned and progress.outcomes.total() >= 10


def test_a_run_writes_and_notes_each_thing_that_happens(runs: Runs, shop: Path) -> None:
    folder = start(runs, shop, "core.customers", force=True)
    assert not over(folder)
    assert runs.running() == [folder]
    wait_until(lambda: over(folder))
    assert folder.state is RunState.FINISHED, folder.log.read_text()
    progress = runs.progress(folder)
    assert (progress.todo, progress.done) == (10, 10)
    assert progress.outcomes == {"unchanged": 10}
    assert progress.tables["core.customers"].rows > 0
    assert [state for _, state in runs.all()] == [RunState.FINISHED]
    assert folder.ended > folder.began
    assert folder.request == RunRequest(("core.customers",), force=True)
    with Project.load(shop) as project:
        assert {r.run for r in project.registry.records()["core.customers"].values()}


def test_a_cancelled_run_leaves_whole_partitions(runs: Runs, shop: Path) -> None:
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("FROM raw.orders", ", 1 AS one FROM raw.orders"))
    folder = start(runs, shop, "core.orders", "core.endless")
    wait_until(lambda: begun(runs, folder))
    assert folder.cancel("bob")
    wait_until(lambda: over(folder))
    assert folder.state is RunState.CANCELLED
    assert folder.cancelled
    assert folder.cancelled["user"] == "bob"
    assert not folder.cancel("bob")
    with Project.load(shop) as project:
        assert [finding for finding in project.verify(deep=True).findings if finding.table != "core.endless"] == []
        states = {one.key[0]: str(one.state) for one in project.plan().partitions}
    assert states["core.orders"] == "fresh"
    assert states["core.endless"] == "missing"


def test_a_killed_run_is_seen_as_such_and_keeps_nobody_from_starting(runs: Runs, shop: Path) -> None:
    folder = start(runs, shop, "core.endless", "core.orders", force=True)
    wait_until(lambda: begun(runs, folder))
    (worker,) = workers(shop)
    os.kill(worker.pid, signal.SIGKILL)
    wait_until(lambda: over(folder))
    assert folder.state is RunState.KILLED
    with Project.load(shop) as project:
        assert not project.verify(["core.orders"], deep=True).findings
    again = start(runs, shop, "core.orders", force=True)
    wait_until(lambda: over(again))
    assert again.state is RunState.FINISHED, again.log.read_text()


def test_of_two_starts_at_once_one_is_told_of_the_other(runs: Runs, shop: Path) -> None:
    request = RunRequest(("core.endless",))
    with Project.load(shop) as project:
        plan = request.plan(project)
    told: list[InputError] = []

    def begin(user: str) -> None:
        try:
            Runs(shop).start(request, plan, user)
        except InputError as error:
            told.append(error)

    threads = [threading.Thread(target=begin, args=(user,)) for user in ("ana", "bob", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (running,) = runs.running()
    assert len(told) == 2
    assert all(f"run {running.id} by" in str(error) for error in told)
    assert {error.problems[0].code for error in told} == {"busy"}


def test_a_run_whose_registry_is_gone_says_why_and_keeps_its_password(
    runs: Runs, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "s3cr3t-word")
    with (shop / "drawloom.yml").open("a") as file:
        file.write("\nregistry: postgresql://ana:${SHOP_PASSWORD}@127.0.0.1:1/none\n")
    folder = runs.start(RunRequest(), Plan(()), "ana")
    wait_until(lambda: over(folder))
    assert folder.state is RunState.FAILED
    assert "127.0.0.1" in runs.progress(folder).error
    for path in folder.path.iterdir():
        assert "s3cr3t" not in path.read_text()


def test_only_the_newest_runs_are_kept_and_those_that_run(shop: Path) -> None:
    runs, made = Runs(shop), []
    for _ in range(5):
        folder = RunFolder.create(shop)
        folder.note_request(RunRequest(), "ana", Plan(()))
        made.append(folder)
    lock = made[0].lock()
    runs.sweep(kept=2)
    assert [folder.id for folder, _ in runs.all()] == [made[n].id for n in (4, 3, 0)]
    os.close(lock)
    runs.sweep(kept=2)
    assert len(runs.all()) == 2
    assert all(state is RunState.KILLED for _, state in runs.all())


def test_what_is_no_run_is_not_found(shop: Path) -> None:
    runs = Runs(shop)
    assert runs.all() == []
    for name in ("..", "../..", "", "x", "20260101-000000-000000-abcd", "20260101-000000-000000-abcd\n"):
        assert runs.find(name) is None
    assert not is_id("20260101-000000-000000-abcd/")
    damaged = RunFolder.create(shop)
    assert runs.find(damaged.id) is None
    for text in ("", "[]", "{}", '{"user": 1}', "\xff"):
        (damaged.path / "request.json").write_text(text, encoding="latin-1")
        assert runs.find(damaged.id) is None
    assert runs.all() == []


def test_a_folder_belongs_to_one_process(shop: Path) -> None:
    folder = RunFolder.create(shop)
    lock = folder.lock()
    with pytest.raises(RuntimeError, match="belongs to another process"):
        folder.lock()
    os.close(lock)
    os.close(folder.lock())
    assert folder.path.parent == shop / RUNS


def test_progress_adds_up_what_is_whole(tmp_path: Path) -> None:
    events, progress = tmp_path / "events.jsonl", Progress()
    progress.read(events)
    assert not progress.planned
    lines = [
        {"event": "planned", "todo": {"core.a": 3}, "waiting": {"core.b": 1}},
        {"event": "result", "table": "core.a", "ds": "2026-01-02", "outcome": "written", "rows": 5, "seconds": 0.5},
        {"event": "result", "table": "core.a", "ds": "2026-01-01", "outcome": "failed", "error": "no 2026-01-01"},
        {"event": "result", "table": "core.a", "ds": "2026-01-03", "outcome": "failed", "error": "no 2026-01-03"},
        {"event": "result", "table": "core.c", "ds": "2026-01-03", "outcome": "written", "warnings": ["odd"]},
        {"event": "later"},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    for cut in (10, 100, 300, len(text)):
        events.write_text(text[:cut])
        progress.read(events)
    assert (progress.todo, progress.done) == (3, 4)
    assert progress.offset == len(text)
    assert [(table, len(days)) for table, days, _ in progress.failures] == [("core.a", 2)]
    assert progress.warnings[0][2] == "odd"
    assert progress.waiting == {"core.b": 1}
    one = progress.tables["core.a"]
    assert (str(one.first), str(one.last), one.rows) == ("2026-01-01", "2026-01-03", 5)
    assert list(read_lines(events, len(text))) == []


def test_a_plan_has_another_digest_when_it_writes_something_else(shop: Path) -> None:
    with Project.load(shop) as project:
        none = plan_digest(project.plan())
        forced = plan_digest(project.plan(["core.orders"], force=True))
        assert forced != none
        assert forced == plan_digest(project.plan(["core.orders"], force=True, upstream=False))
