"""Landing raw files: each day becomes an immutable partition, and no file is landed twice."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.engines.landing.land import stage_files
from drawloom.engines.landing.source import hash_file
from drawloom.model import Column, Pipeline, Record, Table, inputs_digest, refuse
from drawloom.run.snapshot import find_existing
from drawloom.run.step_runner import new_run_id

if TYPE_CHECKING:
    from drawloom.engines.base import Staged
    from drawloom.engines.landing.land import Landing
    from drawloom.run.warehouse import Warehouse

CODE = "land"  # the fingerprint of landed partitions, which no step computes


@dataclass(frozen=True, slots=True)
class LandResult:
    """The result of a landing.

    ``files`` were landed, ``known`` had been landed before and were skipped. ``days`` maps each day to its rows.
    ``gaps`` are days without rows between the first and the last, which were not landed. With ``inferred`` the column
    types were inferred from these files; they are declared from now on.
    """

    table: str
    files: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    days: Mapping[date, int] | None = None
    gaps: tuple[date, ...] = ()
    columns: tuple[Column, ...] = ()
    inferred: bool = False
    delimiter: str | None = None


def land(
    warehouse: Warehouse,
    table: str,
    files: Iterable[str],
    *,
    ds: str,
    pipelines: Iterable[Pipeline] = (),
    columns: str | Sequence[Column] | None = None,
    empty_days: bool = False,
    replace: bool = False,
) -> LandResult:
    """Turn raw files into one partition for each day found in them.

    Args:
        warehouse: where to land them.
        table: the staging table, ``schema.table``.
        files: paths or patterns of CSV, JSON lines or Parquet files.
        ds: the column that holds the day, or a SQL expression over the columns.
        pipelines: all of the project; their tables must not be landed into.
        columns: declared types, like ``"id BIGINT, at TIMESTAMP"``; those of earlier landings otherwise, or
            inferred from every value of the files the first time.
        empty_days: land days without rows between the first and the last as empty partitions.
        replace: restate days that were landed before with other rows.

    Raises:
        InputError: a file does not parse as declared, or a day is landed already; nothing was published.
    """
    _refuse_owned(warehouse, pipelines, table)
    fingerprints = {path: hash_file(path) for path in _expand(files)}
    landed = warehouse.registry.landed(table)
    known = tuple(path for path, fingerprint in fingerprints.items() if fingerprint in landed and not replace)
    new = [path for path in fingerprints if path not in known]
    if not new:
        return LandResult(table, known=known)
    found = stage_files(
        warehouse.local, Table(table), new, ds=ds, columns=_columns(warehouse, table, columns), run=new_run_id(),
        empty_days=empty_days,
    )  # fmt: skip
    if not replace:
        _refuse_restating(warehouse, found)
    _publish(warehouse, found)
    warehouse.registry.save_landed(table, {fingerprint: Path(path).name for path, fingerprint in found.files.items()})
    days = {staged.ds: staged.rows for staged in found.staged}
    return LandResult(table, tuple(new), known, days, found.gaps, found.columns, found.inferred, found.delimiter)


def _expand(patterns: Iterable[str]) -> list[str]:
    paths: list[str] = []
    for pattern in patterns:
        matched = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern, recursive=True))
        if not matched:
            raise refuse("missing-file", f"file == {pattern!r}, must be a file or match some.", fix="Check the path.")
        paths += matched
    return list(dict.fromkeys(paths))


def _refuse_owned(warehouse: Warehouse, pipelines: Iterable[Pipeline], table: str) -> None:
    if table.lower() in {name.lower() for name in warehouse.settings.sources}:
        fix = "A source is read where it is; land into another table, or remove the source."
        raise refuse("two-owners", f"table == {table}, must not be a source in drawloom.yml.", None, fix)
    owners = {name.lower(): step for pipeline in pipelines for name, step in pipeline.tables.items()}
    if table.lower() in owners:
        place = owners[table.lower()].where
        raise refuse("two-owners", f"table == {table}, must not be filled by a spec.", place, "Land into another.")


def _columns(warehouse: Warehouse, table: str, given: str | Sequence[Column] | None) -> tuple[Column, ...]:
    declared = parse_columns(given) if isinstance(given, str) else tuple(given or ())
    known = {name.lower(): columns for name, columns in warehouse.registry.columns().items()}.get(table.lower(), ())
    return declared or known


def parse_columns(text: str) -> tuple[Column, ...]:
    """Columns out of ``id BIGINT, at TIMESTAMP``.

    Raises:
        InputError: it is not of that form.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        made = parse_one(f"CREATE TABLE t ({text})", read="duckdb")
        found = [(part.name, part.args.get("kind")) for part in made.find_all(exp.ColumnDef)]
    except SqlglotError:
        found = []
    if not found or not all(kind for _, kind in found):
        fix = 'Write it like "id BIGINT, at TIMESTAMP, amount DECIMAL(9,2)".'
        raise refuse("bad-columns", f"columns == {text!r}, must be names with types.", None, fix)
    return tuple(Column(name, str(kind.sql("duckdb")).replace(", ", ",").upper()) for name, kind in found if kind)


def _refuse_restating(warehouse: Warehouse, found: Landing) -> None:
    """Refuse to change landed days. The same rows again are fine: an interrupted landing is finished that way."""
    records = find_existing(warehouse.registry.records(), warehouse.lake)[0].get(found.table, {})
    other = [staged.ds for staged in found.staged if _differs(warehouse, staged, records)]
    if other:
        days = f"{other[0]} and {len(other) - 1} more" if len(other) > 1 else f"{other[0]}"
        message = f"{found.table} {days} was already landed with other rows; a landed day must not change."
        fix = "Give all files of these days with --replace to restate them."
        raise refuse("landed", message, None, fix)


def _differs(warehouse: Warehouse, staged: Staged, records: Mapping[date, Record]) -> bool:
    if not warehouse.lake.stamp(staged.table, staged.ds):
        return False
    record = records.get(staged.ds)
    content = record.content if record else warehouse.local.inspect(staged.table, staged.ds).content
    return content != staged.content


def _publish(warehouse: Warehouse, found: Landing) -> None:
    inputs = {"": {Path(path).name: fingerprint for path, fingerprint in sorted(found.files.items())}}
    records = []
    for staged in found.staged:
        (stamp,) = warehouse.local.publish([staged])
        records.append(
            Record(
                staged.table,
                staged.ds,
                staged.run,
                staged.rows,
                staged.bytes,
                staged.content,
                CODE,
                inputs_digest(inputs),
                inputs,
                datetime.now(UTC),
                0.0,
                stamp,
            )
        )
    warehouse.registry.save(records, {found.table: found.columns})
