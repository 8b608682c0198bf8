"""Draws docs/growth.svg: two charts of the page of the demo's planes.

Run it in the environment of scripts/demo: python docs/growth_picture.py FOLDER, where FOLDER is a demo that was built.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from drawloom import Project
from drawloom.frameworks.page import HEX, Block, Chart, Row
from drawloom.run.pages import load_page

STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#9aa5b1",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "drawloom",
}


def draw(chart: Block, rows: Sequence[Row], axes: Any) -> None:
    """One chart: bars are stacked without gaps, what leaves goes below the line."""
    assert isinstance(chart, Chart)
    days = [row[chart.x] for row in rows]
    tops, bottoms = [0] * len(rows), [0] * len(rows)
    for series in chart.series:
        values = [row[series.column] for row in rows]
        colour = HEX[series.colour]
        if chart.form == "lines":
            axes.plot(days, values, color=colour, label=series.label, linewidth=1.4)
            continue
        base = bottoms if series.below else tops
        top = [a - b if series.below else a + b for a, b in zip(base, values, strict=True)]
        axes.fill_between(days, base, top, step="mid", color=colour, label=series.label, linewidth=0)
        base[:] = top
    if chart.line is not None:
        axes.axhline(chart.line, color="#33404d", linewidth=0.8)
    axes.set_title(chart.title)
    axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.08), fontsize=8)
    if chart.form == "lines":
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")


def main() -> None:
    """Load the page from the demo, and write the picture."""
    with Project.load(sys.argv[1]) as project, plt.rc_context(STYLE):
        blocks = {block.name: (block, rows) for block, rows in load_page(project, "planes", {"days": "364"}).blocks}
        figure, places = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
        for name, axes in zip(("accounting", "actives"), places, strict=True):
            block, rows = blocks[name]
            draw(block, [row for row in rows if not row.get("warmup")], axes)
        figure.savefig(Path(__file__).parent / "growth.svg", metadata={"Date": None, "Creator": "drawloom"})


if __name__ == "__main__":
    main()
