"""Reading SQL: ours against the readers of others on the texts of TPC-DS and TPC-H; and `drawloom check` on 1,000 files.

Each reader runs in a process of its own (bench/readers.py). What they do differs: openlineage-sql, sqllineage and
drawloom tell tables and columns; drawloom also the days of each table; sqlfluff parses. The slow ones get each tenth
text. `right` counts the texts for which exactly the tables of DuckDB's own binder were found.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.build import RAW, land, name, write_project
from bench.measure import Cost, Line, Report, drawloom, side_by_side
from bench.readers import READERS, TEXTS, load

SLOW = {"sqllineage": 10, "sqlfluff parse": 10}  # each n-th text
FILES = 1000
LONG = """WITH recent AS (
  SELECT
    ds,
    kind,
    count(*) AS events,
    count(DISTINCT id) AS ids,
    sum(amount) AS amount
  FROM {before}
  WHERE ds BETWEEN DATE '{{{{ ds }}}}' - INTERVAL '{days}' DAY AND DATE '{{{{ ds }}}}'
  GROUP BY ds, kind
),

usual AS (
  SELECT
    kind,
    avg(events) AS events,
    avg(amount) AS amount
  FROM recent
  WHERE ds < DATE '{{{{ ds }}}}'
  GROUP BY kind
)

SELECT
  e.id,
  e.kind,
  CASE
    WHEN e.kind = 'refund' THEN -e.amount
    WHEN e.kind IN ('gift', 'test') THEN 0
    ELSE e.amount
  END AS amount,
  r.events,
  r.ids,
  r.amount / nullif(u.amount, 0) AS amount_to_usual,
  r.events / nullif(u.events, 0) AS events_to_usual
FROM {first} AS e
JOIN recent AS r ON r.kind = e.kind AND r.ds = e.ds
LEFT JOIN usual AS u ON u.kind = e.kind
WHERE e.ds = DATE '{{{{ ds }}}}'
  AND e.id IS NOT NULL
"""


def measure(runs: int) -> list[Report]:
    """Readers, then check."""
    reports = [_readers(runs)] if TEXTS.is_dir() else []
    return [*reports, _check(runs)]


def _readers(runs: int) -> Report:
    count = len(load("tpc.jsonl"))
    lines = []
    for reader in READERS:
        answers = [_read(reader, SLOW.get(reader, 1)) for _ in range(1 if reader in SLOW else runs)]
        costs = [Cost(sum(answer["ms"]) / 1000, sum(answer["ms"]) / 1000) for answer in answers]
        texts = len(answers[0]["ms"])
        typical = min(statistics.median(answer["ms"]) for answer in answers)
        note = (
            f"median {typical:.2f} ms; tables right {answers[0]['right']}/{texts}; failed {len(answers[0]['failed'])}"
        )
        lines.append(Line(reader, costs, texts, note))
    notes = ["ms/text is the mean; `note` has the median text; wall is not measured; uncached"]
    return Report(f"Reading SQL: {count} texts of TPC-DS and TPC-H", lines, "text", lines[0].name, notes)


def _read(reader: str, every: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.readers", reader, str(every)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _check(runs: int) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write_project(project, FILES, 365, text=long_select)
        land(project, 1)
        check = drawloom("-C", project, "check")
        cold = side_by_side(
            {"check, cold": check}, runs, lambda: shutil.rmtree(project / ".drawloom", ignore_errors=True)
        )
        warm = side_by_side({"check, warm": check}, runs)
    lines = [Line(which, costs, FILES) for which, costs in (cold | warm).items()]
    lines_of = len(long_select(1).splitlines())
    note = f"goals: cold <= 10 s, warm <= 2 s; each file has {lines_of} lines of SQL; whole process"
    return Report(f"drawloom check: {FILES:,} files", lines, "file", notes=[note])


def long_select(n: int) -> str:
    """A SELECT of forty lines over two tables, never two the same."""
    before = name(n - 1) if n % 10 else RAW
    first = name(n // 10 * 10) if n % 10 > 1 else before
    return LONG.format(before=before, first=first, days=n % 28 + 1)
