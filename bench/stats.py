"""Statistics of a partition by tier, against reading it once, DuckDB's SUMMARIZE and polars; and a year of states merged.

30 columns of mixed types, 100,000 and 1,000,000 rows, and 1,000 columns of 100,000 rows; all with one thread. The floor is a hash
of all values. Ours is what a step does: the same task, with its check of what a text may read, states, and statistics of them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from bench.measure import Call, Line, Report, child, side_by_side
from drawloom.frameworks.stats.merge import merge_states
from drawloom.frameworks.stats.metrics import TIERS, Tier
from drawloom.frameworks.stats.scan import ScanPlan, scan_table
from drawloom.frameworks.stats.steps import states_table, stats_table
from drawloom.run.project import Project

DAY = date(2026, 1, 1)
SHAPES = ("30x100000", "30x1000000", "1000x100000")
SETTINGS = """name: bench
start: 2026-01-01
end: 2026-01-01
defaults: {owner: bench@example.com}
sources:
  raw.wide: {files: "wide/{ds}.parquet"}
"""
# Nine integers, six floats and decimals, three booleans, eight texts, three times, one list.
COLUMNS = (
    "i", "(i * 7919) % 1000003", "(i * 31) % 97", "CAST(i % 7 AS TINYINT)", "CAST(i % 30000 AS SMALLINT)",
    "CASE WHEN i % 5 = 0 THEN NULL ELSE i % 1000 END", "CAST(i % 3 AS INTEGER)", "-i", "CAST(i // 10 AS INTEGER)",
    "(i * 7919) % 1000003 / 7", "CASE WHEN i % 1000 = 0 THEN 'NaN'::DOUBLE ELSE sin(i) END",
    "CASE WHEN i % 1000 = 1 THEN 'Infinity'::DOUBLE ELSE i / 3 END", "CAST(cos(i) AS FLOAT)",
    "CASE WHEN i % 3 = 0 THEN NULL ELSE ln(i + 1) END", "CAST(i % 100000 / 100 AS DECIMAL(12, 2))",
    "i % 2 = 0", "i % 3 = 0", "CASE WHEN i % 4 = 0 THEN NULL ELSE i % 5 = 0 END",
    "md5(CAST(i AS VARCHAR))", "'https://example.com/p/' || (i % 5000)", "'u' || ((i * 7919) % 100003) || '@example.com'",
    "['US', 'DE', 'FR', 'GB', 'JP'][1 + i % 5]", "CASE WHEN i % 10 = 0 THEN '' ELSE 'product ' || (i % 300) END",
    "CASE WHEN i % 6 = 0 THEN NULL ELSE 'c' || (i % 40) END", "repeat('x', CAST(i % 20 AS INTEGER))", "CAST(i AS VARCHAR)",
    "DATE '2020-01-01' + CAST(i % 2000 AS INTEGER)", "TIMESTAMP '2026-01-01' + INTERVAL 1 SECOND * (i % 86400)",
    "CASE WHEN i % 9 = 0 THEN NULL ELSE TIMESTAMP '2025-01-01' + INTERVAL 1 MINUTE * (i % 500000) END",
    "[i % 3, i % 5]",
)  # fmt: skip


def measure(runs: int, *, shapes: Sequence[str] = SHAPES, peers: str | None = None) -> Iterator[Report]:
    """A report for each shape, columns x rows, and one of merging; ``peers`` is a Python that has polars."""
    for shape in shapes:
        columns, rows = map(int, shape.split("x"))
        with _project(columns, rows) as (project, file):
            calls: dict[str, Call] = {f"drawloom, {tier}": partial(_ours, project, tier) for tier in TIERS}
            calls |= {"floor: hash of all": partial(_floor, file), "SUMMARIZE": partial(_summarize, file)}
            calls |= {"polars, the same as standard": _polars(file, peers)} if peers else {}
            costs = side_by_side(calls, runs)
            lines = [Line(name, found) for name, found in costs.items()]
            yield Report(f"{columns} columns x {rows:,} rows", lines, base="floor: hash of all")
    yield _merging(runs, "standard")
    yield _merging(runs, "full")


@contextmanager
def _project(columns: int, rows: int) -> Iterator[tuple[Project, Path]]:
    with tempfile.TemporaryDirectory(prefix="drawloom-bench-") as folder:
        root, file = Path(folder), Path(folder) / "wide" / f"{DAY}.parquet"
        file.parent.mkdir()
        (root / "drawloom.yml").write_text(SETTINGS)
        items = ", ".join(f"{COLUMNS[n % len(COLUMNS)]} AS c{n}" for n in range(columns))
        with duckdb.connect() as connection:
            made = f"SELECT {items} FROM range({rows}) AS t(i)"
            connection.execute(f"COPY ({made}) TO '{file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 500000)")
        with Project.load(root) as project:
            _ours(project, "footer")  # imports and opens
            yield project, file


def _ours(project: Project, tier: Tier) -> pa.Table:
    with project.local.task({"raw.wide": [DAY]}) as task:
        states = scan_table(task.query, '"raw"."wide"', ScanPlan(tier), f"ds = DATE '{DAY}'")
    made = states_table("raw.wide", states, "duckdb")
    made = made.append_column("ds", pa.array([DAY] * made.num_rows, pa.date32()))
    return stats_table("raw.wide", "partition", merge_states(made).statistics(), "duckdb")


def _floor(file: Path) -> None:
    _run(f"SELECT bit_xor(hash(COLUMNS(*))) FROM '{file}'")


def _summarize(file: Path) -> None:
    _run(f"SUMMARIZE SELECT * FROM '{file}'")


def _run(sql: str) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(sql).fetchall()


def _polars(file: Path, python: str) -> Call:
    return child(python, Path(__file__).with_name("stats_polars.py"), file, env={"POLARS_MAX_THREADS": "1"})


def _merging(runs: int, tier: Tier) -> Report:
    """A year of states of ten columns, merged, and the same statistics of a scan of its rows."""
    plan = ScanPlan(tier)
    columns = ", ".join(f"{COLUMNS[n]} AS c{n}" for n in (0, 1, 5, 9, 13, 14, 20, 21, 26, 27))
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            f"CREATE TABLE year AS SELECT {columns}, CAST(i % 365 AS INTEGER) AS day FROM range(1000000) t(i)"
        )
        query: Callable[[str], pa.Table] = lambda sql: connection.sql(sql).to_arrow_table()  # noqa: E731
        days = []
        for n in range(365):
            one = states_table("raw.wide", scan_table(query, "year", plan, f"day = {n}"), "duckdb")
            days.append(one.append_column("ds", pa.array([DAY + timedelta(days=n)] * one.num_rows, pa.date32())))
        year = pa.concat_tables(days)
        calls: dict[str, Call] = {
            "365 days of states merged": lambda: list(merge_states(year).statistics()),
            "the year scanned": lambda: scan_table(query, "year", plan),
        }
        costs = side_by_side(calls, runs)
    lines = [Line(name, found) for name, found in costs.items()]
    return Report(f"A year of 10 columns, 1,000,000 rows, {tier}", lines, base="the year scanned")


if __name__ == "__main__":
    from bench.measure import show

    show(list(measure(1, peers=sys.argv[1] if len(sys.argv) > 1 else None)), as_json=False)
