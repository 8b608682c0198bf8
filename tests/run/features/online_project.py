"""A project whose features are pushed to a store, with partitions that no source is needed for; and a push to be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pyarrow as pa

from drawloom.model import Table
from drawloom.run.features.online.rows import Version
from drawloom.run.project import Project

TODAY = datetime.now(UTC).date()
DAYS = [TODAY - timedelta(days=n) for n in (2, 1)]
SETTINGS = "name: rides\nstart: 2026-01-01\ndefaults: {owner: ml@example.com}\nsources: {raw.rides: {files: 'raw/ds={ds}/*.csv', columns: {rider: VARCHAR, at: TIMESTAMP, fare: DOUBLE}}}\n"
SPEC = """kind: features
name: activity
entity: {name: rider, key: rider}
source: {table: raw.rides, time: at}
measures: {fare: {value: fare, ops: [count, sum, {last_k: 2}], windows: [7d]}}
until: "forever: a test"
"""
ROWS = """SELECT 'r' || n AS rider, DATE '2026-01-01' AS first_ds, DATE '2026-01-02' AS last_ds, n AS fare_count_7d,
  CASE WHEN n % 2 = 0 THEN CAST(n + 0.5 AS DOUBLE) END AS fare_sum_7d, [n::VARCHAR, (n + 1)::VARCHAR] AS fare_last_k_7d FROM range({count}) AS r(n)"""


def write_project(root: Path, online: str, count: int = 3) -> Path:
    """The project, with partitions of the last two days that differ by their number of rows."""
    (root / "specs").mkdir(parents=True)
    (root / "drawloom.yml").write_text(SETTINGS)
    (root / "specs" / "activity.yml").write_text(f"{SPEC}online: {online}\n")
    with Project.load(root) as project:
        for number, day in enumerate(DAYS):
            with project.engine.task({}) as task:
                staged = task.stage(Table("features.activity"), day, ROWS.format(count=count + number), {})
                project.engine.publish([staged])
    return root


def a_version(table: str, ds: date, count: int, more: Callable[[], None] = lambda: None) -> Version:
    """Rows of a day as they are pushed; ``more`` is called after the first of two batches."""
    schema = pa.schema([("rider", pa.string()), ("ds", pa.date32()), ("rides", pa.int64())])
    expires = int((datetime.now(UTC) + timedelta(days=1)).timestamp())

    def batches() -> Iterator[pa.Table]:
        yield _rows(range(count), ds, schema)
        more()
        yield _rows(range(count, 2 * count), ds, schema)

    return Version(table, ("rider",), schema, ds, expires, batches())


def _rows(numbers: Iterable[int], ds: date, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{"rider": f"r{n}", "ds": ds, "rides": n} for n in numbers], schema)


def kill_half_way(store: str, table: str, count: int) -> None:
    """Push from another process, which is killed when half of the rows are written.

    Args:
        store: an expression for the store, in ``drawloom.run.features.online``.
        table: the table.
        count: the rows of each half.
    """
    script = f"""
        import time
        from pathlib import Path
        from drawloom.run.features.online.postgres import PostgresStore
        from drawloom.run.features.online.redis import RedisStore
        from drawloom.run.features.online.sqlite import SQLiteStore
        from tests.run.features.online_project import TODAY, a_version

        def wait():
            print("half", flush=True)
            time.sleep(600)

        {store}.replace(a_version({table!r}, TODAY, {count}, wait))
    """
    command = [sys.executable, "-c", dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as child:
        assert child.stdout
        assert child.stdout.readline() == "half\n"
        child.kill()
