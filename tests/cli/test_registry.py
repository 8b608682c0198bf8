"""`drawloom registry rebuild`: from files alone the registry says what it said before."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drawloom.run.project import Project
from tests.cli.sample_project import LAND, SampleProject

GROWTH = """kind: growth
name: buyers
source: core.orders
entity: product
activities: {orders: true}
windows: [1]
until: {forever: a test}
"""
ORDERS_BY_DAY = """/* drawloom
table: core.orders
until: "forever: a test"
*/
SELECT id, product, ds FROM raw.orders WHERE ds = '{{ ds }}'
"""
KILLED = """
import os, signal, sys
import drawloom.run.registry as registry
from drawloom.cli.main import run_command

upsert = registry._upsert

def killed(connection, table, rows):
    if table is registry.COLUMNS:
        os.kill(os.getpid(), signal.SIGKILL)
    upsert(connection, table, rows)

registry._upsert = killed
run_command(["-C", sys.argv[1], "registry", "rebuild"])
"""


def remove_registry(project: SampleProject) -> None:
    for path in (project.folder / "lake").glob("registry.db*"):
        path.unlink()


@pytest.mark.unmeasured
def test_a_fresh_growth_project_is_fresh_after_a_rebuild(project: SampleProject) -> None:
    for name in ("daily", "rolling", "ever"):
        (project.folder / f"specs/{name}.sql").unlink()
    project.write("specs/orders.sql", ORDERS_BY_DAY)
    project.write("specs/buyers.yml", GROWTH)
    project.run("run")
    with Project.load(project.folder) as opened:
        before = {table: opened.registry.inputs(table) for table in opened.registry.records()}
    remove_registry(project)
    project.run("registry", "rebuild")
    with Project.load(project.folder) as opened:
        after = {table: opened.registry.inputs(table) for table in opened.registry.records()}
        assert not opened.plan().todo
        assert opened.registry.records()["raw.orders"].popitem()[1].is_landed
    assert after == before
    assert "landed before and skipped" in project.run(*LAND)


def test_a_rebuild_that_is_killed_half_way_leaves_the_registry_as_it_was(finished: SampleProject) -> None:
    remove_registry(finished)
    child = subprocess.run([sys.executable, "-c", KILLED, str(finished.folder)], check=False)
    assert child.returncode == -9
    assert finished.json("plan", "core.daily")["counts"] == {"fresh": 10}


@pytest.mark.parametrize("damage", ["no database at all", "cut"])
def test_a_damaged_registry_is_named_and_rebuilt(finished: SampleProject, damage: str) -> None:
    path = finished.folder / "lake/registry.db"
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    content = path.read_bytes()
    path.write_bytes(damage.encode() * 100 if damage != "cut" else content[: len(content) // 2])
    out = finished.run("plan", code=1)
    assert "drawloom registry rebuild" in out
    finished.run("registry", "rebuild")
    assert finished.json("plan", "core.daily")["counts"] == {"fresh": 10}
    assert [found.name for found in path.parent.glob("registry.db.damaged-*")] == ["registry.db.damaged-1"]


def test_a_rebuild_forgets_landed_days_without_a_file_and_names_files_that_cannot_be_read(
    project: SampleProject,
) -> None:
    folder = project.folder / "lake/raw/orders"
    shutil.rmtree(folder / "ds=2026-03-01")
    assert project.json("registry", "rebuild")["restored"]["raw.orders"] == 9
    with Project.load(project.folder) as opened:
        assert len(opened.registry.records()["raw.orders"]) == 9
    broken: list[Path] = [folder / f"ds=2026-03-0{n}/part-0.parquet" for n in (2, 3)]
    for path in broken:
        path.write_bytes(b"PAR1")
    out = project.run("registry", "rebuild", code=1)
    assert all(str(path) in out for path in broken)
    assert "must be landed again" in out
