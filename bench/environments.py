"""Planning an environment of 1,000 specs of which one has changed, as whole processes, and the plan of production beside it.

Ten of fourteen days are made, so that there is something to look at and something to wait for. A run is one of an
environment that has been built: it plans and finds nothing to write.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

from bench.build import RAW, fill, name, write_project
from bench.measure import Call, Line, Report, drawloom, side_by_side

TABLES = 1000
DAYS, MADE = 14, 10
LAYERS = (100, 450, 900, TABLES)  # where staging, core, marts and reports end
CHANGED = 50  # a table of staging, which others depend on
TEXT = """WITH usual AS (
  SELECT
    kind,
    count(*) AS events,
    count(DISTINCT id) AS ids,
    avg(amount) AS amount
  FROM {second}
  WHERE ds BETWEEN DATE '{{{{ ds }}}}' - INTERVAL '{days}' DAY AND DATE '{{{{ ds }}}}'
  GROUP BY kind
)

SELECT
  e.id,
  e.kind,
  CASE
    WHEN e.kind = 'refund' THEN -e.amount
    WHEN e.kind IN ('gift', 'test') THEN 0
    WHEN u.ids > 100 THEN e.amount / nullif(u.amount, 0)
    ELSE CAST(e.amount AS DOUBLE)
  END AS amount
FROM {first} AS e
LEFT JOIN usual AS u ON u.kind = e.kind
WHERE e.ds = DATE '{{{{ ds }}}}'
  AND e.id <> {n}
"""


def measure(runs: int) -> list[Report]:
    """What is planned again, what was just edited, and what no process has read before."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write_project(project, TABLES, DAYS, text=select)
        partitions = fill(project, MADE)
        spec, number = project / "specs" / f"{name(CHANGED)}.sql", itertools.count(TABLES)
        before = spec.read_text(encoding="utf-8")

        def edit() -> None:
            spec.write_text(before.replace(f"<> {CHANGED}", f"<> {next(number)}"), encoding="utf-8")

        def forget() -> None:
            edit()
            shutil.rmtree(project / ".drawloom")

        dev, production = _command(project, "plan", "--env", "dev"), _command(project, "plan")
        plans = {"plan --env dev": dev, "plan": production}
        found = {f"{what}, no cache": costs for what, costs in side_by_side(plans, 1, forget).items()}
        found |= {f"{what}, one spec just edited": costs for what, costs in side_by_side(plans, runs, edit).items()}
        _command(project, "run", "--env", "dev")()
        again = {**plans, "run --env dev, nothing to write": _command(project, "run", "--env", "dev")}
        found |= {f"{what}, again": costs for what, costs in side_by_side(again, runs).items()}
    lines = [Line(what, costs) for what, costs in found.items()]
    notes = [
        "goal: plan and run --env dev with one changed spec plan in <= 3 s, whole process",
        "no cache: not one of the specs has been read before, as after a clone; measured once",
    ]
    return [Report(f"Environments: {TABLES:,} specs, {partitions:,} partitions known", lines, "run", notes=notes)]


def _command(project: Path, *arguments: str) -> Call:
    return drawloom("-C", project, *arguments, ok=(0, 3))  # days that have not landed are waited for


def select(n: int) -> str:
    """The n-th table, of two of the layer below it: staging of the raw table, core of staging, marts of core, reports of marts."""
    layer = next(number for number, end in enumerate(LAYERS) if n < end)
    first = second = RAW
    if layer:
        start, end = (0, *LAYERS)[layer - 1 : layer + 1]
        first, second = (name(start + (n * step + layer) % (end - start)) for step in (7, 11))
    return TEXT.format(first=first, second=second, days=n % 7, n=n)
