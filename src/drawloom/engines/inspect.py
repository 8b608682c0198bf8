"""Looking at a published partition as if it had just been staged."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from drawloom.engines import hash as hashes
from drawloom.engines import quote
from drawloom.engines.base import Measure, Staged
from drawloom.engines.errors import engine_errors

if TYPE_CHECKING:
    from drawloom.engines.duckdb import DuckDB


def inspect(engine: DuckDB, table: str, ds: date) -> Staged:
    """Rows, content hash and columns of a partition, read from its file.

    Raises:
        RunError: the file is not there or cannot be read.
    """
    path = engine.lake.path(table, ds)
    columns = engine.file_columns(path)
    relation = f"read_parquet({quote.value(str(path))}, hive_partitioning=false)"
    with engine_errors():
        ((rows, total),) = engine.cursor().execute(hashes.measure(columns, relation)).fetchall()
    run = engine.lake.read_meta(path).get("run", "")
    measure = Measure(rows, path.stat().st_size, hashes.content(columns, rows, total))
    return Staged(table, ds, str(path), run, columns, measure)
