"""One task's way to Trino: what it stages is a table of its own, for as long as the task lives."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from drawloom.engines.catalog.store import Measured, Rows
from drawloom.engines.catalog.types import engine_type
from drawloom.engines.trino.arrow import Tables as Pages
from drawloom.engines.trino.catalog import STAGING, day, house, quoted
from drawloom.engines.trino.client import Answer, Watch
from drawloom.engines.trino.hash import checksum
from drawloom.engines.trino.tables import new_name
from drawloom.model import KEY, Column, RunError

if TYPE_CHECKING:
    from drawloom.engines.trino.engine import Trino


class TrinoTask:
    """See ``catalog.store.Session``."""

    def __init__(self, engine: Trino) -> None:
        self._engine = engine
        self._watch = Watch()
        self._written: dict[str, int] = {}

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """The names of what a SELECT gives, and their types as DuckDB spells them."""
        answer = self._run(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0", shown=sql, shift=1)
        return [(name, house(kind, f"column {name}")) for name, kind in answer.columns]

    def stage(self, rows: Rows) -> str:
        """Write the rows into a table of the catalog that their own table is in."""
        home = self._engine.tables.home(rows.table.name)
        home.check(rows.table.name, rows.columns)
        home.catalog.make_staging()
        name = self._new(home.catalog.name, rows.table.name)
        text = "\n".join(rows.select.split("\n")[rows.shift :])
        made = f"CREATE TABLE {_quoted(name)} WITH (format = 'PARQUET') AS {rows.select}"
        self._written[name] = self._run(made, shown=text, shift=rows.shift).written
        return name

    def measure(self, name: str, columns: Sequence[Column], ds: date | None = None) -> Measured:
        """Of each day: rows, the sum of their hashes, bytes (of staged days together, by their rows)."""
        where = f" WHERE {KEY} = {day(ds)}" if ds else ""
        items = f"{KEY}, count(*), {checksum(columns)}"
        found = self._run(f"SELECT {items} FROM {_quoted(name)}{where} GROUP BY {KEY}").rows
        total = self._written[name] if name in self._written else self._size(name, ds)
        share = total / max(1, sum(count for _, count, _ in found))
        return {ds and date.fromisoformat(ds): (count, said, round(count * share)) for ds, count, said in found}

    def upload(self, data: pa.Table) -> str:
        """Make Arrow data readable as a table."""
        from drawloom.engines.trino.literals import batches

        home = self._engine.tables.main
        kinds = _kinds(data.schema)
        home.check("result", [Column(name, kind) for name, kind in kinds])
        home.catalog.make_staging()
        name = self._new(home.catalog.name, "upload")
        stored = [(quoted(column), engine_type(kind, "trino")) for column, kind in kinds]
        self._run(f"CREATE TABLE {_quoted(name)} ({', '.join(f'{column} {kind}' for column, kind in stored)})")
        given = ", ".join(f"c{n}" for n in range(len(stored)))
        casts = ", ".join(f"CAST(c{n} AS {kind})" for n, (_, kind) in enumerate(stored))
        for batch in batches(data):
            self._run(f"INSERT INTO {_quoted(name)} SELECT {casts} FROM (VALUES {batch}) AS v ({given})", shown="")
        return name

    def arrow(self, sql: str) -> pa.Table:
        """The answer to a SELECT."""
        pages = Pages()
        answer = self._run(sql, take=pages.take)
        return pages.table(answer.columns)

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT that gives few."""
        columns = [column.to_pylist() for column in self.arrow(sql).columns]
        return list(zip(*columns, strict=True))

    def interrupt(self) -> None:
        """Stop what runs now, on the server too."""
        self._watch.stop()

    def close(self) -> None:
        """Drop the tables of the task, aside; those that cannot be dropped now are swept later."""
        if self._written:
            self._engine.aside(partial(self._drop, tuple(self._written)))
        self._written.clear()

    def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            with suppress(RunError):
                self._run(f"DROP TABLE IF EXISTS {_quoted(name)}")

    def _new(self, catalog: str, table: str) -> str:
        name = f"{catalog}.{STAGING}.{new_name(table)}"
        self._written[name] = 0
        return name

    def _size(self, name: str, ds: date | None) -> int:
        catalog, _, table = name.partition(".")
        one = next(one for one in self._engine.tables.catalogs if one.catalog.name == catalog)
        return one.size(table, ds)

    def _run(self, sql: str, **options: Any) -> Answer:
        return self._engine.client.run(sql, self._watch, **options)


def _quoted(name: str) -> str:
    return ".".join(map(quoted, name.split(".")))


def _kinds(schema: pa.Schema) -> list[tuple[str, str]]:
    """The columns of Arrow data with their types as DuckDB has them; a column of NULLs only is text."""
    import duckdb

    from drawloom.engines.columns import storable

    with duckdb.connect() as connection:
        relation = connection.from_arrow(schema.empty_table())
        types = zip(relation.columns, relation.types, strict=True)
        return [(name, "VARCHAR" if kind.id == "null" else storable(kind)) for name, kind in types]
