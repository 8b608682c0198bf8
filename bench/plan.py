"""`drawloom plan` and `drawloom status` as whole processes, over 10,000 and 100,000 partitions that are known."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from bench.build import START, fill, restate, write_project
from bench.measure import Line, Report, drawloom, side_by_side

DAYS = 365
SIZES = (27, 273)  # tables, each with a year; the raw one comes on top


def measure(runs: int) -> list[Report]:
    """One table for each size."""
    return [_measure(tables, runs) for tables in SIZES]


def _measure(tables: int, runs: int) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write_project(project, tables, DAYS)
        known = fill(project, DAYS)
        commands = {"plan": ("plan",), "status": ("status",), "plan --format json": ("plan", "--format", "json")}
        calls = {name: drawloom("-C", project, *command) for name, command in commands.items()}
        found = side_by_side({"drawloom --help": drawloom("--help"), **calls}, runs)
        restate(project, START + timedelta(days=DAYS - 30))
        found |= side_by_side({"plan, a raw day restated": drawloom("-C", project, "plan")}, runs)
    lines = [Line(name, costs) for name, costs in found.items()]
    note = "goal at 10k: plan and status <= 2 s, whole process"
    return Report(f"Plan: {known:,} partitions known, {tables} steps", lines, "run", notes=[note])
