"""Training sets: a spine of a million rows by drawloom, exact and as of days, against the definition as one join with FILTERs.

With `--peers PYTHON`, a Python that has Feast 0.67, Feast's own join of the same features of days stands beside ours.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import duckdb

from bench.feature_events import START
from bench.feature_spines import AGGREGATES, SPINE, WINDOWS
from bench.features import module, run, write_project
from bench.growth import CLI
from bench.measure import Cost, Line, Report, child, side_by_side, watched

DAYS = 90
EVENTS, ENTITIES = 5_000_000, 100_000
ROWS = 1_000_000
ROWS_OF_FEAST = 100_000
SPEC = """kind: features
name: people
entity: {name: person, key: entity_id}
source: {table: core.events, time: moment, tie_breaker: seq}
windows: [7d, 28d, ltd]
measures:
  amount: {value: amount, ops: [count, sum, min, max]}
until: {forever: a benchmark}
"""


def measure(runs: int, peers: str | None = None) -> Iterator[Report]:
    """A report of a large spine; and of a smaller one with Feast, where its Python is given."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sizes = {"--events": EVENTS, "--entities": ENTITIES, "--days": DAYS}
        child(*module("feature_events"), root / "events", *(str(w) for pair in sizes.items() for w in pair))()
        write_project(root, DAYS, SPEC)
        run(root)()
        yield _against_definition(root, runs)
        if peers:
            yield _against_feast(root, runs, peers)


def _against_definition(root: Path, runs: int) -> Report:
    _write_spine(root, ROWS)
    exact, snapshot, naive, start = (
        "drawloom, exact",
        "drawloom, as of days",
        "naive: one join with FILTERs",
        "drawloom, three rows",
    )
    calls = {
        exact: _training_set(root, "temporal"),
        snapshot: _training_set(root, "snapshot"),
        naive: watched(*module("feature_spines"), root),
        start: _training_set(root, "temporal", spine="three.parquet"),
    }
    found = {name: Line(name, costs) for name, costs in side_by_side(calls, runs).items()}
    _compare(root)
    notes = [
        f"naive takes {found[naive].median / found[name].median:.1f} x the CPU of {name}" for name in (exact, snapshot)
    ]
    return Report(
        f"Training sets: {ROWS:,} rows, {EVENTS:,} events of {ENTITIES:,} entities, 12 features",
        list(found.values()),
        "spine",
        exact,
        notes,
    )


def _against_feast(root: Path, runs: int, python: str) -> Report:
    """The same rows by Feast, over the features of days as `export-feast` writes them."""
    _write_spine(root, ROWS_OF_FEAST)
    child(sys.executable, "-c", CLI, "-C", root / "work", "features", "export-feast", root / "feast")()
    child(Path(python).with_name("feast"), "-c", root / "feast", "apply")()
    ours = "drawloom, as of days"
    calls = {
        ours: _training_set(root, "snapshot"),
        "Feast": watched(python, Path(__file__).with_name("feature_feast.py"), root),
    }
    found = {name: Line(name, costs) for name, costs in side_by_side(calls, runs).items()}
    notes = [f"Feast takes {found['Feast'].median / found[ours].median:.1f} x the CPU"]
    return Report(
        f"Training sets as of days: {ROWS_OF_FEAST:,} rows, 12 features", list(found.values()), "spine", ours, notes
    )


def _training_set(root: Path, accuracy: str, spine: str = "spine.parquet") -> Callable[[], Cost]:
    target = root / f"{accuracy}-{Path(spine).stem}"
    command = watched(
        *(sys.executable, "-c", CLI, "-C", root / "work", "features", "training-set", "people.*"),
        *("--spine", root / spine, "--time", "moment", "--assume-utc", "--accuracy", accuracy, "-o", target),
    )

    def call() -> Cost:
        shutil.rmtree(target, ignore_errors=True)
        return command()

    return call


def _write_spine(root: Path, rows: int) -> None:
    """Moments of the last 30 days, of entities of which a few have most of them."""
    with duckdb.connect() as con:
        for name, count in (("spine", rows), ("three", 3)):
            given = {"entities": ENTITIES, "count": count, "ds": str(START + timedelta(days=DAYS - 30))}
            con.execute(f"COPY ({SPINE}) TO '{root}/{name}.parquet' (FORMAT parquet)", given)


def _compare(root: Path) -> None:
    """Fail where a value of the exact set differs from the definition by more than nine digits."""
    names = [f"amount_{name}_{window}" for window in WINDOWS for name in AGGREGATES]
    far = " OR ".join(
        f"abs(o.{n} - p.{n}) > 1e-9 * greatest(abs(p.{n}), 1) OR (o.{n} IS NULL) <> (p.{n} IS NULL)" for n in names
    )
    with duckdb.connect() as con:
        query = f"SELECT count(*), count(*) FILTER (WHERE {far}) FROM '{root}/temporal-spine/*.parquet' AS o FULL JOIN '{root}/naive.parquet' AS p USING (row_number)"
        total, wrong = con.execute(query).fetchall()[0]
    if wrong or total != ROWS:
        raise RuntimeError(f"{wrong} of {total} rows differ from the definition")
