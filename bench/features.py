"""Features: one more day of drawloom against the scan of the history, FILTERs over it, and a query for each window; a backfill.

Forty features, eight of each window of 1, 7, 28 and 60 days and of all so far. Generated events (bench/feature_events.py),
every contender a process of its own with one thread. The values are compared after the last run.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import duckdb

from bench.feature_events import START
from bench.feature_peers import AGGREGATES, WINDOWS, suffix
from bench.growth import CLI, PLAN, link_data
from bench.measure import Cost, Line, Report, child, side_by_side, watched

SHAPES = {"sparse": (5_000_000, 100_000, 90), "dense": (20_000_000, 50_000, 90), "large": (50_000_000, 1_000_000, 12)}
BACKFILL_DAYS = 60
SETTINGS = """name: bench
start: {start}
end: {end}
defaults: {{owner: bench@example.com}}
engine: {{kind: duckdb, memory: 4GB}}
sources:
  core.events: {{files: "landing/ds={{ds}}/*.parquet"}}
"""
SPEC = """kind: features
name: people
entity: {name: person, key: entity_id}
source: {table: core.events, time: moment, tie_breaker: seq}
windows: [1d, 7d, 28d, 60d, ltd]
measures:
  events: {ops: [count]}
  amount: {value: amount, ops: [count, sum, avg, min, max, stddev, last]}
until: {forever: a benchmark}
"""
PEERS = {
    "DuckDB alone, start-up": "nothing",
    "floor: read all events": "floor",
    "naive: one query with FILTERs": "naive",
    "a query for each window": "by_window",
}


def measure(runs: int, shapes: Sequence[str] = ("sparse", "dense")) -> Iterator[Report]:
    """A report of a day for each shape, and of the backfill of the sparse one."""
    for part in shapes:
        events, entities, days = SHAPES[part]
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            sizes = {"--events": events, "--entities": entities, "--days": days}
            child(*module("feature_events"), root / "events", *(str(w) for pair in sizes.items() for w in pair))()
            yield _day(root, runs, part)
            if part == "sparse":
                yield _backfill(root, runs)


def _day(root: Path, runs: int, part: str) -> Report:
    """One more day, after all the others were run."""
    events, entities, days = SHAPES[part]
    write_project(root, days - 1)
    built = run(root)()
    (root / "work").rename(root / "built")
    last = START + timedelta(days=days - 1)

    def reset() -> None:
        shutil.rmtree(root / "work", ignore_errors=True)
        shutil.copytree(root / "built", root / "work", copy_function=link_data, symlinks=True)
        write_project(root, days)

    calls = {
        "drawloom run, one day": run(root),
        "drawloom started, planned, DuckDB opened": watched(sys.executable, "-c", PLAN, root / "work"),
        **{label: _peer(root, name, str(last)) for label, name in PEERS.items()},
    }
    found = side_by_side(calls, runs, reset)
    reset()
    run(root)()
    _compare(root, str(last))
    lines = [Line(name, costs) for name, costs in found.items()]
    title = f"Features, one day after {days - 1} days, {part}: {events:,} events of {entities:,} entities"
    before = f"the {days - 1} days before it in one run: {built.cpu:.1f} s, {built.peak:,.0f} MB at the peak"
    return Report(title, lines, "day", lines[0].name, [*_ratios(lines, entities), before])


def _ratios(lines: Sequence[Line], entities: int) -> list[str]:
    cpu = {line.name: line.median for line in lines}
    start = cpu["DuckDB alone, start-up"]
    ours = cpu["drawloom run, one day"] - cpu["drawloom started, planned, DuckDB opened"]
    floor, naive, windows = (cpu[name] - start for name in list(PEERS)[1:])
    return [
        "drawloom: all tables of one more day, with start-up, plan, content hashes, and the registry of features",
        f"without start-up: drawloom {ours:.2f} s = {ours / floor:.2f} x the floor",
        f"naive {naive / ours:.1f} x, a query for each window {windows / ours:.1f} x drawloom",
        f"peak memory of drawloom {1e6 * lines[0].peak / entities:.0f} bytes for each entity and day",
    ]


def _backfill(root: Path, runs: int) -> Report:
    """The first days in one run of drawloom, and day after day over all events so far."""
    last = START + timedelta(days=BACKFILL_DAYS - 1)
    calls = {
        "drawloom run, all days": run(root),
        "naive, day after day": watched(*module("feature_loop"), root / "events", str(BACKFILL_DAYS)),
    }

    def reset() -> None:
        shutil.rmtree(root / "work", ignore_errors=True)
        write_project(root, BACKFILL_DAYS)

    found = side_by_side(calls, runs, reset)
    lines = [Line(name, costs, BACKFILL_DAYS) for name, costs in found.items()]
    ratio = lines[1].median / lines[0].median
    return Report(
        f"Features, backfill of {BACKFILL_DAYS} days up to {last}",
        lines,
        "day",
        lines[0].name,
        [f"naive takes {ratio:.1f} x the CPU"],
    )


def _compare(root: Path, last: str) -> None:
    """Fail where a value of the day differs from the naive one by more than nine digits."""
    ours = f"read_parquet('{root / 'work'}/lake/features/people/ds={last}/*.parquet')"
    with duckdb.connect() as con:
        names = [f"{name}_{suffix(window)}" for window in WINDOWS for name in AGGREGATES]
        far = " OR ".join(
            f"abs(o.{n} - p.{n}) > 1e-9 * greatest(abs(p.{n}), 1) OR (o.{n} IS NULL) <> (p.{n} IS NULL)" for n in names
        )
        query = f"SELECT count(*), count(*) FILTER (WHERE {far}) FROM {ours} AS o FULL JOIN '{root}/naive.parquet' AS p USING (entity_id)"
        total, wrong = con.execute(query).fetchall()[0]
        if wrong or not total:
            raise RuntimeError(f"{wrong} of {total} rows differ from the naive ones")


def write_project(root: Path, days: int, spec: str = SPEC) -> None:
    """The project over the events of its first days."""
    folder = root / "work"
    (folder / "specs").mkdir(parents=True, exist_ok=True)
    end = START + timedelta(days=days - 1)
    (folder / "drawloom.yml").write_text(SETTINGS.format(start=START, end=end), encoding="utf-8")
    (folder / "specs/people.yml").write_text(spec, encoding="utf-8")
    if not (folder / "landing").exists():
        (folder / "landing").symlink_to(root / "events", target_is_directory=True)


def run(root: Path) -> Callable[[], Cost]:
    """A run of all that is missing, with one thread."""
    return watched(sys.executable, "-c", CLI, "-C", root / "work", "run", "--jobs", "1")


def _peer(root: Path, name: str, ds: str) -> Callable[[], Cost]:
    return watched(*module("feature_peers"), name, root / "events", ds)


def module(name: str) -> tuple[str, ...]:
    """The command of a module of this folder."""
    return sys.executable, "-m", f"bench.{name}"
