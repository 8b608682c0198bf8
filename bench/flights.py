"""The flights demo, a year of 336,776 flights in 3,005 partitions of twelve tables, against the same by hand.

The script by hand is bench/by_hand.py. It has no registry, cannot continue where it was stopped, does not find what to
write again when a file or a SELECT changes, and declares by hand what drawloom infers from the SQL.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

from bench.by_hand import TABLES
from bench.measure import Call, Line, Report, child, drawloom, side_by_side
from drawloom.demo.data import build_project
from drawloom.demo.walkthrough import WALKTHROUGH

WAITING = (0, 3)  # the last day of raw.weather is missing in the data: its followers wait


def measure(runs: int) -> list[Report]:
    """The run step alone, and landing with it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build_project(root / "demo")
        for call in lands(root / "demo"):
            call()
        return [_run_step(root, runs), _landing_and_run(root, runs)]


def _run_step(root: Path, runs: int) -> Report:
    calls = {
        "by hand, 1 thread": by_hand(root, "--threads", "1"),
        "by hand, all threads": by_hand(root),
        "by hand, 1 thread, checks": by_hand(root, "--threads", "1", "--checks"),
        "drawloom run --jobs 1": drawloom("-C", root / "work", "run", "--jobs", "1", ok=WAITING),
        "drawloom run": drawloom("-C", root / "work", "run", ok=WAITING),
    }
    found = side_by_side(calls, runs, lambda: reset(root))
    by_hand(root)()
    assert_same(root / "hand", root / "work/lake")
    note = "goal <= 1.5; the specs have checks, so the like for like is the line by hand with checks"
    count = sum(len(list((root / "hand" / table.replace(".", "/")).iterdir())) for table in TABLES)
    lines = [Line(name, costs, count) for name, costs in found.items()]
    return Report(f"Flights, run step: {count:,} partitions", lines, "partition", lines[2].name, [note])


def _landing_and_run(root: Path, runs: int) -> Report:
    run = drawloom("-C", root / "work", "run", ok=WAITING)
    calls = {
        "by hand, 1 thread, checks": by_hand(root, "--land", "--checks", "--threads", "1"),
        "by hand, all threads, checks": by_hand(root, "--land", "--checks"),
        "drawloom land, land, run": lambda: [call() for call in (*lands(root / "work"), run)],
    }
    found = side_by_side(calls, runs, lambda: reset(root, landed=False))
    lines = [Line(name, costs) for name, costs in found.items()]
    return Report("Flights, landing and run", lines, "run", lines[0].name)


def lands(project: Path) -> list[Call]:
    """The demo's landings."""
    commands = [step.command for step in WALKTHROUGH if step.command[0] == "land"]
    return [drawloom("-C", project, *(p.replace("landing/", f"{project}/landing/") for p in c)) for c in commands]


def by_hand(root: Path, *options: str) -> Call:
    """The script by hand, over the landed partitions."""
    return child(sys.executable, "-m", "bench.by_hand", root / "demo", root / "hand", *options)


def reset(root: Path, *, landed: bool = True) -> None:
    """Both lakes as they are before the run step (or before landing)."""
    for name in ("hand", "work"):
        shutil.rmtree(root / name, ignore_errors=True)
    others = ("active_planes.yml", "asos.yml", "plane_*")  # growth and experiments have benchmarks of their own
    leave = (*others, *(() if landed else ("lake", ".drawloom")))
    shutil.copytree(root / "demo", root / "work", ignore=shutil.ignore_patterns(*leave))
    if landed:
        shutil.copytree(root / "demo/lake/raw", root / "hand/raw")


def assert_same(hand: Path, lake: Path) -> None:
    """Both ways give the same rows, day by day."""
    for table in TABLES:
        one, other = (
            f"(SELECT * REPLACE (ds::VARCHAR AS ds) FROM read_parquet('{root}/{table.replace('.', '/')}/*/*.parquet'))"
            for root in (hand, lake)
        )
        differ = f"SELECT count(*) FROM ((FROM {one} EXCEPT ALL FROM {other}) UNION ALL (FROM {other} EXCEPT ALL FROM {one}))"
        found = duckdb.execute(differ).fetchall()
        assert found == [(0,)], f"{table}: {found} rows differ"
