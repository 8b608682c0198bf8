"""The graph of tables around one: what it is made of to the left, what is made of it to the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from markupsafe import Markup

from drawloom.run.table_graph import TableGraph
from drawloom.web.draw.svg import element, join, number

NODE_WIDTH, NODE_HEIGHT, GAP_ACROSS, GAP_DOWN = 210, 30, 70, 12
MOST_NODES = 60  # more are a list: nobody can follow the lines
MOST_LETTERS = 27


def draw_graph(graph: TableGraph, table: str, href: Callable[[str], str]) -> Markup:
    """The graph as SVG; each table is a link."""
    places = _places(graph.distances)
    width = max(x for x, _ in places.values()) + NODE_WIDTH + 8
    height = max(y for _, y in places.values()) + NODE_HEIGHT + 8
    edges = [element("path", d=_curve(places[source], places[made]), class_="edge") for source, made in graph.edges]
    nodes = [
        _node(one, places[one], graph.hidden.get(one, 0), href(one), is_here=one == table) for one in graph.distances
    ]
    words = f"{table} is made of {_words(graph, -1)}; {_words(graph, 1)} read it."
    return element(
        "svg",
        join(edges),
        join(nodes),
        class_="chart graph",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="group",
        aria_label=words,
    )


def _words(graph: TableGraph, sign: int) -> str:
    return ", ".join(one for one, distance in graph.distances.items() if distance == sign) or "no tables"


def _places(distances: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """A column for each distance, with its tables in the middle of the height."""
    columns: dict[int, list[str]] = {}
    for table, distance in distances.items():
        columns.setdefault(distance, []).append(table)
    tallest = max(map(len, columns.values()))
    found = {}
    for n, distance in enumerate(sorted(columns)):
        column = columns[distance]
        top = (tallest - len(column)) * (NODE_HEIGHT + GAP_DOWN) / 2 + 4
        for row, table in enumerate(column):
            found[table] = (4.0 + n * (NODE_WIDTH + GAP_ACROSS), top + row * (NODE_HEIGHT + GAP_DOWN))
    return found


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + NODE_WIDTH, start[1] + NODE_HEIGHT / 2
    x2, y2 = end[0], end[1] + NODE_HEIGHT / 2
    middle = (x1 + x2) / 2
    return f"M{number(x1)} {number(y1)}C{number(middle)} {number(y1)} {number(middle)} {number(y2)} {number(x2)} {number(y2)}"


def _node(table: str, place: tuple[float, float], hidden: int, href: str, *, is_here: bool) -> Markup:
    x, y = place
    text = table if len(table) <= MOST_LETTERS else table[: MOST_LETTERS - 1] + "…"
    more = f" +{hidden}" if hidden else ""
    box = element(
        "rect", x=x, y=y, width=NODE_WIDTH, height=NODE_HEIGHT, rx=6, class_="node here" if is_here else "node"
    )
    label = element("text", f"{text}{more}", x=x + 10, y=y + 20, class_="name")
    title = element("title", table + (f", and {hidden} more beyond it" if hidden else ""))
    return element("a", title, box, label, href=href)
