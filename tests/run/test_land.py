"""Landing: processes that land at once, runs beside them, and what is refused."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drawloom.engines.lake import lock
from drawloom.model import InputError, RunError
from drawloom.run import landing_probe
from drawloom.run.land import LandResult, parse_columns
from drawloom.run.plan import State
from drawloom.run.project import Project
from drawloom.run.registry import Registry

ROWS = "".join(f"{{0}},2026-03-{n:02d}\n" for n in range(1, 6))
SPEC = """/* drawloom
table: core.daily
until: "forever: a test"
*/
SELECT sum(id) AS ids FROM raw.orders WHERE ds = '{{ ds }}'
"""
HOLDER = """
import sys, time
from drawloom.engines.lake import Lake
with Lake(sys.argv[1]).landing("raw.orders"):
    print("GO", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drawloom.yml").write_text("name: shop\nstart: 2026-03-01\nend: 2026-03-05\ndefaults: {owner: me}\n")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/daily.sql").write_text(SPEC)
    for number in (1, 2):
        (tmp_path / f"{number}.csv").write_text("id,day\n" + ROWS.format(number))
    return tmp_path


def land(folder: Path, file: str = "1.csv", **options: Any) -> LandResult:
    report = options.pop("report", lambda _: None)
    with Project.load(folder) as project:
        return project.land("raw.orders", [str(folder / file)], report=report, **{"ds": "day", **options})


def ids(folder: Path) -> list[int]:
    with Project.load(folder) as project:
        found = project.query("SELECT DISTINCT id FROM raw.orders ORDER BY id")
    return [int(row["id"]) for row in found.to_pylist()]


def landing_process(folder: Path, file: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "drawloom", "-C", str(folder), "land", "raw.orders", str(folder / file)]
    return subprocess.Popen(
        [*command, "--ds", "day", *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_of_two_processes_that_land_the_same_days_one_wins_and_the_other_is_refused(folder: Path) -> None:
    with Project.load(folder) as project:
        with project.lake.landing("raw.orders"):
            children = [landing_process(folder, name) for name in ("1.csv", "2.csv")]
            for child in children:
                assert child.stderr
                assert child.stderr.readline().startswith("waiting for another process")
        errors = [child.communicate(timeout=120)[1] for child in children]
        codes = [child.returncode for child in children]
        landed = list(project.registry.landed("raw.orders").values())
    assert sorted(codes) == [0, 2]
    assert "already landed with other rows" in errors[codes.index(2)]
    assert ids(folder) == [codes.index(0) + 1]
    assert landed == [f"{codes.index(0) + 1}.csv"]


def test_a_killed_process_holds_no_lock(folder: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder / "lake")], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "GO\n"
    child = landing_process(folder, "1.csv")
    assert child.stderr
    assert child.stderr.readline().startswith("waiting for another process")
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    child.communicate(timeout=120)
    assert child.returncode == 0
    assert ids(folder) == [1]


def test_a_plan_beside_a_landing_that_replaces_days_waits_until_they_are_recorded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(folder)
    published, may_record = threading.Event(), threading.Event()
    save, sleep = Registry.save, time.sleep

    def pause(registry: Registry, *values: Any) -> None:
        published.set()
        may_record.wait(60)
        save(registry, *values)

    def release(seconds: float) -> None:
        may_record.set()  # the plan waits: only now may the landing go on
        sleep(seconds)

    with Project.load(folder) as project, ThreadPoolExecutor(1) as pool:
        assert project.run().exit_code == 0
        with monkeypatch.context() as patched:
            patched.setattr(Registry, "save", pause)
            patched.setattr(time, "sleep", release)
            replacing = pool.submit(land, folder, "2.csv", replace=True)
            assert published.wait(60)
            plan = project.plan()
            replacing.result()
    assert {partition.state for partition in plan.partitions} == {State.STALE}


def test_a_lock_of_another_user_can_be_taken_and_one_without_file_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.lock"
    assert lock.wait_until_free(path, 0)
    path.touch()
    real = os.open

    def read_only(name: Any, flags: int, *mode: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError
        return real(name, flags, *mode)

    monkeypatch.setattr(os, "open", read_only)
    with lock.hold(lock.open_lock(path), lambda: None):
        assert not lock.wait_until_free(path, 0)
    assert lock.wait_until_free(path, 0)


def rows(folder: Path, name: str, *lines: str) -> str:
    (folder / name).write_text("id,day\n" + "".join(f"{line}\n" for line in lines))
    return name


def refused(folder: Path, file: str = "1.csv", **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        land(folder, file, **options)
    return str(caught.value)


def test_replacing_says_how_many_rows_it_replaces_and_their_file_may_land_again(folder: Path) -> None:
    rows(folder, "a.csv", "1,2026-03-01", "2,2026-03-01", "3,2026-03-01", "4,2026-03-02")
    rows(folder, "b.csv", *(f"{n},2026-03-01" for n in range(11, 16)))
    assert land(folder, "a.csv").changed == {}
    assert land(folder, "b.csv", replace=True).changed == {date(2026, 3, 1): (3, 5)}
    assert ids(folder) == [4, 11, 12, 13, 14, 15]
    assert land(folder, "a.csv").known, "a.csv has a row of March 2 still"
    rows(folder, "c.csv", "6,2026-03-02")
    land(folder, "c.csv", replace=True)
    assert land(folder, "a.csv", replace=True).changed == {date(2026, 3, 1): (5, 3), date(2026, 3, 2): (1, 1)}
    assert land(folder, "b.csv", add=True).changed == {date(2026, 3, 1): (3, 8)}


def test_late_rows_are_added_once(folder: Path) -> None:
    rows(folder, "a.csv", "1,2026-03-01", "2,2026-03-02")
    rows(folder, "late.csv", "3,2026-03-01", "4,2026-03-03")
    land(folder, "a.csv")
    assert "already landed with other rows" in refused(folder, "late.csv")
    assert "--add cannot be combined with --replace" in refused(folder, "late.csv", add=True, replace=True)
    found = land(folder, "late.csv", add=True)
    assert (found.changed, found.added) == ({date(2026, 3, 1): (1, 2)}, True)
    assert land(folder, "late.csv", add=True).known == (str(folder / "late.csv"),)
    assert ids(folder) == [1, 2, 3, 4]


def test_adding_that_was_interrupted_before_it_was_recorded_adds_nothing_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows(folder, "a.csv", "1,2026-03-01", "2,2026-03-02")
    rows(folder, "late.csv", "3,2026-03-01", "4,2026-03-02")
    land(folder, "a.csv")
    with monkeypatch.context() as patched:
        patched.setattr(Registry, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            land(folder, "late.csv", add=True)
    found = land(folder, "late.csv", add=True)
    assert dict(found.days or {}) == {date(2026, 3, 1): 2, date(2026, 3, 2): 2}
    assert ids(folder) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ds": "day + 1"}, "with --ds 'day'; now it is 'day + 1'"),
        (
            {"columns": "id INT, day VARCHAR"},
            "with --columns 'id BIGINT, day DATE'; now it is 'id INTEGER, day VARCHAR'",
        ),
    ],
)
def test_other_options_than_last_time_are_refused_with_both(folder: Path, options: Any, text: str) -> None:
    land(folder)
    assert text in refused(folder, **options)
    assert land(folder, **options, replace=True).files


def test_empty_days_of_a_file_that_has_landed_are_landed(folder: Path) -> None:
    rows(folder, "a.csv", "1,2026-03-01", "2,2026-03-03")
    assert land(folder, "a.csv").gaps == (date(2026, 3, 2),)
    assert sorted(land(folder, "a.csv", empty_days=True).days or {}) == [date(2026, 3, n) for n in (1, 2, 3)]
    assert land(folder, "a.csv", empty_days=True).known


@pytest.mark.parametrize("damage", ["gone", "cut", "empty"])
def test_a_damaged_landed_day_is_not_fresh_and_lands_again(folder: Path, damage: str) -> None:
    land(folder)
    day = date(2026, 3, 2)
    with Project.load(folder) as project:
        assert project.run().exit_code == 0
        path = project.lake.path("raw.orders", day)
        content = path.read_bytes()
        path.unlink()
        if damage != "gone":
            path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
        assert list(project.plan().damaged) == [("raw.orders", day)]
        assert project.run().exit_code == 3
        assert [(found.table, found.ds) for found in project.verify().findings] == [("raw.orders", day)]
    assert "already landed with other rows" in refused(folder, rows(folder, "c.csv", "9,2026-03-02"))
    assert "is damaged" in refused(folder, "c.csv", add=True)
    assert land(folder).files
    with Project.load(folder) as project:
        assert not project.plan().damaged
        assert project.run().exit_code == 0
        assert not project.verify(deep=True).findings


def test_status_names_a_damaged_day_that_no_step_reads(folder: Path) -> None:
    land(folder)
    (folder / "specs/daily.sql").unlink()
    with Project.load(folder) as project:
        assert not project.status().damaged
        project.lake.path("raw.orders", date(2026, 3, 2)).unlink()
        assert project.status().damaged == {("raw.orders", date(2026, 3, 2)): "its file is gone"}
        assert not project.plan().damaged


def test_a_step_waits_for_a_landed_day_that_is_gone_whatever_it_reads(folder: Path) -> None:
    """Its rows were left out, with exit 0: a read of all days waits for no day but its own."""
    (folder / "specs/daily.sql").write_text(SPEC.replace("= '{{ ds }}'", "<= '{{ ds }}'"))
    land(folder)
    with Project.load(folder) as project:
        shutil.rmtree(project.lake.path("raw.orders", date(2026, 3, 2)).parent)
        states = {partition.ds.day: partition for partition in project.plan().partitions}
    assert states[1].state is State.MISSING
    assert {states[n].state for n in (2, 3, 4, 5)} == {State.WAITING}
    assert states[5].reason == "waiting for raw.orders 2026-03-02 (its file is gone)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id BIGINT, day DATE) AS SELECT (1", "must be names with types, and nothing else"),
        ("id BIGINT); DROP TABLE x; (", "must be names with types, and nothing else"),
        ("id BIGINT NOT NULL, day DATE", "must be names with types, and nothing else"),
        ("id", "must be names with types"),
        ("", "must be names with types"),
        ("id BIGINT, day DATE, ID DOUBLE", "must not name id twice"),
        ("id BIGINT, day DATE, ds DATE", "must not have ds"),
        ("id ENUM('1'), day DATE", "type ENUM('1'), must be a type that Parquet can store"),
    ],
)
def test_columns_are_names_with_types_and_nothing_else(folder: Path, text: str, message: str) -> None:
    assert message in refused(folder, columns=text)


def test_fields_of_a_struct_keep_their_case() -> None:
    (column,) = parse_columns('who STRUCT("Name" VARCHAR, age INT)')
    assert column.type == 'STRUCT("Name" TEXT,age INT)'


def test_a_column_ds_that_is_not_the_day_is_said(folder: Path) -> None:
    (folder / "a.csv").write_text("id,day,ds\n1,2026-03-01,x\n")
    assert land(folder, "a.csv").dropped_key
    (folder / "b.csv").write_text("id,DS\n1,2026-03-01\n")
    with Project.load(folder) as project:
        assert not project.land("raw.b", [str(folder / "b.csv")], ds="ds").dropped_key


def test_a_long_landing_reports_what_it_does(folder: Path) -> None:
    said: list[str] = []
    land(folder, report=said.append)
    assert [text.split()[0] for text in said if not text.startswith("writing")] == [
        "reading",
        "inferring",
        "finding",
        "sorting",
        "publishing",
    ]
    assert "writing day 5 of 5" in said


def test_verify_finds_what_the_registry_does_not_say(folder: Path) -> None:
    land(folder)
    with Project.load(folder) as project:
        table = project.lake.folder("raw.orders")
        assert project.verify().partitions == 5
        (table / "ds=2026-03-01/notes.txt").touch()
        (table / "README").touch()
        shutil.copytree(table / "ds=2026-03-03", table / "ds=2026-02-01")
        path = project.lake.path("raw.orders", date(2026, 3, 4))
        stat, content = path.stat(), bytearray(path.read_bytes())
        content[len(content) // 4] ^= 255
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        found = {
            (finding.ds, finding.message.rpartition("/")[2]) for finding in project.verify(["raw.orders"]).findings
        }
        deep = {finding.ds for finding in project.verify(["RAW.orders"], deep=True).findings}
        with pytest.raises(InputError, match=r"Did you mean raw\.orders"):
            project.verify(["raw.order"])
    assert found == {
        (None, "README is not ours."),
        (date(2026, 2, 1), "its file is not recorded."),
        (date(2026, 3, 1), "notes.txt is not ours."),
    }
    assert deep == {None, date(2026, 2, 1), date(2026, 3, 1), date(2026, 3, 4)}


def test_a_foreign_file_in_a_partition_is_neither_deleted_nor_read_with_it(folder: Path) -> None:
    land(folder)
    with Project.load(folder) as project:
        other = project.lake.path("raw.orders", date(2026, 3, 5)).with_name("mine.parquet")
        other.write_text("theirs")
        with pytest.raises(RunError, match=r"holds mine\.parquet, which drawloom did not write: nothing was published"):
            project.land("raw.orders", [str(folder / "2.csv")], ds="day", replace=True)
        assert other.read_text() == "theirs"
    assert ids(folder) == [1]


def test_values_of_the_environment_are_shown_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROP_BOX", "top-secret-bucket")
    (folder / "drawloom.yml").write_text(
        "name: shop\nstart: 2026-03-01\nend: 2026-03-01\ndefaults: {owner: me}\n"
        'sources: {raw.orders: {files: "${DROP_BOX}/{ds}.csv", columns: {id: BIGINT}}}\n'
    )
    (folder / "top-secret-bucket").mkdir()
    (folder / "top-secret-bucket/2026-03-01.csv").write_text("id\nx\n")
    with Project.load(folder) as project:
        (result,) = project.run().results
        stored = str(project.registry.failures())
        shown = str(project.plan().partitions[0].reason)
    for text in (result.error, stored, shown):
        assert "${DROP_BOX}" in text
        assert "top-secret-bucket" not in text


@pytest.mark.parametrize("gaps", ["zero", "true", "false"])
def test_missing_days_of_a_landed_table_mean_that_nothing_happened_where_it_is_declared_so(
    folder: Path, gaps: str
) -> None:
    config = folder / "drawloom.yml"
    config.write_text(f"{config.read_text()}sources: {{raw.orders: {{landed: true, gaps: {gaps}}}}}\n")
    land(folder, rows(folder, "a.csv", "1,2026-03-01", "4,2026-03-04"))
    with Project.load(folder) as project:
        states = {partition.ds.day: partition.state for partition in project.plan().partitions}
        probed = landing_probe.probe(project.settings, "raw.orders").missing([date(2026, 3, n) for n in (1, 2, 5)])
        assert project.run().exit_code == 3, "the last day has not landed"
        found = project.query("SELECT ds, ids FROM core.daily ORDER BY ds").to_pylist()
    waiting = [5] if gaps != "false" else [2, 3, 5]
    assert [day for day, state in states.items() if state is State.WAITING] == waiting
    assert [ds.day for ds in probed if ds] == [day for day in waiting if day != 3]
    assert {row["ds"].day: row["ids"] for row in found} == (
        {1: 1, 2: None, 3: None, 4: 4} if gaps != "false" else {1: 1, 4: 4}
    )


@pytest.mark.nightly
def test_killed_landings_beside_others_leave_nothing_that_another_one_does_not_mend(folder: Path) -> None:
    chance = random.Random(0)
    for _ in range(20):
        children = [landing_process(folder, name, "--replace") for name in ("1.csv", "2.csv")]
        for child in chance.sample(children, 1):
            with suppress(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.2, 3))
            child.kill()
        for child in children:
            child.communicate(timeout=120)
        with Project.load(folder) as project:
            damaged = {ds for _, ds in project.plan().damaged}
            assert {finding.message for finding in project.verify().findings} <= {
                "its file is from a run that is not recorded.",
                "its file is not recorded.",
            }
        assert not damaged or land(folder, chance.choice(["1.csv", "2.csv"]), replace=True).files
    land(folder, "1.csv", replace=True)
    with Project.load(folder) as project:
        assert not project.verify(deep=True).findings
    assert ids(folder) == [1]
