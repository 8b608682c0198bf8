"""One more day of running experiments from raw events: drawloom against SQL for each experiment and metric, and for each experiment.

The SQL computes what a team writes by hand: who was exposed first to what, their sums since, and mean and variance of each variant.
drawloom computes more on the way (CUPED, ratios, health, cuts by day, sequential intervals), and keeps the metric repository.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from bench.measure import Line, Report, child, drawloom, side_by_side

SHAPES = ("20x8",)  # experiments x metrics
SUBJECTS, EVENTS, DAYS = 100_000, 200_000, 4  # events of a day; the last day is the one that is measured
FIRST = "2026-01-01"
BY_HAND = """
import json, sys
import duckdb
folder, experiments, metrics, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "metric"
connection = duckdb.connect(config={"threads": 1})
groups = [[m] for m in range(metrics)] if each else [list(range(metrics))]
for experiment in range(experiments):
    for group in groups:
        sums = ", ".join(f"coalesce(sum(m{m}), 0) AS y{m}" for m in group)
        results = ", ".join(f"avg(y{m}), var_samp(y{m})" for m in group)
        connection.sql(f'''
            WITH exposed AS (
              SELECT subject, min(variant) AS variant, min(moment) AS since FROM read_parquet('{folder}/assignments/*/*.parquet')
              WHERE experiment = 'e{experiment}' GROUP BY subject HAVING count(DISTINCT variant) = 1
            ), of_subject AS (
              SELECT e.subject, e.variant, {sums} FROM exposed AS e
              LEFT JOIN read_parquet('{folder}/events/*/*.parquet') AS v ON v.subject = e.subject AND v.moment >= e.since GROUP BY ALL
            ) SELECT variant, count(*), {results} FROM of_subject GROUP BY variant''').fetchall()
"""


def measure(runs: int, shapes: Sequence[str] = SHAPES) -> Iterator[Report]:
    """A table for each shape."""
    for shape in shapes:
        experiments, metrics = map(int, shape.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            yield one_more_day(Path(folder), experiments, metrics, runs)


def one_more_day(folder: Path, experiments: int, metrics: int, runs: int) -> Report:
    """The last day, where all days before it are there."""
    raw, project = folder / "raw", folder / "project"
    write_raw(raw, experiments, metrics)
    write_project(project, raw, experiments, metrics)
    last = f"2026-01-{DAYS:02d}"
    before = f"2026-01-{DAYS - 1:02d}"
    drawloom("-C", project, "run", "--to", before)()
    lines = []
    hands = {
        f"SQL for each {what}": child(sys.executable, "-c", BY_HAND, raw, str(experiments), str(metrics), what)
        for what in ("metric", "experiment")
    }
    ours = []
    for number in range(runs):
        copy = Path(shutil.copytree(project, folder / f"copy{number}"))
        ours += side_by_side({"": drawloom("-C", copy, "run", "--ds", last)}, 1)[""]
        shutil.rmtree(copy)
    lines = [Line(name, costs, experiments * metrics) for name, costs in side_by_side(hands, runs).items()]
    lines.append(Line("drawloom run, one more day", ours, experiments * metrics))
    pairs = experiments * metrics
    title = f"{experiments} experiments x {metrics} metrics = {pairs:,} pairs, {SUBJECTS:,} subjects, {EVENTS:,} events a day, day {DAYS}"
    return Report(title, lines, "pair", "drawloom run, one more day")


def write_raw(folder: Path, experiments: int, metrics: int) -> None:
    """Events with one column for each metric, and assignments of three in ten subjects to each experiment."""
    values = ", ".join(f"hash(n * {m + 3}) % 100 AS m{m}" for m in range(metrics))
    for day in range(DAYS):
        ds = f"2026-01-{day + 1:02d}"
        for table in ("events", "assignments"):
            (folder / table / f"ds={ds}").mkdir(parents=True)
        moment = f"TIMESTAMP '{ds}' + INTERVAL 1 SECOND * CAST(hash(n) % 86400 AS INTEGER)"
        first, end = day * EVENTS, (day + 1) * EVENTS
        duckdb.sql(
            f"COPY (SELECT 's' || (hash(n * 7) % {SUBJECTS}) AS subject, {moment} AS moment, {values} FROM range({first}, {end}) AS r(n)) "
            f"TO '{folder}/events/ds={ds}/part.parquet'"
        )
        duckdb.sql(
            f"COPY (SELECT 'e' || e AS experiment, 's' || n AS subject, CASE WHEN hash(n * 31 + e) % 2 = 0 THEN 'a' ELSE 'b' END AS variant, {moment} AS moment "
            f"FROM range({SUBJECTS}) AS r(n), range({experiments}) AS x(e) WHERE hash(n * 17 + e) % 10 < 3 AND hash(n + e) % {DAYS} = {day}) "
            f"TO '{folder}/assignments/ds={ds}/part.parquet'"
        )


def write_project(folder: Path, raw: Path, experiments: int, metrics: int) -> None:
    """The metric repository and the experiments. JSON is YAML, too."""
    (folder / "specs").mkdir(parents=True)
    sources = {f"raw.{name}": {"files": f"{raw}/{name}/ds={{ds}}/*.parquet"} for name in ("events", "assignments")}
    settings = {"name": "bench", "start": FIRST, "end": f"2026-01-{DAYS:02d}", "sources": sources}
    (folder / "drawloom.yml").write_text(json.dumps(settings))
    common = {"owner": "bench@example.com", "until": "forever: a benchmark"}
    repository = {
        "kind": "metrics",
        "name": "events",
        "source": "raw.events",
        "time": "moment",
        "subjects": {"subject": "subject"},
        "metrics": {f"m{m}": {"type": "sum", "value": f"m{m}"} for m in range(metrics)},
    }
    (folder / "specs" / "events.yml").write_text(json.dumps(repository | common))
    for e in range(experiments):
        spec = {
            "kind": "experiment",
            "name": f"e{e}",
            "assignments": {
                "table": "raw.assignments",
                "where": f"experiment = 'e{e}'",
                "subject": "subject",
                "variant": "variant",
                "time": "moment",
            },
            "subject": "subject",
            "variants": {"a": 50, "b": 50},
            "start": FIRST,
            "end": f"2026-01-{DAYS:02d}",
            "pre_period": 0,
            "metrics": {"goal": [f"m{m}" for m in range(metrics)]},
            "owner": "bench@example.com",
        }
        (folder / "specs" / f"e{e}.yml").write_text(json.dumps(spec))
