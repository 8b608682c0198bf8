"""Features are pushed to SQLite whole or not at all; what cannot be pushed is refused before a store is touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from drawloom.cli.main import run_command
from drawloom.frameworks.features import Features
from drawloom.model import InputError, RunError
from drawloom.run.features.online import push_features
from drawloom.run.features.online.redis import entity_key
from drawloom.run.features.online.sqlite import SQLiteStore
from drawloom.run.project import Project
from tests.run.features.online_project import DAYS, SPEC, TODAY, a_version, kill_half_way, write_project

SQLITE = "{push: sqlite, path: var/online.db, table: online.activity}"


def rows(file: Path, table: str = "online.activity") -> list[tuple[object, ...]]:
    """All rows of a table."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()


def tables(file: Path) -> list[str]:
    """The names of all tables."""
    with closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def test_the_newest_day_replaces_what_was_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_project(tmp_path / "project", SQLITE)
    file = root / "var" / "online.db"
    assert run_command(["features", "push", "activity", "--ds", str(DAYS[0]), "-C", str(root)]) == 0
    assert len(rows(file)) == 3
    assert run_command(["features", "push", "activity", "-C", str(root)]) == 0
    assert f"pushed 4 rows of activity {DAYS[1]} to sqlite online.activity" in capsys.readouterr().out
    assert rows(file)[:2] == [
        ("r0", str(DAYS[1]), "2026-01-01", "2026-01-02", 0, 0.5, '["0", "1"]'),
        ("r1", str(DAYS[1]), "2026-01-01", "2026-01-02", 1, None, '["1", "2"]'),
    ]
    assert tables(file) == ["online.activity"]


def test_a_reader_goes_on_with_the_version_that_it_began_to_read(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "online.db")
    store.replace(a_version("t", DAYS[0], 500))
    with closing(sqlite3.connect(store.path)) as connection:
        found = connection.execute("SELECT ds FROM t")
        first = found.fetchone()
        store.replace(a_version("t", DAYS[1], 600))
        assert {first, *found.fetchall()} == {(str(DAYS[0]),)}
        assert connection.execute("SELECT count(*), min(ds) FROM t").fetchone() == (1200, str(DAYS[1]))


def test_a_push_that_is_killed_half_way_leaves_the_old_version(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "online.db")
    store.replace(a_version("t", DAYS[0], 10))
    kill_half_way(f"SQLiteStore(Path({str(store.path)!r}))", "t", 2000)
    assert (len(rows(store.path, "t")), tables(store.path)) == (20, ["t"])
    assert store.replace(a_version("t", DAYS[1], 30)) == 60
    assert (len(rows(store.path, "t")), tables(store.path)) == (60, ["t"])


def test_a_push_that_fails_half_way_leaves_the_old_version(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError("the disk is gone")

    store = SQLiteStore(tmp_path / "online.db")
    store.replace(a_version("t", DAYS[0], 10))
    with pytest.raises(OSError, match="the disk is gone"):
        store.replace(a_version("t", DAYS[1], 10, fail))
    assert {row[1] for row in rows(store.path, "t")} == {str(DAYS[0])}


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_project(tmp_path / "project", SQLITE)
    (root / "var").mkdir()
    (root / "var" / "online.db").write_text("no database, but long enough to look like one" * 50)
    assert run_command(["features", "push", "activity", "-C", str(root)]) == 1
    assert "The online store online.db (SQLite) was not changed: file is not a database." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("online", "message"),
    [
        ("{push: sqlite, table: t}", "online.path == null, must be given for sqlite"),
        ("{push: sqlite, table: t, path: a.db, connection: X}", "online.connection == X, must be left out for sqlite"),
        ("{push: postgres, table: t}", "online.connection == null, must be given for postgres"),
        ("{push: redis, table: t, connection: X}", "online.ttl == null, must be given for redis"),
        ("{push: redis, table: 'a:b', connection: X, ttl: 3d}", "must be a table, or schema.table"),
        (
            "{push: postgres, table: t, connection: 'postgresql://me:secret@h/db'}",
            "must be the name of an environment variable that holds the URL",
        ),
        ("{push: kafka, table: t}", "must be"),
    ],
)
def test_what_a_spec_says_must_fit(online: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        Features(**yaml.safe_load(f"{SPEC}online: {online}\n"))
    assert message in str(refused.value)


def refused(root: Path, name: str = "activity", **more: object) -> str:
    with Project.load(root) as project, pytest.raises((InputError, RunError)) as error:
        push_features(project, name, **more)  # type: ignore[arg-type]
    return str(error.value)


def test_what_cannot_be_pushed_is_refused(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", SQLITE)
    assert "name == 'activty', must be a set of features. Did you mean activity?" in refused(root, "activty")
    assert f"ds == {TODAY}, must be a day of features.activity, which has {DAYS[0]} to {DAYS[1]}" in refused(
        root, ds=TODAY
    )
    spec = root / "specs" / "activity.yml"
    spec.write_text(f"{SPEC}online: {SQLITE[:-1]}, ttl: 12h}}\n")
    assert f"ds == {DAYS[0]}, must be no older than online.ttl allows" in refused(root, ds=DAYS[0])
    spec.write_text(SPEC)
    assert "activity has no `online`, must say where it is pushed to" in refused(root)
    assert not (root / "var").exists()


def connected(push: str, url: str) -> Callable[[Path, pytest.MonkeyPatch], str]:
    def push_to(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setenv("ONLINE_STORE", url)
        write_project(root, f"{{push: {push}, table: t, connection: ONLINE_STORE, ttl: 3d}}")
        return refused(root)

    return push_to


def test_the_url_of_a_store_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_project(tmp_path / "project", "{push: postgres, table: t, connection: NO_SUCH_STORE}")
    assert "NO_SUCH_STORE is not set in the environment" in refused(root)
    other = connected("postgres", "mysql://me:hunter22@h/db")(tmp_path / "other", monkeypatch)
    assert "online.connection == ONLINE_STORE, must hold a URL like postgresql://..." in other
    assert "hunter22" not in other


@pytest.mark.parametrize(
    ("push", "url", "message"),
    [
        (
            "postgres",
            "postgresql://me:hunter22@127.0.0.1:1/db",
            "The online store ONLINE_STORE (PostgreSQL) was not changed",
        ),
        (
            "redis",
            "redis://:hunter22@127.0.0.1:1/0",
            "The online store ONLINE_STORE (Redis) has the version that it had",
        ),
    ],
)
def test_a_store_that_is_down_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, push: str, url: str, message: str
) -> None:
    told = connected(push, url)(tmp_path / "project", monkeypatch)
    assert message in told
    assert "hunter22" not in told


@pytest.mark.parametrize(
    ("values", "key"), [((7,), "7"), (("a:b",), "a:b"), (("a|b", "c"), "a%7Cb|c"), ((DAYS[0], 1), f"{DAYS[0]}|1")]
)
def test_the_key_of_an_entity_in_redis_is_unambiguous(values: tuple[object, ...], key: str) -> None:
    assert entity_key(values) == key


def test_days_are_those_of_the_test() -> None:
    assert [TODAY - day for day in DAYS] == [timedelta(days=2), timedelta(days=1)]
