"""A picture of what comes from what in a DAG: tables as boxes, from left to right in the order they are filled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from html import escape

_HIGH, _GAP, _STEP, _MARGIN, _LETTER = 30, 14, 56, 8, 7.3
_STYLE = """
text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #1f2937; }
rect { fill: #fff; stroke: #94a3b8; rx: 6; } rect.own { fill: #dff3e4; stroke: #4d9d66; }
path { fill: none; stroke: #94a3b8; } svg { background: #fff; }
"""


@dataclass(frozen=True, slots=True)
class _Box:
    name: str
    x: float
    y: float
    width: float


def draw(edges: Iterable[tuple[str, str]], own: Iterable[str]) -> str:
    """An SVG.

    Args:
        edges: pairs of tables, what is read and what is filled with it; a table that reads its own past is drawn once.
        own: the tables that the DAG fills.
    """
    pairs = sorted({(a, b) for a, b in edges if a != b})
    names = {name for pair in pairs for name in pair} | set(own)
    boxes = _placed(_columns(names, pairs))
    width = max((box.x + box.width for box in boxes.values()), default=0) + _MARGIN
    height = max((box.y + _HIGH for box in boxes.values()), default=0) + _MARGIN
    filled = set(own)
    parts = [_line(boxes[a], boxes[b]) for a, b in pairs] + [_rect(box, box.name in filled) for box in boxes.values()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}"><style>{_STYLE}</style>{"".join(parts)}</svg>\n'
    )


def _columns(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The tables of each column: one further right than everything they read."""
    sorter: TopologicalSorter[str] = TopologicalSorter({name: set() for name in names})
    before: dict[str, list[str]] = defaultdict(list)
    for a, b in pairs:
        sorter.add(b, a)
        before[b].append(a)
    try:
        order = list(sorter.static_order())
    except CycleError:  # tables that read each other's past: in one column, by name
        return [sorted(names)]
    depth: dict[str, int] = {}
    for name in order:
        depth[name] = max((depth[other] + 1 for other in before[name]), default=0)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in sorted(depth):
        columns[depth[name]].append(name)
    return columns


def _placed(columns: Iterable[Iterable[str]]) -> Mapping[str, _Box]:
    boxes: dict[str, _Box] = {}
    x: float = _MARGIN
    for column in columns:
        names = list(column)
        width = max(len(name) for name in names) * _LETTER + 20
        for row, name in enumerate(names):
            boxes[name] = _Box(name, x, _MARGIN + row * (_HIGH + _GAP), width)
        x += width + _STEP
    return boxes


def _rect(box: _Box, own: bool) -> str:
    kind = ' class="own"' if own else ""
    text = f'<text x="{box.x + 10:.0f}" y="{box.y + 19:.0f}">{escape(box.name)}</text>'
    return f'<rect{kind} x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{_HIGH}"/>{text}'


def _line(a: _Box, b: _Box) -> str:
    x, y, end, height = a.x + a.width, a.y + _HIGH / 2, b.x, b.y + _HIGH / 2
    bend = _STEP / 2
    return f'<path d="M{x:.0f} {y:.0f} C{x + bend:.0f} {y:.0f} {end - bend:.0f} {height:.0f} {end:.0f} {height:.0f}"/>'
