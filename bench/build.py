"""A project of any size, cheaply: real specs, a real registry, and real files that share their bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from drawloom.engines.lake import Lake
from drawloom.model import LANDED, Column, Inputs, Record, inputs_digest
from drawloom.run.project import Project

START = date(2025, 1, 1)
RAW = "raw.events"
COLUMNS = (Column("id", "BIGINT"), Column("kind", "VARCHAR"), Column("amount", "DOUBLE"))
SETTINGS = """name: bench
start: {start}
end: {end}
defaults: {{owner: bench@example.com}}
"""
SPEC = """/* drawloom
table: {table}
until: {{forever: a benchmark}}
*/
{sql}
"""


def write_project(folder: Path, tables: int, days: int, text: Callable[[int], str] | None = None) -> None:
    """drawloom.yml and one SELECT for each table, the n-th as ``text`` gives it."""
    (folder / "specs").mkdir(parents=True)
    end = START + timedelta(days=days - 1)
    (folder / "drawloom.yml").write_text(SETTINGS.format(start=START, end=end), encoding="utf-8")
    for n in range(tables):
        spec = SPEC.format(table=name(n), sql=(text or select)(n))
        (folder / "specs" / f"{name(n)}.sql").write_text(spec, encoding="utf-8")


def name(n: int) -> str:
    """The n-th table: ten of them build on each other, then comes the next ten."""
    return f"core.t{n:04}"


def select(n: int) -> str:
    """Every tenth reads the raw table; the others the one before, some a week or the month to date besides."""
    source = name(n - 1) if n % 10 else RAW
    more = ""
    if n % 10 in {3, 6, 9}:
        more = f"""
LEFT JOIN (
  SELECT kind, avg(amount) AS usual FROM {name(n - 2)}
  WHERE ds BETWEEN DATE '{{{{ ds }}}}' - INTERVAL '6' DAY AND DATE '{{{{ ds }}}}'
  GROUP BY kind
) AS w ON w.kind = e.kind"""
    elif n % 10 == 7:
        more = f"""
LEFT JOIN (
  SELECT kind, sum(amount) AS so_far FROM {name(n - 7)}
  WHERE ds BETWEEN date_trunc('month', DATE '{{{{ ds }}}}') AND DATE '{{{{ ds }}}}'
  GROUP BY kind
) AS m ON m.kind = e.kind"""
    return f"""SELECT e.id, e.kind, CAST(e.amount * {n + 1} AS DOUBLE) AS amount
FROM {source} AS e{more}
WHERE e.ds = DATE '{{{{ ds }}}}' AND e.amount > 0"""


def land(folder: Path, days: int) -> None:
    """Give the raw table its files and records."""
    with Project.load(folder) as project:
        registry = project.registry  # before there are files: it would be restored from them
        lake = project.lake
        records = [_record(lake, RAW, START + timedelta(days=n), LANDED, {}) for n in range(days)]
        registry.save(records, {RAW: COLUMNS})


def fill(folder: Path, days: int) -> int:
    """Give every partition a file and a record, as if all had been run; the number of partitions with the raw ones."""
    land(folder, days)
    with Project.load(folder) as project:
        snapshot = project.snapshot()
        for partition in project.plan().todo:
            inputs = snapshot.inputs(partition.needs.visible)
            snapshot.add(_record(project.lake, *partition.key, partition.step.fingerprint, inputs))
        for table, made in snapshot.records.items():
            project.registry.save(made.values(), {table: COLUMNS})
        return sum(len(made) for made in snapshot.records.values())


def restate(folder: Path, ds: date) -> None:
    """Pretend that a raw day was landed anew with other rows."""
    with Project.load(folder) as project:
        record = project.registry.records()[RAW][ds]
        changed = Record(RAW, ds, record.run, 1, record.bytes, "restated", LANDED, at=record.at, stamp=record.stamp)
        project.registry.save([changed])


def _record(lake: Lake, table: str, ds: date, code: str, inputs: Inputs) -> Record:
    path = lake.path(table, ds)
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = path.parent.parent / ".seed"  # one for each table: a file has no more than 65,000 names on ext4
    if not seed.exists():
        pq.write_table(pa.table({"id": [1], "kind": ["a"], "amount": [1.0]}), seed)
    os.link(seed, path)
    content = hashlib.blake2b(f"{table} {ds}".encode(), digest_size=8).hexdigest()
    stamp = lake.stamp(table, ds) or ""
    return Record(
        table, ds, "bench", 1, 900, content, code, inputs_digest(inputs), inputs, datetime.now(UTC), 0.01, stamp
    )
