"""A Trino engine with its own schema, and helpers to fill and query it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest

from drawloom.engines.base import Staged
from drawloom.engines.lake import Lake
from drawloom.engines.trino import Trino, connect
from drawloom.model import Column, InputError, RunError, Table

D1, D2, D3 = (date(2026, 1, n) for n in (1, 2, 3))
A = Column("a", "BIGINT")

Folders = dict[date | None, str]
WRITE_SUMMARY = "SELECT count(DISTINCT a), max(a), count(*) FROM {table}"


class Bench:
    """An engine with a schema of its own, over a lake of its own."""

    def __init__(self, url: str, catalog: str, folder: Path) -> None:
        self.url = f"{url.rpartition('/')[0]}/{catalog}"
        self.catalog = catalog
        self.lake = Lake(folder / "lake")
        self.location = self.lake.root.as_uri()
        self.schema = f"tri_{catalog[0]}_{secrets.token_hex(5)}"
        self.table = f"{self.schema}.t"
        self.engine = self.open()

    def open(self) -> Trino:
        return Trino(connect(self.url), self.location, "hive")

    def run(self, sql: str) -> list[Sequence[Any]]:
        return self.engine.client.run(sql).rows

    def fill(self, ds: date, sql: str, table: str = "", engine: Trino | None = None, **given: Any) -> Staged:
        engine = engine or self.engine
        with engine.task(given.pop("inputs", {}), given.pop("columns", None)) as task:
            staged = task.stage(Table(table or self.table), ds, sql, {"run": "r1"}, **given)
            engine.publish([staged])
        return staged

    def rows(self, sql: str = "") -> list[tuple[Any, ...]]:
        with self.engine.task({self.table: None}) as task:
            return task.fetch(sql or f"SELECT a, ds FROM {self.table} ORDER BY ds, a")

    def complete_write(self) -> int:
        """The tag of the writer whose complete day is visible (see ``rows_of_writer``).

        On Hive a reader may fail or find no rows while Trino renames two folders: then it reads again.
        """
        until = time.monotonic() + 60
        while True:
            with suppress(RunError):
                ((tags, tag, count),) = self.rows(WRITE_SUMMARY.format(table=self.table))
                if count or self.catalog != "hive":
                    assert (tags, count) == (1, 5000 + tag)
                    return int(tag)
            assert self.catalog == "hive"
            assert time.monotonic() < until, "no complete write is visible"

    def wait_for_background_work(self) -> None:
        """Wait for the engine's background thread."""
        done = Event()
        self.engine.in_background(done.set)
        assert done.wait(60)

    def drop(self) -> None:
        for name in {self.catalog, "hive"}:
            with suppress(RunError):
                for (table,) in self.run(f"SHOW TABLES FROM {name}.{self.schema}"):
                    with suppress(RunError):
                        self.run(f'DROP TABLE {name}.{self.schema}."{table}"')
        with suppress(RunError):
            self.run(f"DROP SCHEMA IF EXISTS {self.catalog}.{self.schema}")
        self.engine.close()


def rows_of_writer(tag: int) -> dict[str, Any]:
    """Rows that identify a complete day of one writer: their number depends on its tag."""
    sql = f"SELECT CAST({tag} AS BIGINT) AS a FROM UNNEST(sequence(1, {5000 + tag})) AS t (x)"
    return {"sql": sql, "dialect": "trino"}


def code(error: pytest.ExceptionInfo[RunError] | pytest.ExceptionInfo[InputError]) -> str:
    return error.value.problems[0].code


def write(path: Path, select: str) -> str:
    path.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY ({select}) TO '{path / 'part-0.parquet'}' (FORMAT parquet)")
    return path.as_uri()
