"""A picture of what comes from what in a DAG: a table a line, further right than all that it is made of.

Airflow shows pictures of a page no wider than 300 pixels: only what is narrow can be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from html import escape

_HIGH, _ROW, _INDENT, _MARGIN, _LETTER = 24, 32, 18, 6, 7.3
_STYLE = """
text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #1f2937; }
rect { fill: #fff; stroke: #94a3b8; rx: 5; } rect.own { fill: #dff3e4; stroke: #4d9d66; }
path { fill: none; stroke: #94a3b8; } svg { background: #fff; }
"""


@dataclass(frozen=True, slots=True)
class _Box:
    name: str
    x: int
    y: int

    @property
    def width(self) -> float:
        return len(self.name) * _LETTER + 16


def draw(edges: Iterable[tuple[str, str]], own: Iterable[str]) -> str:
    """An SVG.

    Args:
        edges: pairs of tables, what is read and what is filled with it; a table that reads its own past is drawn once.
        own: the tables that the DAG fills.
    """
    filled = set(own)
    pairs = sorted({(a, b) for a, b in edges if a != b})
    depth = _depths({name for pair in pairs for name in pair} | filled, pairs)
    order = sorted(depth, key=lambda name: (depth[name], name))
    boxes = {name: _Box(name, _MARGIN + depth[name] * _INDENT, _MARGIN + n * _ROW) for n, name in enumerate(order)}
    width = max((box.x + box.width for box in boxes.values()), default=0) + _MARGIN
    height = len(boxes) * _ROW + _MARGIN
    parts = [_line(boxes[a], boxes[b]) for a, b in pairs] + [_rect(box, box.name in filled) for box in boxes.values()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'width="{width:.0f}" height="{height}"><style>{_STYLE}</style>{"".join(parts)}</svg>\n'
    )


def _depths(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How far right each table is: one further than all that it is made of."""
    before: dict[str, set[str]] = defaultdict(set)
    for a, b in pairs:
        before[b].add(a)
    try:
        order = list(TopologicalSorter({name: before[name] for name in names}).static_order())
    except CycleError:  # tables that read each other's past
        return dict.fromkeys(names, 0)
    depth: dict[str, int] = {}
    for name in order:
        depth[name] = max((depth[other] + 1 for other in before[name]), default=0)
    return depth


def _rect(box: _Box, own: bool) -> str:
    kind = ' class="own"' if own else ""
    text = f'<text x="{box.x + 8}" y="{box.y + 16}">{escape(box.name)}</text>'
    return f'<rect{kind} x="{box.x}" y="{box.y}" width="{box.width:.0f}" height="{_HIGH}"/>{text}'


def _line(a: _Box, b: _Box) -> str:
    """Down from the one, then right to the other."""
    return f'<path d="M{a.x + _INDENT // 2} {a.y + _HIGH} V{b.y + _HIGH // 2} H{b.x}"/>'
