"""Finding out what a step reads on 10,000 days: measured for each day, and read from the file that keeps the results."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

from bench.measure import Call, Line, Report, side_by_side
from drawloom.model import Pipeline, Step, Table
from drawloom.run.day_reads import DayReads
from drawloom.sql import analyze

DAYS = [date(1997, 1, 1) + timedelta(days=n) for n in range(10_000)]
TEXTS = {
    "seven days": "SELECT id FROM m.a WHERE ds BETWEEN DATE '{{ ds }}' - 6 AND DATE '{{ ds }}'",
    "month to date": "SELECT id FROM m.a WHERE ds BETWEEN date_trunc('month', DATE '{{ ds }}') AND DATE '{{ ds }}'",
    "CASE": "SELECT id FROM m.a WHERE ds > DATE '{{ ds }}' - CASE WHEN day(DATE '{{ ds }}') = 13 THEN 13 ELSE 1 END"
    " AND ds <= DATE '{{ ds }}'",
}


def measure(runs: int) -> list[Report]:
    """One line for each text and way; seven days are the same offsets on every day and need no measuring."""
    with tempfile.TemporaryDirectory() as folder:
        calls: dict[str, Call] = {}
        for name, text in TEXTS.items():
            step = _step(text)
            _read(step, Path(folder))
            calls |= {f"{name}, measured": _reader(step, None), f"{name}, kept": _reader(step, Path(folder))}
        found = side_by_side(calls, runs)
    lines = [Line(name, costs, len(DAYS)) for name, costs in found.items()]
    return [
        Report(
            f"What a step reads on {len(DAYS):,} days", lines, "day", notes=["`drawloom plan` needs it for each step"]
        )
    ]


def _step(text: str) -> Step:
    found = analyze(text)
    return Step("core.t", Table("core.t"), sql=text, reads=found.reads, days_vary=found.days_vary)


def _reader(step: Step, cache: Path | None) -> Call:
    return lambda: _read(step, cache)


def _read(step: Step, cache: Path | None) -> None:
    reads = DayReads([Pipeline("p", "autodag", (step,))], {}, {}, cache)
    reads.prepare(step, DAYS)
    for day in DAYS:
        reads.on(step, day)
