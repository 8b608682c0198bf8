"""Old registries are upgraded, once, and without losing a row; newer ones are refused."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import drawloom.run.registry.migrations
from drawloom.model import Column, Record, RunError
from drawloom.run.registry import Registry
from drawloom.run.registry.tables import META
from drawloom.run.registry.upgrade import TABLE, VERSION, _begin_locked
from tests.run.old_registry import database, dump, make_old

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
INPUTS = {"raw.x": {"2026-01-01": "x"}}
OPEN = "import sys; from drawloom.run.registry import Registry; Registry(sys.argv[1]).close(); print('opened')"
RACE = f"import alembic.command; import drawloom.run.registry; print('GO', flush=True); input(); {OPEN}"
# Hangs in the migration after the column of version 2 was added.
HANG = """
import sys, time
import sqlalchemy as sa
from drawloom.run.registry import Registry

@sa.event.listens_for(sa.Engine, "after_cursor_execute")
def hang(connection, cursor, statement, *rest):
    if "ALTER TABLE" in statement:
        print("half way", flush=True)
        time.sleep(600)

Registry(sys.argv[1])
"""


def version(url: str) -> list[str]:
    with database(url).connect() as connection:
        return [row[0] for row in connection.exec_driver_sql(f"SELECT version_num FROM {TABLE}")]


def set_version(url: str, number: int) -> None:
    with database(url).begin() as connection:
        connection.exec_driver_sql(f"UPDATE {TABLE} SET version_num = '{number}'")


def differences(url: str) -> list[object]:
    """The differences that Alembic finds between the tables in the database and those of the code."""
    options = {"compare_type": True, "compare_server_default": True, "version_table": TABLE}
    with database(url).connect() as connection:
        found: list[object] = compare_metadata(MigrationContext.configure(connection, opts=options), META)
        return found


def opener(url: str, code: str = OPEN) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def old_rows_are_there(url: str) -> None:
    registry = Registry(url)
    assert registry.record("core.a", date(2026, 1, 1)) == Record(
        "core.a", date(2026, 1, 1), "run1", 3, 100, "abc", "v1", "digest", INPUTS, AT, 0.5, "s", "duckdb"
    )
    assert [record.run for record in registry.records()["core.a"].values()] == ["run1", "run2"]
    assert registry.columns() == {"core.a": (Column("n", "BIGINT"),)}
    assert registry.failures() == {("core.b", date(2026, 1, 1)): "boom"}
    assert registry.fingerprints() == {("raw.x", "2026-01-01"): ("s", "f")}
    assert registry.landed("raw.x") == {"f": "a.csv"}
    registry.close()


ADDED = ("drawloom_attached", "drawloom_environments", "drawloom_environment_tables", "drawloom_replaced")


def test_a_new_registry_has_the_newest_version_and_the_tables_of_the_code(url: str) -> None:
    Registry(url).close()
    assert version(url) == [str(VERSION)]
    assert differences(url) == []


def test_an_old_registry_is_adopted_with_its_rows(url: str) -> None:
    make_old(url)
    before = dump(url)
    Registry(url).close()
    assert version(url) == [str(VERSION)]
    assert differences(url) == []
    widths = {name: len(rows[0]) for name, rows in before.items()}
    found = {name: [row[: widths.get(name)] for row in rows] for name, rows in dump(url).items()}
    assert found == {**before, **{name: [] for name in ADDED}}
    old_rows_are_there(url)


def test_an_old_registry_may_lack_a_table(url: str) -> None:
    make_old(url, without="drawloom_landed")
    registry = Registry(url)
    registry.save_landed("raw.x", {"f": "a.csv"})
    registry.close()
    assert differences(url) == []
    old_rows_are_there(url)


def test_a_registry_of_version_1_becomes_one_of_the_newest(url: str) -> None:
    make_old(url)
    with database(url).begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql(f"INSERT INTO {TABLE} VALUES ('1')")
    old_rows_are_there(url)
    assert version(url) == [str(VERSION)]
    assert differences(url) == []


@pytest.mark.integration
def test_two_schemas_of_a_database_are_two_registries(postgres_url: str) -> None:
    for schema in ("shop", "rides"):
        with database(postgres_url).begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        url = f"{postgres_url}?options=-csearch_path%3D{schema}"
        registry = Registry(url)
        assert registry.empty()
        registry.save([Record(f"{schema}.a", date(2026, 1, 1), "r", 1, 1, "c", "v")])
        assert list(registry.records()) == [f"{schema}.a"]
        registry.close()
        assert differences(url) == []
    assert dump(postgres_url) == {}


def test_the_schema_comparison_finds_differences(url: str) -> None:
    Registry(url).close()
    with database(url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE drawloom_partitions DROP COLUMN engine")
        connection.exec_driver_sql("ALTER TABLE drawloom_columns ADD COLUMN odd INTEGER")
    assert sorted(str(found[0]) for found in differences(url) if isinstance(found, tuple)) == [
        "add_column",
        "remove_column",
    ]


def test_a_newer_registry_is_refused_and_not_changed(url: str) -> None:
    Registry(url).close()
    set_version(url, VERSION + 1)
    wanted = rf"made by a newer drawloom: it has version {VERSION + 1}, this drawloom reads up to version {VERSION}\. Upgrade"
    with pytest.raises(RunError, match=wanted):
        Registry(url)
    assert version(url) == [str(VERSION + 1)]


def test_opening_costs_one_select_and_no_alembic(url: str) -> None:
    Registry(url).close()
    code = """
import sys
import sqlalchemy as sa
from drawloom.run.registry import Registry

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def note(connection, cursor, statement, *rest):
    print(statement)

registry = Registry(sys.argv[1])
print("alembic" in sys.modules)
print(registry.empty())
"""
    done = subprocess.run([sys.executable, "-c", code, url], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[:2] == [f"SELECT version_num FROM {TABLE}", "False"]
    assert done.stdout.splitlines()[-1] == "True"


@pytest.mark.unmeasured
@pytest.mark.parametrize("old", [pytest.param(False, marks=pytest.mark.nightly), True])
def test_processes_that_open_it_at_once_migrate_it_once(url: str, old: bool) -> None:
    if old:
        make_old(url)
    children = [opener(url, RACE) for _ in range(4)]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "GO\n"
    for child in children:
        assert child.stdin
        child.stdin.write("GO\n")
        child.stdin.flush()
    assert [child.communicate(timeout=120)[0] for child in children] == ["opened\n"] * 4
    assert version(url) == [str(VERSION)]
    assert differences(url) == []
    if old:
        old_rows_are_there(url)


def test_the_second_process_waits_for_the_first(url: str) -> None:
    make_old(url)
    with database(url).connect() as first, opener(url) as second:
        _begin_locked(first)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=4)
        first.rollback()
        assert second.communicate(timeout=60)[0] == "opened\n"
    old_rows_are_there(url)


def test_a_killed_migration_changes_nothing(url: str) -> None:
    make_old(url)
    before = dump(url)
    with opener(url, HANG) as child:
        assert child.stdout
        assert child.stdout.readline() == "half way\n"
        child.kill()
    deadline = time.monotonic() + 30
    while dump(url) != before:  # the server may need a moment to see that the other end is gone
        assert time.monotonic() < deadline
        time.sleep(0.1)
    old_rows_are_there(url)
    assert version(url) == [str(VERSION)]


def test_versions_are_numbers_and_the_newest_is_that_of_the_code() -> None:
    script = ScriptDirectory(str(Path(drawloom.run.registry.migrations.__file__).parent))
    steps = [(step.revision, step.down_revision) for step in script.walk_revisions()]
    assert steps == [(str(n), str(n - 1) if n > 1 else None) for n in range(VERSION, 0, -1)]


def test_the_wheel_brings_the_migrations(tmp_path: Path, root: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = f"import drawloom; print(drawloom.__file__); {OPEN}"
    url = f"sqlite:///{tmp_path}/registry.db"
    done = subprocess.run(
        [sys.executable, "-c", code, url],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [str(tmp_path / "site/drawloom/__init__.py"), "opened"]
    assert version(url) == [str(VERSION)]
