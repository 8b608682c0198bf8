"""An engine over an empty location, with helpers to fill and query it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.engines.base import Engine, Schemas, Staged, Visible
from drawloom.model import Column, Table

if TYPE_CHECKING:
    import pyarrow as pa

D1 = date(2026, 1, 1)


def day(number: int) -> date:
    """The n-th day of 2026, from 1."""
    return D1 + timedelta(days=number - 1)


@dataclass
class Bench:
    """An engine with a schema of its own."""

    kind: str
    engine: Engine
    location: Path
    schema: str

    @property
    def t(self) -> str:
        """The name of a table."""
        return self.name("t")

    def name(self, table: str) -> str:
        """The name of a table in the schema."""
        return f"{self.schema}.{table}"

    def table(self, table: str = "t", **more: Any) -> Table:
        """A table in the schema."""
        return Table(self.name(table), **more)

    def fill(
        self,
        ds: date,
        sql: str,
        inputs: Visible | None = None,
        *,
        table: str | Table = "t",
        known: Sequence[Column] | None = None,
        columns: Schemas | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Staged:
        """Stage and publish one partition, as a step does: with the columns that the table has."""
        into = table if isinstance(table, Table) else self.table(table)
        known = self.engine.columns(into.name) if known is None else known
        with self.engine.task(inputs or {}, columns) as task:
            staged = task.stage(into, ds, sql, meta or {"run": "r1"}, known)
            self.engine.publish([staged])
        return staged

    def rows(self, sql: str, inputs: Visible | None = None) -> list[tuple[Any, ...]]:
        """The result of a query as tuples."""
        return tuples(self.engine.query(sql, inputs))

    def values(self, table: str = "t", name: str = "v") -> list[Any]:
        """One column of a table, in the order of ``n``."""
        found: list[Any] = self.engine.query(f"SELECT {name} FROM {self.name(table)} ORDER BY n")[name].to_pylist()
        return found


def tuples(result: pa.Table) -> list[tuple[Any, ...]]:
    """An Arrow table's rows."""
    return list(zip(*(column.to_pylist() for column in result.columns), strict=True))


def drop_schema(bench: Bench) -> None:
    """Drop the bench's schema with its tables."""
    if bench.kind != "duckdb":
        from tests.conformance.trino_client import drop_metastore_schema

        drop_metastore_schema(bench.schema)
