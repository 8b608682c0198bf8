"""CPU of reading DAGs as Airflow's DAG processor does: drawloom's loader, the same DAGs by hand, and by dag-factory.

Each reading is a process of its own, in turn. What the DAG processor has loaded before it forks is shown and not
counted; what a contender imports on top is counted, as it is for every file and every reading.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.airflow_shapes import Shape, files_of, write_by_hand, write_drawloom, write_yaml
from bench.measure import BYTECODE

SHAPES = ("100x10", "1x2000", "1000x5", "1000x10", "5x2000")
OURS, PLAIN, LEAN, YAML = "drawloom", "by hand", "by hand, params last", "dag-factory"
LIBRARIES = {
    OURS: "drawloom.airflow.dags",
    PLAIN: "bench.airflow_operators",
    LEAN: "bench.airflow_operators",
    YAML: "dagfactory",
}
Reading = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Readings:
    """One table: the readings of each contender."""

    title: str
    found: Mapping[str, Sequence[Reading]]
    notes: Sequence[str]

    def rows(self) -> list[dict[str, Any]]:
        """One flat row for each contender; seconds of CPU are medians unless the name says otherwise."""
        bases = {name: statistics.median(map(_total, self.found[name])) for name in (PLAIN, LEAN)}
        return [_row(name, readings, bases) for name, readings in self.found.items()]


def measure(runs: int, shapes: Sequence[str] = SHAPES) -> Iterator[Readings]:
    """One table for each shape, when it is done."""
    return (_measure(Shape.parse(shape), runs) for shape in shapes)


def _measure(shape: Shape, runs: int) -> Readings:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        folders = {name: root / f"dags{n}" for n, name in enumerate(LIBRARIES)}
        write_drawloom(shape, root / "project", folders[OURS])
        files = files_of(folders[OURS])
        write_by_hand(files, folders[PLAIN], params_last=False)
        write_by_hand(files, folders[LEAN], params_last=True)
        write_yaml(files, folders[YAML])
        for name, library in LIBRARIES.items():  # the first leaves bytecode
            _read(library, folders[name], root)
        found: dict[str, list[Reading]] = {name: [] for name in LIBRARIES}
        for _ in range(runs):
            for name, library in LIBRARIES.items():
                found[name].append(_read(library, folders[name], root))
    same = len({reading["facts"] for name in (OURS, LEAN) for reading in found[name]}) == 1
    assert same, "drawloom and the code by hand differ in what Airflow serializes"
    return Readings(f"Reading {shape}, {len(files)} files", found, _notes(found))


def _read(library: str, dags: Path, home: Path) -> Reading:
    """One process; no database is needed."""
    airflow = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/none.db",
        "DO_NOT_TRACK": "1",
    }
    command = (sys.executable, "-m", "bench.airflow_once", library, str(dags))
    env = {**os.environ, **BYTECODE, **airflow}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=env)
    if done.returncode:
        raise RuntimeError(f"{library}: exit {done.returncode}\n{(done.stdout + done.stderr)[-2000:]}")
    found: Reading = json.loads(done.stdout.splitlines()[-1])
    return found


def _row(name: str, readings: Sequence[Reading], bases: Mapping[str, float]) -> dict[str, Any]:
    totals = sorted(map(_total, readings))
    return {
        "what": name,
        "import": _median(reading["import"] for reading in readings),
        "build": _median(_sum(reading, "build") for reading in readings),
        "serialize": _median(_sum(reading, "serialize") for reading in readings),
        "total": " / ".join(f"{total:.2f}" for total in (totals[0], statistics.median(totals), totals[-1])),
        "ratio": round(statistics.median(totals) / bases[PLAIN], 2),
        "ratio, last": round(statistics.median(totals) / bases[LEAN], 2),
        "ms/task": round(1000 * statistics.median(totals) / _sum(readings[0], "tasks"), 3),
        "JSON kB": round(_sum(readings[0], "bytes") / 1000),
        "slowest file": _median(max(map(_seconds, reading["files"])) for reading in readings),
        "for a task": _median(max(file["task"] for file in reading["files"]) for reading in readings),
        "stability check": _median(_sum(reading, "check") for reading in readings),
    }


def _notes(found: Mapping[str, Sequence[Reading]]) -> list[str]:
    airflow = sorted(reading["airflow"] for readings in found.values() for reading in readings)
    tasks = {name: _sum(readings[0], "tasks") for name, readings in found.items()}
    return [
        f"{tasks[OURS]:,} tasks with sensors; Airflow's own imports, not counted: {airflow[0]:.2f} to {airflow[-1]:.2f} s",
        "total = import + build + serialize, minimum / median / maximum; drawloom and `params last` serialize to the same",
        "for a task: the same file read for one of its tasks, as each process of a task does; only its DAG is wanted",
        "stability check: what the DAG processor does before it reads a file, not in the total",
        "ratio: to `by hand`; ratio, last: to `params last`",
        "goals: ratio <= 1.3, slowest file <= 30 s",
    ]


def _total(reading: Reading) -> float:
    return float(reading["import"]) + sum(map(_seconds, reading["files"]))


def _seconds(file: Mapping[str, float]) -> float:
    return file["build"] + file["serialize"]


def _sum(reading: Reading, key: str) -> Any:
    return sum(file[key] for file in reading["files"])


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)
