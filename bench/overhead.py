"""CPU of a task beyond its SQL: 200 small step-days through the local runner against a bare DuckDB loop.

Both write the same files from the same SELECTs. The loop has no registry, no checks of columns and days, no content
hash, no fsync, and a file that is half written when it is killed stays so: the difference is what all that costs.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import duckdb

from bench.measure import Call, Line, Report, side_by_side
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from drawloom.model import Days, Pipeline, Read, Step, Table
from drawloom.run.local_runner import LocalRunner
from drawloom.run.owners import History
from drawloom.run.plan import make_plan
from drawloom.run.registry import Registry
from drawloom.run.snapshot import WarehouseSnapshot
from drawloom.run.step_runner import StepRunner

START = date(2026, 1, 1)
DAYS = 50
SQL = {
    "core.base": ({}, "SELECT range AS id, range % 7 AS kind, range * 1.5 AS amount FROM range(1000)"),
    "core.kinds": (
        {"core.base": "0"},
        "SELECT kind, count(*) AS n, sum(amount) AS amount FROM core.base WHERE ds = DATE '{{ ds }}' GROUP BY kind",
    ),
    "core.week": (
        {"core.kinds": "-6..0"},
        """SELECT kind, max(n) AS n FROM core.kinds
        WHERE ds BETWEEN DATE '{{ ds }}' - 6 AND DATE '{{ ds }}' GROUP BY kind""",
    ),
    "core.both": (
        {"core.kinds": "0", "core.week": "0"},
        """SELECT k.kind, k.n, w.n AS most FROM core.kinds AS k JOIN core.week AS w USING (kind)
        WHERE k.ds = DATE '{{ ds }}' AND w.ds = DATE '{{ ds }}'""",
    ),
}
TASKS = DAYS * len(SQL)
PERIOD = [START + timedelta(days=n) for n in range(DAYS)]


def measure(runs: int) -> list[Report]:
    """The runner with one job and with two, against the loop."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        calls: dict[str, Call] = {
            "DuckDB loop": lambda: loop(root / "loop"),
            "drawloom, 1 job": lambda: run(root / "one", 1),
            "drawloom, 2 jobs": lambda: run(root / "two", 2),
        }
        for call in calls.values():  # the first of each loads libraries
            call()
        assert_same(root / "loop", root / "one")
        found = side_by_side(calls, runs, lambda: clear(root))
    lines = [Line(name, costs, TASKS) for name, costs in found.items()]
    bare = lines[0]
    beyond = [f"{line.name}: {1000 * (line.median - bare.median) / TASKS:.1f}" for line in lines[1:]]
    note = f"CPU ms per task beyond its SQL (goal <= 20): {', '.join(beyond)}"
    return [Report(f"Task overhead: {TASKS} tasks", lines, "task", bare.name, [note])]


def run(folder: Path, jobs: int) -> None:
    """All steps and days through the local runner."""
    with _open_warehouse(folder) as (engine, registry):
        plan = make_plan([_pipeline()], WarehouseSnapshot(), History(START, PERIOD[-1]))
        runner = LocalRunner(StepRunner(engine, {}), registry, WarehouseSnapshot(), jobs=jobs)
        summary = runner.run(plan)
    assert {result.outcome for result in summary.results} == {"written"}, summary.results[0]
    assert len(summary.results) == TASKS


def loop(folder: Path) -> None:
    """The same by hand."""
    with duckdb.connect(config={"threads": 1}) as con:
        for table, (_, sql) in SQL.items():
            for ds in PERIOD:
                target = _path(folder, table, ds)
                target.parent.mkdir(parents=True, exist_ok=True)
                text = sql.replace("{{ ds }}", ds.isoformat())
                for read, days in SQL[table][0].items():
                    text = re.sub(rf"\b{re.escape(read)}\b", _files(folder, read, ds, Days.parse(days)), text)
                con.execute(f"COPY ({text}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def assert_same(one: Path, other: Path) -> None:
    """Both ways give the same rows."""
    for table in SQL:
        paths = [f"read_parquet('{_path(folder, table, PERIOD[-1])}')" for folder in (one, other)]
        differ = duckdb.execute(f"FROM (FROM {paths[0]} EXCEPT ALL FROM {paths[1]})").fetchall()
        assert not differ, f"{table} differs"


def clear(folder: Path) -> None:
    """Remove what is in a folder."""
    for path in folder.iterdir():
        shutil.rmtree(path)


def _files(folder: Path, table: str, ds: date, days: Days) -> str:
    paths = [_path(folder, table, ds + timedelta(days=n)) for n in days if ds + timedelta(days=n) >= START]
    return f"read_parquet({[str(path) for path in paths]}, hive_partitioning=true)"


def _path(folder: Path, table: str, ds: date) -> Path:
    return Lake(folder).path(table, ds)


def _pipeline() -> Pipeline:
    steps = [
        Step(table, Table(table), sql=sql, reads=tuple(Read(t, Days.parse(d), "offset") for t, d in reads.items()))
        for table, (reads, sql) in SQL.items()
    ]
    return Pipeline("bench", "autodag", tuple(steps))


@contextmanager
def _open_warehouse(folder: Path) -> Iterator[tuple[DuckDB, Registry]]:
    registry = Registry(f"sqlite:///{folder}/registry.db")
    engine = DuckDB(Lake(folder))
    try:
        yield engine, registry
    finally:
        engine.close()
        registry.close()
