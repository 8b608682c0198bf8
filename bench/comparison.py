"""The same three tables in dbt, SQLMesh and drawloom: raw rides, cleaned rides by day with late rows, revenue of cities over a week.

The projects are in bench/comparison/. Each tool gets a virtual environment of its own, made with uv, which needs the network.
After each step the tables must be equal in all three. SQLMesh and dbt see the time that they are told; dbt runs the days of its
look-back, as its microbatches do by themselves when the clock is right.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb

from bench.measure import Cost, Line, Report, child, cost

PROJECTS = Path(__file__).with_suffix("")
VENVS = Path(tempfile.gettempdir()) / "drawloom-bench-venvs"
START, DAYS, RIDES = date(2026, 1, 1), 40, 3000
LAST, NEXT, AFTER = (str(START + timedelta(days=DAYS + n)) for n in (-1, 0, 1))
WEEK, MONTH = str(START + timedelta(days=DAYS - 2)), str(START + timedelta(days=DAYS - 29))
QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "0", "DO_NOT_TRACK": "1", "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "1"}
STEPS = (
    f"first run, {DAYS} days",
    "check the project",
    "run again, nothing new",
    "one more day, with late rows",
    "30 days again",
    "unit test",
    "a bad row",
)
ROWS = {
    "rides": "SELECT CAST(ds AS DATE) AS ds, ride_id, city, started_at, amount FROM {} ORDER BY ride_id",
    "city_revenue": "SELECT CAST(ds AS DATE) AS ds, city, rides, revenue, revenue_7d FROM {} ORDER BY ds, city",
}


@dataclass(frozen=True)
class Tool:
    """One contender: what is installed, its commands for each step, and where its tables are."""

    name: str
    packages: Sequence[str]
    commands: Mapping[str, Sequence[Sequence[str]]]
    table: str
    found: dict[str, Cost] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        """The Python that has the tool; drawloom's is this one."""
        return VENVS / self.name / "bin" / "python" if self.packages else Path(sys.executable)


def _dbt(first: str, end: str) -> list[list[str]]:
    days = ["--event-time-start", first, "--event-time-end", end]
    return [["dbt", "build", *days, "--exclude-resource-type", "unit_test"]]


def _sqlmesh(now: str, *more: str) -> list[list[str]]:
    return [["sqlmesh", "plan", "--auto-apply", "--no-prompts", "--execution-time", now, *more]]


TOOLS = (
    Tool(
        "dbt",
        ("dbt-core<1.12", "dbt-duckdb"),
        dict(
            zip(
                STEPS,
                (
                    _dbt(str(START), NEXT),
                    [["dbt", "parse", "--no-partial-parse"]],
                    _dbt(WEEK, NEXT),
                    _dbt(WEEK, AFTER),
                    _dbt(MONTH, AFTER),
                    [["dbt", "test", "--select", "test_type:unit"]],
                    _dbt(NEXT, AFTER),
                ),
                strict=True,
            )
        ),
        "core.{}",
    ),
    Tool(
        "sqlmesh",
        ("sqlmesh",),
        dict(
            zip(
                STEPS,
                (
                    _sqlmesh(NEXT),
                    [["sqlmesh", "info"]],
                    _sqlmesh(NEXT, "--run"),
                    _sqlmesh(AFTER, "--run"),
                    _sqlmesh(AFTER, "--restate-model", "core.rides", "--start", MONTH, "--end", NEXT),
                    [["sqlmesh", "test"]],
                    _sqlmesh(AFTER, "--restate-model", "core.rides", "--start", NEXT, "--end", NEXT),
                ),
                strict=True,
            )
        ),
        "core.{}",
    ),
    Tool(
        "drawloom",
        (),
        dict(
            zip(
                STEPS,
                (
                    [["bash", "land.sh"], ["drawloom", "run"]],
                    [["drawloom", "check"]],
                    [["drawloom", "run"]],
                    [["bash", "land.sh"], ["drawloom", "run"]],
                    [["drawloom", "run", "--force", "--from", MONTH, "--to", NEXT]],
                    [["drawloom", "test"]],
                    [["bash", "land.sh"], ["drawloom", "run"]],
                ),
                strict=True,
            )
        ),
        "read_parquet('lake/core/{}/*/*.parquet', hive_partitioning = true)",
    ),
)


def measure(runs: int) -> list[Report]:
    """One table for each step, and what was seen besides."""
    costs: dict[tuple[str, str], list[Cost]] = {}
    notes = [f"{tool.name}: {_versions(tool)}; {_lines(PROJECTS / tool.name)} lines" for tool in TOOLS]
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            notes += [note for note in _run(Path(folder), costs) if note not in notes]
    reports = [Report(step, [Line(t.name, costs[t.name, step]) for t in TOOLS], base="drawloom") for step in STEPS]
    return [*reports[:-1], Report(reports[-1].title, reports[-1].lines, base="drawloom", notes=notes)]


def _run(root: Path, costs: dict[tuple[str, str], list[Cost]]) -> list[str]:
    rides = _make_rides()
    for tool in TOOLS:
        shutil.copytree(PROJECTS / tool.name, root / tool.name)
    for step in STEPS:
        if step.startswith(("first", "one more", "a bad")):
            _arrive(root, rides, step)
        for tool in TOOLS:
            ok = (0, 1) if step == "a bad row" else (0,)
            spent = _cost(tool, step, root / tool.name, ok)
            costs.setdefault((tool.name, step), []).append(spent)
            print(f"{step}: {tool.name} {spent.cpu:.1f} s of CPU", file=sys.stderr, flush=True)  # it takes many minutes
        if step.startswith(("first", "run again", "one more", "30 days")):
            _compare(root, step)
    return [f"{tool.name}: {_bad_rows(tool, root / tool.name)} bad rows are visible afterwards" for tool in TOOLS]


def _make_rides() -> duckdb.DuckDBPyConnection:
    """Rides with a day and the day on which they arrived: two of fifty come one or two days late."""
    connection = duckdb.connect()
    connection.execute(f"""CREATE TABLE rides AS
        SELECT n AS ride_id, started_at, (37 * n % 4000 + 300) / 100 AS amount, CAST(started_at AS DATE) + late AS arrived,
          CASE WHEN n % 3 = 0 THEN ' city ' ELSE 'City ' END || n * 7919 % 23 AS city
        FROM (SELECT range AS n, CASE range % 50 WHEN 1 THEN 1 WHEN 2 THEN 2 ELSE 0 END AS late,
          TIMESTAMP '{START}' + to_days(CAST(range // {RIDES} AS INTEGER)) + to_seconds(range * 104729 % 86400) AS started_at
          FROM range({RIDES * (DAYS + 1)}))""")
    return connection


def _arrive(root: Path, rides: duckdb.DuckDBPyConnection, step: str) -> None:
    """The files that have come by the time of a step."""
    days = [NEXT] if not step.startswith("first") else [str(START + timedelta(days=n)) for n in range(DAYS)]
    name = "bad" if step == "a bad row" else "rides"
    query = "SELECT ride_id, city, started_at, amount FROM rides WHERE arrived = '{}' ORDER BY ride_id"
    if name == "bad":
        query = "SELECT 999999999 AS ride_id, NULL AS city, TIMESTAMP '{} 12:00:00' AS started_at, 5.00 AS amount"
    for day in days:
        for tool in TOOLS:
            folder = root / tool.name / "landing" / f"arrived={day}"
            folder.mkdir(parents=True, exist_ok=True)
            rides.execute(f"COPY ({query.format(day)}) TO '{folder / name}.csv' (HEADER)")
    settings = root / "drawloom" / "drawloom.yml"  # its history ends yesterday by default
    settings.write_text(settings.read_text().replace(f"end: {LAST}", f"end: {days[-1]}"))


def _cost(tool: Tool, step: str, folder: Path, ok: Sequence[int]) -> Cost:
    here = f"cd '{folder}' && "
    path = {"PATH": f"{tool.python.parent}{os.pathsep}{os.environ['PATH']}", **QUIET}
    text = here + " && ".join(" ".join(f"'{word}'" for word in command) for command in tool.commands[step])
    return cost(child("bash", "-c", text, ok=ok, env=path))


def _compare(root: Path, step: str) -> None:
    """Fails where the tables of the tools differ."""
    for table, query in ROWS.items():
        found = {tool.name: _dump(tool, root / tool.name, query.format(tool.table.format(table))) for tool in TOOLS}
        different = [name for name, rows in found.items() if rows != found["drawloom"]]
        if different or not found["drawloom"]:
            raise RuntimeError(f"{step}: {table} of {different or 'all'} differs or is empty")


def _dump(tool: Tool, folder: Path, query: str) -> str:
    """The rows as text, read with the tool's own DuckDB."""
    database = "warehouse.duckdb" if tool.packages else ":memory:"
    connect = f"import duckdb; c = duckdb.connect({database!r}); c.execute('SET enable_progress_bar = false')"
    program = f"{connect}; print(c.execute({query!r}).fetchall())"
    done = subprocess.run([tool.python, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def _bad_rows(tool: Tool, folder: Path) -> str:
    table = tool.table.format("rides")
    return _dump(tool, folder, f"SELECT count(*) FROM {table} WHERE city IS NULL").strip("[(,)]\n")


def _lines(folder: Path) -> int:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(1 for path in files for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _versions(tool: Tool) -> str:
    """Installs the tool where it is missing; what it is and what it runs on."""
    if tool.packages and not tool.python.exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", VENVS / tool.name, "--python", sys.executable], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", tool.python, *tool.packages], check=True)
    names = [*(one.partition("<")[0] for one in tool.packages or ("drawloom",)), "duckdb"]
    program = f"from importlib.metadata import version\nprint(*(f'{{n}} {{version(n)}}' for n in {names!r}), sep=', ')"
    return subprocess.run([tool.python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
