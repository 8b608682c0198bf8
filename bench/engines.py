"""The same specs on DuckDB, Spark and Trino, and what drawloom adds to SQL that is submitted by hand.

Needs running servers: `eval "$(scripts/engines up)"`. CPU is that of this process and of the engine's: the Java process of Spark,
the servers of Trino and of the Hive metastore. Engines take turns in one process; Spark keeps one session.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench.activity import START
from bench.growth import SPEC, link_days, write_project
from bench.measure import Cost, Line, Report, child, side_by_side
from drawloom.demo.data import build_project
from drawloom.engines.catalog.visible_days import limit_tables, parse_select
from drawloom.run.project import Project
from drawloom.run.step_runner import render_step
from drawloom.sql.dialect import transpile
from drawloom.sql.template.rendering import render

ENGINES = ("duckdb", "spark", "trino")
PARTS = ("heavy", "growth", "flights")
ROWS = {"spark": 3_200_000, "trino": 6_000_000}  # that a heavy step reads: some more than five seconds each
DAY = date(2026, 1, 1)
WARM = 2  # runs before those that count, for sessions, caches and compilers of the engines
LIGHT_WARM = 40  # runs of a light step before these: an engine that was just started still compiles its planner
EVENTS = """/* drawloom
table: {schema}.events
until: {{forever: a benchmark}}
*/
SELECT n AS id, n % 300007 AS person, n % 9973 AS item, CAST(n % 1000 AS DOUBLE) / 10 AS amount
FROM range({rows}) AS r(n)
"""
HEAVY = """/* drawloom
table: {schema}.{key}s
until: {{forever: a benchmark}}
checks:
  - not_null: [{key}]
  - unique: [{key}]
*/
SELECT
  {key},
  count(*) AS events,
  count(DISTINCT {other}) AS others,
  sum(amount) AS amount,
  max(md5(CAST(id AS VARCHAR))) AS most
FROM {schema}.events
WHERE ds = DATE '{{{{ ds }}}}'
GROUP BY {key}
"""
FEW = """/* drawloom
table: {schema}.few
until: {{forever: a benchmark}}
checks:
  - not_null: [item]
*/
SELECT item, count(*) AS events FROM {schema}.events WHERE ds = DATE '{{{{ ds }}}}' AND id < 1000 GROUP BY item
"""
TYPES = {"id": "BIGINT", "person": "BIGINT", "item": "BIGINT", "amount": "DOUBLE", "ds": "DATE"}
SHAPES = {"item": ("person", "ten thousand"), "person": ("item", "300,000")}  # key: what is counted, rows that come out


def measure(runs: int, entities: int = 100_000, days: int = 35, parts: Sequence[str] = PARTS) -> Iterator[Report]:
    """The overhead on two heavy queries, a growth day, and eight days of flights."""
    for name in ("DRAWLOOM_TRINO", "DRAWLOOM_METASTORE"):
        if name not in os.environ:
            raise SystemExit(f'{name} is not set. Run: eval "$(scripts/engines up)"')
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if "heavy" in parts:
            for engine, rows in ROWS.items():
                made = _events(root, engine, rows)
                for _ in range(LIGHT_WARM):
                    forced(made, engine, f"{_schema(engine)}.few")
            for key in SHAPES:
                yield _overhead(root, runs, key)
        if "growth" in parts:
            yield _growth(root, runs, entities, days)
        if "flights" in parts:
            yield _flights(root, runs)


def _schema(engine: str) -> str:
    """The schema of one engine's project: all share the metastore."""
    return f"heavy_{engine}_{os.getpid()}"


def _events(root: Path, engine: str, rows: int) -> Path:
    """A project with a table that DuckDB has filled."""
    folder, schema = root / engine, _schema(engine)
    (folder / "specs").mkdir(parents=True)
    (folder / "specs/events.sql").write_text(EVENTS.format(schema=schema, rows=rows))
    settings(folder, "duckdb", DAY, DAY)
    with Project.load(folder) as project:
        project.run(project.plan())
    (folder / "specs/few.sql").write_text(FEW.format(schema=schema))
    for key, (other, _) in SHAPES.items():
        (folder / f"specs/{key}s.sql").write_text(HEAVY.format(schema=schema, key=key, other=other))
    return folder


def _overhead(root: Path, runs: int, key: str) -> Report:
    """One step of a project against its own text, given to the engine by hand."""
    calls: dict[str, Callable[[], Cost]] = {}
    for engine in ("spark", "trino"):
        given = (root / engine, engine, f"{_schema(engine)}.{key}s")
        calls[f"{engine}, by hand"] = metered(engine, partial(by_hand, *given, checks=False))
        calls[f"{engine}, by hand, checked"] = metered(engine, partial(by_hand, *given, checks=True))
        calls[f"{engine}, drawloom"] = metered(engine, partial(forced, *given))
    for name in [*reversed(calls)] * WARM:  # drawloom is first: it shows the events to the catalog
        calls[name]()
    found = side_by_side(calls, runs)
    lines = [Line(name, costs) for name, costs in found.items()]
    notes = [_added(engine, lines) for engine in ("spark", "trino")]
    notes.append(
        "drawloom: plan, stage, rows, content hash, two checks, publish, record; by hand: one INSERT OVERWRITE, and, "
        "where it says so, the same two checks in one query"
    )
    read = ", ".join(f"{rows:,} rows on {engine}" for engine, rows in ROWS.items())
    return Report(f"One heavy step: {read}, to {SHAPES[key][1]}", lines, "run", "", notes)


def _added(engine: str, lines: list[Line]) -> str:
    cost = {line.name: (line.median, line.wall) for line in lines}
    own_cpu, own_wall = cost[f"{engine}, drawloom"]
    added = [
        f"{own_wall / wall - 1:+.0%} of clock and {own_cpu / cpu - 1:+.0%} of CPU to {label}"
        for label in ("by hand, checked", "by hand")
        for cpu, wall in [cost[f"{engine}, {label}"]]
    ]
    return f"{engine}: drawloom adds {', '.join(added)} (goal <= 10 %)"


def _growth(root: Path, runs: int, entities: int, days: int) -> Report:
    child("python", "-m", "bench.activity", root / "events", "--entities", str(entities), "--days", str(days + 1))()
    calls: dict[str, Callable[[], Cost]] = {}
    for engine in ENGINES:
        folder = root / f"growth_{engine}"
        spec = SPEC.replace("core.events", f"g{os.getpid()}_{engine}.events").replace(
            "name: people", f"name: people_{os.getpid()}_{engine}"
        )
        write_project(folder, spec, days)
        link_days(root, folder, days)
        _growth_settings(folder, engine, days)
        with Project.load(folder) as project:
            project.run(project.plan())
        link_days(root, folder, days + 1)
        _growth_settings(folder, engine, days + 1)
        calls[engine] = metered(engine, partial(forced_day, folder, START + timedelta(days=days)))
    found = side_by_side(calls, runs)
    lines = [Line(name, costs) for name, costs in found.items()]
    return Report(f"Growth, one day after {days} days: {entities:,} entities", lines, "day", "duckdb", [])


def _growth_settings(folder: Path, engine: str, days: int) -> None:
    source = f'  g{os.getpid()}_{engine}.events: {{files: "landing/ds={{ds}}/*.parquet"}}\n'
    settings(folder, engine, START, START + timedelta(days=days - 1), f"sources:\n{source}")


def _flights(root: Path, runs: int) -> Report:
    calls: dict[str, Callable[[], Cost]] = {}
    for engine in ENGINES:
        folder = root / f"flights_{engine}"
        build_project(folder)
        text = (folder / "drawloom.yml").read_text().replace("end: 2013-12-31", "end: 2013-01-08")
        (folder / "drawloom.yml").write_text(text + f"\nengine: {engine}\n")
        _own_schemas(folder, f"f{os.getpid()}{engine}")
        with Project.load(folder) as project:
            for table in ("flights", "weather"):
                schema = f"f{os.getpid()}{engine}raw"
                project.land(
                    f"{schema}.{table}",
                    [str(folder / f"landing/{table}-2013-01.parquet")],
                    ds="make_date(year, month, day)",
                )
        calls[engine] = metered(engine, partial(_all, folder))
    found = side_by_side(calls, runs)
    lines = [Line(name, costs) for name, costs in found.items()]
    return Report("Flights, eight days: all tables, forced, two jobs", lines, "run", "duckdb", [])


def _own_schemas(folder: Path, prefix: str) -> None:
    """The metastore is shared: each project has schemas of its own."""
    for path in (folder / "drawloom.yml", *(folder / "specs").iterdir()):
        text = path.read_text()
        for schema in ("raw", "ref", "core", "report"):
            text = text.replace(f" {schema}.", f" {prefix}{schema}.").replace(f"({schema}.", f"({prefix}{schema}.")
        path.write_text(text.replace("name: planes\n", f"name: {prefix}planes\n"))


def _all(folder: Path) -> None:
    with Project.load(folder) as project:
        _assert_succeeded(project.run(project.plan(force=True, names=[p.name for p in project.pipelines])))


def settings(folder: Path, engine: str, start: date, end: date, more: str = "") -> None:
    """drawloom.yml, with another engine in one line."""
    text = f"name: bench\nstart: {start}\nend: {end}\ndefaults: {{owner: bench@example.com}}\nengine: {engine}\n{more}"
    (folder / "drawloom.yml").write_text(text)


def forced(folder: Path, engine: str, table: str) -> None:
    """drawloom run TABLE --force --only, in this process."""
    settings(folder, engine, DAY, DAY)
    with Project.load(folder) as project:
        _assert_succeeded(project.run(project.plan([table], DAY, DAY, upstream=False, force=True), jobs=1))


def forced_day(folder: Path, ds: date) -> None:
    """drawloom run --ds D --force, in this process."""
    with Project.load(folder) as project:
        _assert_succeeded(project.run(project.plan([p.name for p in project.pipelines], ds, ds, force=True), jobs=1))


def by_hand(folder: Path, engine: str, table: str, *, checks: bool) -> None:
    """The text that drawloom runs, given to the engine as one INSERT OVERWRITE, and its checks as one query."""
    settings(folder, engine, DAY, DAY)
    with Project.load(folder) as project:
        (pipeline,) = project.select([table])
        step = pipeline.steps[0]
        text = render_step(step, pipeline.schedule, DAY)
        known = {f"{table.partition('.')[0]}.events": TYPES}
        translated = transpile(limit_tables(parse_select(text, "duckdb"), "duckdb", {}), "duckdb", engine, known)
        target, columns = f"{table}_by_hand", "id BIGINT, events BIGINT, others BIGINT, amount DOUBLE, most "
        opened: Any = project.engine
        run: Any = opened.client.run if engine == "trino" else lambda sql: opened.spark.sql(sql).collect()
        if engine == "spark":
            run(f"CREATE TABLE IF NOT EXISTS {target} ({columns} STRING, ds DATE) USING parquet PARTITIONED BY (ds)")
            run(f"INSERT OVERWRITE {target} PARTITION (ds = DATE '{DAY}') {translated}")
        else:
            keyed = "WITH (partitioned_by = ARRAY['ds'])"
            run(f"CREATE TABLE IF NOT EXISTS {target} ({columns} VARCHAR, ds DATE) {keyed}")
            again = {f"{opened.client.catalog}.insert_existing_partitions_behavior": "OVERWRITE"}
            run(f"INSERT INTO {target} SELECT q.*, DATE '{DAY}' FROM ({translated}) AS q", properties=again)
        if checks:
            run(transpile(_checks(step, pipeline.schedule, target, table), "duckdb", engine, {}))


def _checks(step: Any, schedule: Any, target: str, table: str) -> str:
    """The checks of a step as one query over the table that was filled by hand."""
    key = table.rpartition(".")[2].removesuffix("s")
    staged = f"SELECT * FROM {target} AS t ({key}, events, others, amount, most, ds) WHERE ds = DATE '{DAY}'"
    checks = [render(one.sql, DAY, schedule=schedule, staged="staged").text for one in step.checks]
    found = " UNION ALL ".join(f"(SELECT 1 AS n FROM ({sql}) AS c LIMIT 1)" for sql in checks)
    return f"WITH staged AS ({staged}) {found}"


def metered(engine: str, call: Callable[[], None]) -> Callable[[], Cost]:
    """The call with the CPU of this process and of the engine's processes."""

    def run() -> Cost:
        before, start = _cpu(engine), time.perf_counter()
        call()
        return Cost(_cpu(engine) - before, time.perf_counter() - start)

    return run


def _cpu(engine: str) -> float:
    found = [psutil.Process()]
    if engine == "spark":
        found += [one for one in psutil.Process().children(recursive=True) if "java" in one.name()]
    if engine == "trino":
        found += _listening(os.environ["DRAWLOOM_TRINO"])
    if engine != "duckdb":
        found += _listening(os.environ["DRAWLOOM_METASTORE"])
    return sum(sum(one.cpu_times()[:2]) for one in found)


def _listening(url: str) -> list[psutil.Process]:
    port = urlsplit(url).port
    pids = {
        c.pid
        for c in psutil.net_connections("tcp")
        if c.status == "LISTEN" and c.laddr and c.laddr.port == port and c.pid
    }
    return [psutil.Process(pid) for pid in pids]


def _assert_succeeded(summary: Any) -> None:
    failed = [result for result in summary.results if result.outcome in {"failed", "blocked"}]
    if failed:
        raise RuntimeError(failed[0].error or failed[0])
