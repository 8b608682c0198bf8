"""Restoring the registry from the metadata of the lake's files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.model import LANDED, Fix, Problem, Record, RunError, inputs_digest
from drawloom.model.record import add_own_days
from drawloom.run.registry.renames import LakeRename, apply_renames, load_renames

if TYPE_CHECKING:
    from drawloom.engines.duckdb.engine import DuckDB
    from drawloom.run.registry import Registry

_FIX = Fix(
    "Remove it, then try again: what a step computes is written by the next run, what was landed must be landed again."
)


def restore(engine: DuckDB, registry: Registry) -> dict[str, int]:
    """Record every partition of the lake, and forget landed ones without a file; table -> number of partitions.

    All of it is one transaction: a process that is killed leaves the registry as it was.

    Raises:
        RunError: files cannot be read; the messages name them all.
    """
    found: dict[str, list[_File]] = {}
    renames = load_renames(engine.lake.root)
    problems: list[Problem] = []
    for table in engine.lake.tables():
        for ds, stamp in engine.lake.scan(table).items():
            try:
                found.setdefault(table, []).append(_read(engine, table, ds, stamp, renames))
            except RunError as error:
                problems += (replace(problem, fix=_FIX) for problem in error.problems)
    if problems:
        raise RunError(*problems)
    records = [record for table in found.values() for record in _records(table)]
    columns = {files[-1].record.table: engine.columns(table) for table, files in found.items()}
    landed = {table: _landed_files(files) for table, files in found.items()}
    registry.restore(records, columns, {files[-1].record.table: landed[table] for table, files in found.items()})
    return {table: len(files) for table, files in found.items()}


@dataclass(frozen=True, slots=True)
class _File:
    """A file's record, as far as it can be known from the file alone, and its metadata."""

    record: Record
    meta: Mapping[str, str]


def _read(engine: DuckDB, table: str, ds: date, stamp: str, renames: Sequence[LakeRename]) -> _File:
    found = engine.inspect(table, ds)
    meta = engine.lake.read_meta(found.location)
    inputs = json.loads(meta.get("inputs", "{}"))
    if "files" in meta:
        inputs = {"": json.loads(meta["files"])}
    record = Record(
        _spelled(meta.get("table", ""), table),
        ds,
        found.run,
        found.rows,
        found.bytes,
        found.content,
        meta.get("code", LANDED if "files" in meta else ""),
        inputs=inputs,
        at=datetime.fromtimestamp(Path(found.location).stat().st_mtime, UTC),
        stamp=stamp,
        slices=replace(found.slices, code=json.loads(meta.get("slice_code", "{}"))) if found.slices else None,
    )
    record = apply_renames(record, Path(found.location).stat().st_mtime_ns, renames)
    if record.table.lower() != table:  # its folder was renamed by other means
        record = replace(record, table=table)
    return _File(record, meta)


def _spelled(name: str, folder: str) -> str:
    """The table of a folder, spelled as its file says; a file of an environment names the table for which it stands."""
    return name if name.lower() == folder else folder


def _records(files: Iterable[_File]) -> Iterator[Record]:
    """The records of a table, with the days of its own that were written in the same pass.

    A day that was written again since is left out: what it held then is not known.
    """
    files = list(files)
    by_day = {file.record.ds.isoformat(): file.record for file in files}
    for file in files:
        record = file.record
        days = [ds for ds in json.loads(file.meta.get("own_days", "[]")) if ds in by_day]
        own = {ds: by_day[ds].content for ds in days if by_day[ds].run == record.run}
        inputs = add_own_days(record.inputs, record.table, own)
        yield replace(record, inputs=inputs, inputs_digest=inputs_digest(inputs))


def _landed_files(files: Iterable[_File]) -> dict[str, tuple[str, str]]:
    """Fingerprint -> (name, options) of the raw files whose rows are in a table."""
    return {
        fingerprint: (name, file.meta.get("options", ""))
        for file in files
        for name, fingerprint in json.loads(file.meta.get("files", "{}")).items()
    }
