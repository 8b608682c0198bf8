"""A lake in an empty folder, an engine over it, and helpers to fill and query them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawloom.engines.base import Schemas, Staged, Visible
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from drawloom.model import Column, Table

D1 = date(2026, 1, 1)


def day(number: int) -> date:
    """The n-th day of 2026, from 1."""
    return D1 + timedelta(days=number - 1)


@dataclass
class Bench:
    """An engine with helpers to fill and query it."""

    engine: DuckDB

    @property
    def lake(self) -> Lake:
        return self.engine.lake

    def fill(
        self,
        table: str | Table,
        ds: date,
        sql: str,
        inputs: Visible | None = None,
        known: Sequence[Column] = (),
        meta: Mapping[str, str] | None = None,
        columns: Schemas | None = None,
    ) -> Staged:
        """Stage and publish one partition."""
        into = table if isinstance(table, Table) else Table(table)
        with self.engine.task(inputs or {}, columns) as task:
            staged = task.stage(into, ds, sql, meta or {"run": "r1"}, known)
        self.engine.publish([staged])
        return staged

    def rows(self, sql: str, inputs: Visible | None = None) -> list[tuple[Any, ...]]:
        """The result of a query as tuples."""
        result = self.engine.query(sql, inputs)
        return list(zip(*(column.to_pylist() for column in result.columns), strict=True))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def bench(lake: Lake) -> Iterator[Bench]:
    with DuckDB(lake) as engine:
        yield Bench(engine)
