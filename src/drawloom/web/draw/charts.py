"""The charts of a page as SVG, one function for each form. Colours are classes: the style sheet knows light and dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from markupsafe import Markup

from drawloom.frameworks.page import Chart, Format, Series
from drawloom.frameworks.page_text import Row, bucket, format_value, runs_of
from drawloom.web.draw.svg import Scale, element, join, nice_scale, number

WIDTH, HALF = 1120, 540  # a chart is drawn at the width at which it is shown, so that its letters keep their size
HEIGHT = 300
LEFT, RIGHT, TOP, BOTTOM = 60, 12, 10, 26
MAX_BARS, MAX_POINTS = 120, 420
LABEL_WIDTH = 74  # of a day on the x axis
ROW_HEIGHT = 26
NAME_WIDTH = 190


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart as it was drawn: the picture, the rows that are in it, their places, and how they were made of all rows."""

    svg: Markup
    rows: Sequence[Row]
    xs: Sequence[float] = ()
    note: str = ""
    wide: bool = False


def draw_chart(chart: Chart, rows: Sequence[Row]) -> Drawing:
    """The drawing of a chart that has rows."""
    return _FORMS[chart.form](chart, rows)


def short_number(value: float, kind: Format = "integer") -> str:
    """A value of an axis: 12,000 is 12k."""
    if kind == "percent":
        return f"{value * 100:.10g}%"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.10g}{letter}"
    return f"{value:.6g}"


def _frame(chart: Chart, width: int, height: int, *parts: Markup) -> Markup:
    title = element("title", chart.title)
    return element(
        "svg",
        title,
        *parts,
        class_="chart",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )


def _value_axis(scale: Scale, width: int, kind: Format) -> Markup:
    """Lines across at round values, with the zero line."""
    parts = []
    for tick in scale.ticks():
        y = scale(tick)
        parts.append(element("line", x1=LEFT, x2=width - RIGHT, y1=y, y2=y, class_="zero" if tick == 0 else "grid"))
        parts.append(element("text", short_number(tick, kind), x=LEFT - 6, y=y + 4, class_="tick end"))
    return join(parts)


def _label_axis(labels: Sequence[Any], xs: Sequence[float], width: int, height: int) -> Markup:
    """Labels under the chart, as many as there is room for; those at the ends stay inside."""
    if not xs:
        return Markup("")
    texts = [format_value(label, "text") for label in labels]
    room = max(LABEL_WIDTH, 7.5 * max(map(len, texts)) + 8)
    every = max(1, math.ceil(room / (abs(xs[-1] - xs[0]) / max(len(xs) - 1, 1) or room)))
    shown = [(text, x) for n, (text, x) in enumerate(zip(texts, xs, strict=True)) if n % every == 0]
    return join(
        [
            element("text", text, x=min(x, width - 3.4 * len(text)), y=height - 8, class_="tick middle")
            for text, x in shown
        ]
    )


def _across(chart: Chart, scale: Scale, width: int) -> Markup:
    if chart.line is None:
        return Markup("")
    y = scale(chart.line)
    return element("line", x1=LEFT, x2=width - RIGHT, y1=y, y2=y, class_="across")


def _bars(chart: Chart, rows: Sequence[Row]) -> Drawing:
    shown, note = bucket(rows, chart.x, chart.series, MAX_BARS)
    stacks = [_stack(row, chart.series) for row in shown]
    ends = [end for stack in stacks for _, low, high in stack for end in (low, high)]
    scale = nice_scale(min([0.0, *ends]), max([0.0, *ends]), HEIGHT - BOTTOM, TOP)
    step = (WIDTH - LEFT - RIGHT) / len(shown)
    size = min(step * 0.82, 60.0)
    xs = [LEFT + step * (n + 0.5) for n in range(len(shown))]
    bars = [
        element(
            "path",
            d="".join(
                _rectangle(x, size, scale, *part[1:])
                for x, stack in zip(xs, stacks, strict=True)
                for part in stack
                if part[0] == one.column
            ),
            class_=f"fill {one.colour}",
        )
        for one in chart.series
    ]
    parts = (_value_axis(scale, WIDTH, chart.format), join(bars), _across(chart, scale, WIDTH))
    labels = _label_axis([row[chart.x] for row in shown], xs, WIDTH, HEIGHT)
    return Drawing(_frame(chart, WIDTH, HEIGHT, *parts, labels), shown, xs, note, wide=True)


def _stack(row: Row, series: Sequence[Series]) -> list[tuple[str, float, float]]:
    """Where the part of each series begins and ends; what is below hangs from the zero line."""
    up = down = 0.0
    found = []
    for one in series:
        value = float(row[one.column] or 0) * (-1 if one.below else 1)
        if value >= 0:
            found.append((one.column, up, up + value))
            up += value
        else:
            found.append((one.column, down + value, down))
            down += value
    return found


def _rectangle(x: float, size: float, scale: Scale, low: float, high: float) -> str:
    if low == high:
        return ""
    top, bottom = scale(high), scale(low)
    return f"M{number(x - size / 2)} {number(top)}h{number(size)}v{number(bottom - top)}h{number(-size)}z"


def _lines(chart: Chart, rows: Sequence[Row]) -> Drawing:
    shown, note = bucket(rows, chart.x, [replace(one, adds_up=False) for one in chart.series], MAX_POINTS)
    if note:  # the buckets have no intervals
        chart = replace(chart, series=tuple(replace(one, low="", high="") for one in chart.series))
    keys = [key for one in chart.series for key in (one.column, one.low, one.high) if key]
    values = [float(row[key]) for row in shown for key in keys if row[key] is not None]
    values += [chart.line] if chart.line is not None else []
    scale = nice_scale(min([0.0, *values]), max(values, default=1.0), HEIGHT - BOTTOM, TOP)
    xs = _places([row[chart.x] for row in shown], LEFT + 6, HALF - RIGHT - 6)
    bands = [_band(one, shown, xs, scale) for one in chart.series if one.low]
    lines = [_line(one, shown, xs, scale) for one in chart.series]
    parts = (_value_axis(scale, HALF, chart.format), join(bands), _across(chart, scale, HALF), join(lines))
    labels = _label_axis([row[chart.x] for row in shown], xs, HALF, HEIGHT)
    return Drawing(_frame(chart, HALF, HEIGHT, *parts, labels), shown, xs, note)


def _places(values: Sequence[Any], start: float, end: float) -> list[float]:
    """The places of days by their distance, of other values one after the other."""
    offsets = [float(value.toordinal()) if isinstance(value, date) else float(n) for n, value in enumerate(values)]
    if not all(isinstance(value, date) for value in values):
        offsets = [float(n) for n in range(len(values))]
    scale = Scale(min(offsets), max(offsets), start, end)
    return [scale(one) if scale.high > scale.low else (start + end) / 2 for one in offsets]


def _line(one: Series, rows: Sequence[Row], xs: Sequence[float], scale: Scale) -> Markup:
    """The line of a series, with a gap where a value is NULL and a dot where it stands alone."""
    runs = _known_runs([(x, row[one.column]) for x, row in zip(xs, rows, strict=True)])
    path = "".join(
        "M" + "L".join(f"{number(x)} {number(scale(value))}" for x, value in run) for run in runs if len(run) > 1
    )
    dots = [
        element("circle", cx=x, cy=scale(value), r=3, class_=f"fill {one.colour}")
        for run in runs
        if len(run) == 1
        for x, value in run
    ]
    return join([element("path", d=path, class_=f"line {one.colour}"), *dots] if path else dots)


def _band(one: Series, rows: Sequence[Row], xs: Sequence[float], scale: Scale) -> Markup:
    both = [(x, (row[one.low], row[one.high])) for x, row in zip(xs, rows, strict=True)]
    runs = _known_runs([(x, None if None in pair else pair) for x, pair in both])
    paths = []
    for run in runs:
        upper = [f"{number(x)} {number(scale(float(pair[1])))}" for x, pair in run]
        lower = [f"{number(x)} {number(scale(float(pair[0])))}" for x, pair in reversed(run)]
        paths.append("M" + "L".join([*upper, *lower]) + "z")
    return element("path", d="".join(paths), class_=f"band {one.colour}")


def _known_runs(points: Sequence[tuple[float, Any]]) -> list[list[tuple[float, Any]]]:
    """The points that follow each other without a NULL between them."""
    return [list(run) for known, run in groupby(points, key=lambda point: point[1] is not None) if known]


def _areas(chart: Chart, rows: Sequence[Row]) -> Drawing:
    shown, note = bucket(rows, chart.x, [replace(one, adds_up=False) for one in chart.series], MAX_POINTS)
    stacks = [_stack(row, chart.series) for row in shown]
    most = max([end for stack in stacks for _, _, end in stack], default=1.0)
    scale = nice_scale(0.0, most, HEIGHT - BOTTOM, TOP)
    xs = _places([row[chart.x] for row in shown], LEFT + 6, HALF - RIGHT - 6)
    areas = []
    for n, one in enumerate(chart.series):
        upper = [f"{number(x)} {number(scale(stack[n][2]))}" for x, stack in zip(xs, stacks, strict=True)]
        lower = [f"{number(x)} {number(scale(stack[n][1]))}" for x, stack in zip(xs, stacks, strict=True)][::-1]
        areas.append(element("path", d="M" + "L".join([*upper, *lower]) + "z", class_=f"fill {one.colour}"))
    parts = (_value_axis(scale, HALF, chart.format), join(areas))
    labels = _label_axis([row[chart.x] for row in shown], xs, HALF, HEIGHT)
    return Drawing(_frame(chart, HALF, HEIGHT, *parts, labels), shown, xs, note)


def _histogram(chart: Chart, rows: Sequence[Row]) -> Drawing:
    """Bars without stacks, half as wide as those over days."""
    one = chart.series[0]
    shown = rows[:MAX_BARS]
    most = max(float(row[one.column] or 0) for row in shown)
    scale = nice_scale(0.0, most or 1.0, HEIGHT - BOTTOM, TOP)
    step = (HALF - LEFT - RIGHT) / len(shown)
    xs = [LEFT + step * (n + 0.5) for n in range(len(shown))]
    values = [float(row[one.column] or 0) for row in shown]
    path = "".join(_rectangle(x, step * 0.86, scale, 0.0, value) for x, value in zip(xs, values, strict=True))
    bars = element("path", d=path, class_=f"fill {one.colour}")
    labels = _label_axis([row[chart.x] for row in shown], xs, HALF, HEIGHT)
    note = f"the first {MAX_BARS} of {len(rows):,}" if len(rows) > MAX_BARS else ""
    return Drawing(_frame(chart, HALF, HEIGHT, _value_axis(scale, HALF, chart.format), bars, labels), shown, xs, note)


def _heatmap(chart: Chart, rows: Sequence[Row]) -> Drawing:
    """A grid of values, each on a ground that is darker the larger it is. Values that do not exist have no ground."""
    across, down = (list(dict.fromkeys(row[key] for row in rows)) for key in (chart.x, chart.y))
    if all(isinstance(x, date) for x in across):
        across.sort()
    cells = {(row[chart.y], row[chart.x]): row[chart.value] for row in rows}
    most = max((abs(value) for value in cells.values() if value is not None), default=0) or 1
    width, height = WIDTH, TOP + ROW_HEIGHT * (len(down) + 1)
    step = (width - NAME_WIDTH - RIGHT) / max(len(across), 1)
    xs = [NAME_WIDTH + step * (n + 0.5) for n in range(len(across))]
    parts = []
    for n, y in enumerate(down):
        top = TOP + ROW_HEIGHT * n
        parts.append(element("text", _clip(y), x=NAME_WIDTH - 8, y=top + 17, class_="name end"))
        for x, place in zip(across, xs, strict=True):
            value = cells.get((y, x))
            if value is not None:
                level = round(abs(value) / most * 9)
                parts.append(
                    element(
                        "rect",
                        x=place - step / 2,
                        y=top,
                        width=step - 1,
                        height=ROW_HEIGHT - 1,
                        class_=f"heat heat-{level}",
                    )
                )
                if step >= 34:
                    parts.append(
                        element(
                            "text",
                            format_value(value, chart.format),
                            x=place,
                            y=top + 17,
                            class_=f"cell middle on-{level}",
                        )
                    )
    labels = _label_axis(across, xs, width, height)
    return Drawing(_frame(chart, width, height, join(parts), labels), rows, (), "", wide=True)


def _clip(value: Any, most: int = 26) -> str:
    text = format_value(value, "text")
    return text if len(text) <= most else text[: most - 1] + "…"


def _forest(chart: Chart, rows: Sequence[Row]) -> Drawing:
    """A row for each estimate with its interval, all on one scale that is printed above."""
    one = chart.series[0]
    ends = [float(row[key]) for row in rows for key in (one.low, one.high, one.column) if key and row[key] is not None]
    ends += [chart.line] if chart.line is not None else []
    scale = nice_scale(min(ends, default=0.0), max(ends, default=1.0), NAME_WIDTH + 10, WIDTH - 240)
    height = TOP + ROW_HEIGHT * (len(rows) + 1)
    parts = []
    for tick in scale.ticks(8):
        parts.append(element("line", x1=scale(tick), x2=scale(tick), y1=20, y2=height, class_="grid"))
        parts.append(element("text", short_number(tick, chart.format), x=scale(tick), y=14, class_="tick middle"))
    if chart.line is not None:
        parts.append(element("line", x1=scale(chart.line), x2=scale(chart.line), y1=20, y2=height, class_="across"))
    for n, row in enumerate(rows):
        parts += _forest_row(chart, one, row, scale, TOP + ROW_HEIGHT * (n + 1) + 8)
    return Drawing(_frame(chart, WIDTH, height + 4, join(parts)), rows, (), "", wide=True)


def _forest_row(chart: Chart, one: Series, row: Row, scale: Scale, y: float) -> list[Markup]:
    parts = [element("text", _clip(row[chart.y]), x=NAME_WIDTH - 8, y=y + 4, class_="name end")]
    value, low, high = (row[key] if key else None for key in (one.column, one.low, one.high))
    if low is not None and high is not None:
        parts.append(
            element("line", x1=scale(float(low)), x2=scale(float(high)), y1=y, y2=y, class_=f"interval {one.colour}")
        )
    if value is None:
        return [*parts, element("text", "not known", x=WIDTH - 228, y=y + 4, class_="tick")]
    parts.append(element("circle", cx=scale(float(value)), cy=y, r=5, class_=f"fill {one.colour}"))
    text = format_value(value, chart.format)
    if low is not None and high is not None:
        text += f"  [{format_value(low, chart.format)}, {format_value(high, chart.format)}]"
    return [*parts, element("text", text, x=WIDTH - 228, y=y + 4, class_="name")]


def _strip(chart: Chart, rows: Sequence[Row]) -> Drawing:
    """Runs of equal states for each row, with how many of each there are in words."""
    groups = {
        y: list(group)
        for y, group in groupby(
            sorted(rows, key=lambda row: (str(row[chart.y]), str(row[chart.x]))), key=lambda row: row[chart.y]
        )
    }
    colours = {one.column: one.colour for one in chart.series}
    labels = {one.column: one.label for one in chart.series}
    parts = []
    for n, (y, group) in enumerate(groups.items()):
        top = TOP + ROW_HEIGHT * n
        states = [row[chart.value] for row in group]
        parts.append(element("text", _clip(y), x=NAME_WIDTH - 8, y=top + 14, class_="name end"))
        parts.append(strip(runs_of(states), colours, NAME_WIDTH, top, WIDTH - NAME_WIDTH - 330))
        counts = {state: states.count(state) for state in dict.fromkeys(states)}
        text = ", ".join(f"{count} {labels.get(state, state)}" for state, count in counts.items())
        parts.append(element("text", _clip(text, 52), x=WIDTH - 320, y=top + 14, class_="tick"))
    return Drawing(_frame(chart, WIDTH, TOP + ROW_HEIGHT * len(groups), join(parts)), rows, (), "", wide=True)


def strip(runs: Sequence[tuple[Any, int]], colours: Mapping[Any, str], left: float, top: float, width: float) -> Markup:
    """One rectangle for each run, as long as its share."""
    total = sum(length for _, length in runs) or 1
    parts, done = [], 0
    for state, length in runs:
        x = left + done / total * width
        done += length
        size = max(left + done / total * width - x, 0.75)
        parts.append(
            element(
                "rect", x=x, y=top, width=float(f"{size:.2f}"), height=18, class_=f"fill {colours.get(state, 'grey')}"
            )
        )
    return join(parts)


_FORMS: Mapping[str, Callable[[Chart, Sequence[Row]], Drawing]] = {
    "bars": _bars,
    "lines": _lines,
    "areas": _areas,
    "histogram": _histogram,
    "heatmap": _heatmap,
    "forest": _forest,
    "strip": _strip,
}


def legend(chart: Chart) -> Iterator[tuple[str, str]]:
    """Colour and label of each series, where there is more than one or what is drawn must be named."""
    if chart.form in {"heatmap", "forest"}:
        return
    for one in chart.series:
        yield one.colour, f"{one.label} (below the line)" if one.below else one.label
