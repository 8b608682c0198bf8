"""`drawloom run` where there is nothing to do: 100 steps x 365 days, all of them fresh.

Beside it what a Makefile would do: one file says which file is made from which, and a file is stale when an input is
newer. That check sees neither changed code, nor a file that somebody else wrote, nor that an input came out as it was.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from bench.build import fill, write_project
from bench.measure import Line, Report, child, drawloom, side_by_side
from drawloom.run.project import Project

STEPS, DAYS = 100, 365
STAT = """
import os, sys
times = {}
def mtime(path):
    if path not in times:
        times[path] = os.stat(path).st_mtime_ns
    return times[path]
stale = 0
for line in open(sys.argv[1]):
    target, _, inputs = line.rstrip("\\n").partition(": ")
    made = mtime(target)
    stale += any(mtime(path) > made for path in inputs.split(" "))
print(stale)
sys.exit(stale > 0)
"""


def measure(runs: int) -> list[Report]:
    """The run, the plan alone, and the naive checks."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write_project(project, STEPS, DAYS)
        fill(project, DAYS)
        rules = Path(folder) / "rules"
        partitions, edges = write_rules(project, rules)
        calls = {
            "stat of every file, Python": child(sys.executable, "-c", STAT, rules),
            "drawloom run": drawloom("-C", project, "run"),
            "drawloom plan": drawloom("-C", project, "plan"),
        }
        if make := shutil.which("make"):
            calls["GNU make -rRq"] = child(make, "-rRq", "-f", rules.with_suffix(".mk"))
        lines = [Line(name, costs, partitions) for name, costs in side_by_side(calls, runs).items()]
    title = f"Rerun of a fresh project: {STEPS} steps x {DAYS} days = {partitions:,} partitions, {edges:,} inputs"
    return [Report(title, lines, "partition", lines[0].name)]


def write_rules(project: Path, rules: Path) -> tuple[int, int]:
    """The partitions and their inputs as lines and as a Makefile; how many partitions and inputs."""
    edges = 0
    lines = []
    with Project.load(project) as opened:
        partitions = opened.plan().partitions
        for partition in partitions:
            needs = [opened.lake.path(t, ds) for t, days in partition.needs.visible.items() for ds in days if ds]
            edges += len(needs)
            lines.append(f"{opened.lake.path(*partition.key)}: {' '.join(map(str, needs))}")
    rules.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # In a Makefile = would be an assignment, were it not written as a variable's value.
    text = "e := =\nall:" + "".join(f" {line.partition(': ')[0]}" for line in lines) + "\n" + "\n".join(lines) + "\n"
    escaped = text.replace("ds=", "ds$(e)")
    rules.with_suffix(".mk").write_text(escaped, encoding="utf-8")
    return len(partitions), edges
