"""How long a command takes in a small project, where starting is most of it: that of `drawloom init`, with all partitions known."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.measure import Line, Report, drawloom, side_by_side

TEXT = "SELECT customer, sum(amount) AS spent FROM raw.orders WHERE ds = '{{ ds }}' GROUP BY customer\n"


def measure(runs: int) -> list[Report]:
    """Commands that only read, each as a whole process.

    Advice is given for a file of the project and for a text outside of it, which needs neither the registry nor the specs.
    """
    with tempfile.TemporaryDirectory() as folder:
        project, text = Path(folder) / "project", Path(folder) / "alone.sql"
        drawloom("init", project)()
        drawloom("-C", project, "run")()
        (spec,) = (project / "specs").glob("*.sql")
        text.write_text(TEXT)
        found = side_by_side(
            {
                "drawloom --version": drawloom("--version"),
                "plan": drawloom("-C", project, "plan"),
                "check": drawloom("-C", project, "check"),
                "advise, in the project": drawloom("advise", spec),
                "advise, alone": drawloom("advise", text),
            },
            runs,
        )
    lines = [Line(name, costs) for name, costs in found.items()]
    return [
        Report("Start: a small project", lines, "run", notes=["goal: plan <= 0.5 s, advise <= 0.35 s, whole process"])
    ]
