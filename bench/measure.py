"""CPU seconds of calls and of child processes, side by side, as an aligned table or as JSON."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Call = Callable[[], object]
BYTECODE = {
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "drawloom-bench-bytecode"),
}
# A process begins with its parent's peak of memory, so that one which is small must start it.
WATCH = """
import json, os, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, used = os.wait4(child.pid, 0)
wall = time.perf_counter() - start
megabyte = 2**20 if sys.platform == "darwin" else 2**10
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "wall": wall, "peak": used.ru_maxrss / megabyte}))
child.returncode = os.waitstatus_to_exitcode(status)
sys.exit(min(abs(child.returncode), 255))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: CPU seconds of user and system in all threads and child processes, seconds of clock, and MB.

    The peak of memory is measured by ``watched`` only and 0 otherwise; so is the clock where it was not measured.
    """

    cpu: float
    wall: float = 0.0
    peak: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One contender: its runs, and how many units of work each of them did."""

    name: str
    costs: Sequence[Cost]
    units: int = 1
    note: str = ""

    @property
    def cpu(self) -> list[float]:
        return sorted(cost.cpu for cost in self.costs)

    @property
    def median(self) -> float:
        return statistics.median(self.cpu)

    @property
    def wall(self) -> float:
        return statistics.median(cost.wall for cost in self.costs)

    @property
    def peak(self) -> float:
        return max(cost.peak for cost in self.costs)


@dataclass(frozen=True, slots=True)
class Report:
    """One table. Ratios are against the median CPU of the line named ``base``, per unit."""

    title: str
    lines: Sequence[Line]
    unit: str = "run"
    base: str = ""
    notes: Sequence[str] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One flat row for each contender, for people and machines alike."""
        base = next((line.median / line.units for line in self.lines if line.name == self.base), 0.0)
        with_wall, with_peak = any(line.wall for line in self.lines), any(line.peak for line in self.lines)
        return [
            {
                "what": line.name,
                "runs": len(line.costs),
                "cpu min": round(line.cpu[0], 3),
                "cpu median": round(line.median, 3),
                "cpu max": round(line.cpu[-1], 3),
                **({"wall median": round(line.wall, 3)} if with_wall else {}),
                f"ms/{self.unit}": round(1000 * line.median / line.units, 3),
                "ratio": round(line.median / line.units / base, 2) if base else None,
                **({"peak MB": round(line.peak) or None} if with_peak else {}),
                "note": line.note,
            }
            for line in self.lines
        ]


def cost(call: Call) -> Cost:
    """Run once and measure, children that have ended included; a call that measures itself gives its Cost."""
    cpu, wall = _cpu(), time.perf_counter()
    own = call()
    return own if isinstance(own, Cost) else Cost(_cpu() - cpu, time.perf_counter() - wall)


def child(*command: str | Path, ok: Sequence[int] = (0,), env: Mapping[str, str] | None = None) -> Call:
    """A call that runs a command and fails, with its output, when its exit code is none of ``ok``."""

    def call() -> None:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **BYTECODE, **(env or {})}
        )
        if done.returncode not in ok:
            raise RuntimeError(
                f"{' '.join(map(str, command))}: exit {done.returncode}\n{(done.stdout + done.stderr)[-2000:]}"
            )

    return call


def watched(*command: str | Path) -> Callable[[], Cost]:
    """A call that runs a command and gives its cost with its peak of memory; fails when the command does.

    Python keeps its bytecode, as it does for users, whatever the environment of the benchmark says.
    """

    def call() -> Cost:
        started = (sys.executable, "-S", "-c", WATCH, *map(str, command))
        done = subprocess.run(started, capture_output=True, text=True, check=False, env={**os.environ, **BYTECODE})
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr[-2000:]}")
        return Cost(**json.loads(done.stdout))

    return call


def drawloom(*arguments: str | Path, ok: Sequence[int] = (0,)) -> Call:
    """A call that runs the command line as a process of its own, as a user does."""
    return child(Path(sys.executable).with_name("drawloom"), *arguments, ok=ok)


def side_by_side(calls: Mapping[str, Call], runs: int, before: Call | None = None) -> dict[str, list[Cost]]:
    """All contenders in turn, ``runs`` times over, so that a busy machine is busy for all; ``before`` is not measured."""
    costs: dict[str, list[Cost]] = {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            if before:
                before()
            costs[name].append(cost(call))
    return costs


def show(reports: Sequence[Report], *, as_json: bool) -> None:
    """Print the tables."""
    if as_json:
        print(json.dumps([{"title": r.title, "rows": r.rows(), "notes": list(r.notes)} for r in reports], indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 150, soft_wrap=False)
    for report in reports:
        rows = report.rows()
        table = Table(title=report.title, title_justify="left", box=None, pad_edge=False)
        for name in rows[0]:
            table.add_column(name, justify="left" if name in {"what", "note"} else "right", overflow="fold")
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        console.print(table)
        console.print(*(f"  {note}" for note in report.notes), sep="\n", highlight=False)
        console.print()


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
