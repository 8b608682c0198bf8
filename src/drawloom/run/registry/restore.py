"""Restoring the registry from the metadata of the lake's files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.model import Record, inputs_digest

if TYPE_CHECKING:
    from datetime import date

    from drawloom.engines.duckdb.engine import DuckDB
    from drawloom.run.registry import Registry


def restore(engine: DuckDB, registry: Registry) -> dict[str, int]:
    """Record every partition of the lake; table -> number of partitions.

    Raises:
        RunError: a file cannot be read; the message names it.
    """
    restored = {}
    for table in engine.lake.tables():
        stamps = engine.lake.scan(table)
        records = [_record(engine, table, ds, stamp) for ds, stamp in stamps.items()]
        if records:
            registry.save(records, {table: engine.columns(table)})
            restored[table] = len(records)
    return restored


def _record(engine: DuckDB, table: str, ds: date, stamp: str) -> Record:
    found = engine.inspect(table, ds)
    meta = engine.lake.read_meta(found.location)
    inputs = json.loads(meta.get("inputs", "{}"))
    at = datetime.fromtimestamp(Path(found.location).stat().st_mtime, UTC)
    return Record(
        meta.get("table", table),
        ds,
        found.run,
        found.rows,
        found.bytes,
        found.content,
        meta.get("code", ""),
        inputs_digest(inputs),
        inputs,
        at,
        0.0,
        stamp,
    )
