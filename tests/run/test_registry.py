from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from drawloom.model import Column, Record, RunError
from drawloom.run.registry import Registry

DS = date(2026, 1, 1)
RECORD = Record(
    "core.a",
    DS,
    "run1",
    3,
    100,
    "abc",
    "v1",
    "digest",
    {"raw.x": {"2026-01-01": "x"}},
    datetime(2026, 1, 2, tzinfo=UTC),
    0.5,
    "s",
)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(f"sqlite:///{tmp_path}/deep/registry.db")


def test_records_come_back(registry: Registry) -> None:
    registry.save([RECORD], {"core.a": [Column("n", "BIGINT")]})
    assert registry.record("core.a", DS) == RECORD
    assert registry.records() == {"core.a": {DS: replace(RECORD, inputs={})}}
    assert registry.inputs("core.a") == {DS: RECORD.inputs}
    assert registry.columns() == {"core.a": (Column("n", "BIGINT"),)}
    assert registry.record("core.a", date(2026, 1, 2)) is None


def test_saving_again_replaces_and_forgets_the_failure(registry: Registry) -> None:
    registry.save([RECORD])
    registry.fail("core.a", DS, "boom")
    registry.fail("core.a", DS, "boom again")
    assert registry.failures() == {("core.a", DS): "boom again"}
    registry.save([replace(RECORD, content="new")], {"core.a": [Column("n", "BIGINT"), Column("m", "DATE")]})
    assert registry.failures() == {}
    assert registry.records()["core.a"][DS].content == "new"
    registry.forget("core.a", [DS])
    assert registry.records() == {}


def test_fingerprints_and_landed_files(registry: Registry) -> None:
    registry.save_fingerprints({("raw.x", "2026-01-01"): ("s1", "f1")})
    registry.save_fingerprints({("raw.x", "2026-01-01"): ("s2", "f2"), ("raw.y", ""): ("s", "f")})
    assert registry.fingerprints() == {("raw.x", "2026-01-01"): ("s2", "f2"), ("raw.y", ""): ("s", "f")}
    registry.save_landed("raw.x", {"f1": "a.csv"})
    registry.save_landed("raw.x", {"f1": "b.csv"})
    assert registry.landed("raw.x") == {"f1": "b.csv"}
    assert registry.landed("raw.y") == {}


def test_many_threads_write_at_once(registry: Registry) -> None:
    def write(n: int) -> None:
        for m in range(10):
            registry.save([replace(RECORD, ds=date(2026, 1 + n, 1 + m))])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(registry.records()["core.a"]) == 40


def test_a_broken_database_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("this is no database " * 100)
    with pytest.raises(RunError, match="registry == sqlite:"):
        Registry(f"sqlite:///{tmp_path}/registry.db")


def test_a_password_is_never_shown() -> None:
    with pytest.raises(RunError, match="must answer") as caught:
        Registry("postgresql+nosuchdriver://user:hunter2@localhost/x")
    assert "hunter2" not in str(caught.value)
