"""Charts of a page as lines of text: bars, sparklines, shades and intervals that fit a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.page import HEX, Chart, Format, Series
from drawloom.frameworks.page_text import Row, bucket, format_value, runs_of

if TYPE_CHECKING:
    from rich.text import Text

SPARKS = "▁▂▃▄▅▆▇█"
SHADES = " ░▒▓█"
MARKS, BELOW = "█▓░▚", "▒"
MAX_BARS = 21  # rows of a chart over days: three weeks; longer ranges are drawn by week or month
MAX_SPARKS = 28
LABEL = 12


def sparkline(values: Sequence[Any], least: float = 0) -> str:
    """A line of bars, from ``least`` to the most; a gap for NULL."""
    most = max((value for value in values if value is not None), default=0)
    span = (most - least) or 1
    return "".join(
        " " if value is None else SPARKS[max(0, min(round((value - least) / span * 7), 7))] for value in values
    )


def chart_lines(chart: Chart, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """The lines of a chart that has rows."""
    yield from _FORMS[chart.form](chart, rows, width)


def _bars(chart: Chart, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """Bars on both sides of a common zero line: to its left is what is negative, or below it."""
    from rich.text import Text

    shown, how = bucket(rows, chart.x, chart.series, MAX_BARS)
    above, below = ([s for s in chart.series if s.below is side] for side in (False, True))
    ordered = [*above, *below]
    most_left, most_right = (max(sum(_lengths(row, ordered, left=side)) for row in shown) for side in (True, False))
    unit = (most_left + most_right or 1) / (width - LABEL - 16)
    left = round(most_left / unit)
    yield _legend(ordered)
    for row in shown:
        line = Text(f"{format_value(row[chart.x], 'text'):<{LABEL}}")
        hanging = _segments(ordered, _lengths(row, ordered, left=True), unit)
        line.append(" " * (left - sum(n for n, _, _ in hanging)))
        for n, mark, colour in reversed(hanging):
            line.append(mark * n, style=colour)
        line.append("│" if below or most_left else "", style="dim")
        for n, mark, colour in _segments(ordered, _lengths(row, ordered, left=False), unit):
            line.append(mark * n, style=colour)
        yield line.append(" " + _ends(row, above, below), style="dim")
    yield from _notes(how, width)


def _ends(row: Row, above: Sequence[Series], below: Sequence[Series]) -> str:
    """The sums of a row: with their signs where there are two."""
    if not below:
        return format_value(_sum(row, above))
    up, down = _sum(row, above), _sum(row, below)
    return f"{'+' if up >= 0 else '-'}{format_value(abs(up))} {'-' if down >= 0 else '+'}{format_value(abs(down))}"


def _lengths(row: Row, series: Sequence[Series], *, left: bool) -> list[float]:
    """How far each series reaches to one side of the zero line."""
    values = [(one, float(row[one.column] or 0)) for one in series]
    return [max(0.0, -value if left is not one.below else value) for one, value in values]


def _notes(text: str, width: int) -> Iterator[Text]:
    from rich.text import Text

    yield from (Text(line, style="dim") for line in textwrap.wrap(text, width))


def _marks(series: Sequence[Series]) -> dict[str, str]:
    """What each series is drawn with, so that they can be told apart without colours, too."""
    above = [one.column for one in series if not one.below]
    return {one.column: BELOW if one.below else MARKS[above.index(one.column) % len(MARKS)] for one in series}


def _segments(series: Sequence[Series], lengths: Sequence[float], unit: float) -> list[tuple[int, str, str]]:
    """The cells of each series, its mark and colour; rounded together, so that they add up to their sum."""
    marks = _marks(series)
    found, total, cells = [], 0.0, 0
    for one, length in zip(series, lengths, strict=True):
        total += length
        found.append((round(total / unit) - cells, marks[one.column], HEX[one.colour]))
        cells = round(total / unit)
    return found


def _sum(row: Row, series: Sequence[Series]) -> float:
    return sum(row[one.column] or 0 for one in series)


def _legend(series: Sequence[Series]) -> Text:
    from rich.text import Text

    line, marks = Text(), _marks(series)
    for one in series:
        line.append(f"{marks[one.column]} ", style=HEX[one.colour]).append(f"{one.label}  ", style="dim")
    return line


def _lines(chart: Chart, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """A sparkline for each series, with its last value, and the least and most of it."""
    from rich.text import Text

    label = max(len(one.label) for one in chart.series)
    shown, how = bucket(
        rows, chart.x, [replace(one, adds_up=False) for one in chart.series], max(8, width - label - 40)
    )
    for one in chart.series:
        values = [row[one.column] for row in shown]
        known = [value for value in values if value is not None]
        line = Text(f"{one.label:<{label}} ").append(sparkline(values, min(known, default=0)), style=HEX[one.colour])
        if known:
            low, high = (format_value(value, chart.format) for value in (min(known), max(known)))
            line.append(f" {format_value(known[-1], chart.format)}", style="bold").append(
                f" ({low} to {high})", style="dim"
            )
            line.append(_interval(rows[-1], one, chart.format), style="dim")
        yield line
    first, last = (format_value(row[chart.x], "text") for row in (rows[0], rows[-1]))
    yield Text(f"{'':<{label}} {first} .. {last}", style="dim")
    yield from _notes(how, width)


def _interval(row: Row, series: Series, kind: Format) -> str:
    if not series.low:
        return ""
    return f" [{format_value(row[series.low], kind)}, {format_value(row[series.high], kind)}]"


def _areas(chart: Chart, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """The shares of the last row as one bar, then a sparkline for each series."""
    from rich.text import Text

    shown, how = bucket(rows, chart.x, [replace(one, adds_up=False) for one in chart.series], MAX_SPARKS)
    total = _sum(rows[-1], chart.series) or 1
    bar = Text(f"{format_value(rows[-1][chart.x], 'text'):<{LABEL}}")
    for n, mark, colour in _segments(
        chart.series, [rows[-1][one.column] or 0 for one in chart.series], total / (width - LABEL - 2)
    ):
        bar.append(mark * n, style=colour)
    yield bar
    marks = _marks(chart.series)
    label = max(len(one.label) for one in chart.series)
    for one in chart.series:
        value = rows[-1][one.column] or 0
        line = Text(f"{marks[one.column]} ", style=HEX[one.colour]).append(f"{one.label:<{label}} ", style="default")
        line.append(sparkline([row[one.column] for row in shown]), style=HEX[one.colour])
        yield line.append(f" {format_value(value, chart.format)} ({value / total:.0%})", style="dim")
    yield from _notes(how, width)


def _histogram(chart: Chart, rows: Sequence[Row], width: int) -> Iterator[Text]:
    from rich.text import Text

    (one,) = chart.series[:1]
    total = sum(row[one.column] or 0 for row in rows) or 1
    most = max(row[one.column] or 0 for row in rows) or 1
    for row in rows:
        value = row[one.column] or 0
        line = Text(f"{format_value(row[chart.x], 'text'):>{LABEL}} ")
        line.append("█" * round(value / most * (width - LABEL - 22)), style=HEX[one.colour])
        yield line.append(f" {format_value(value, chart.format)} ({value / total:.0%})", style="dim")


def _heatmap(chart: Chart, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """A table of values, each behind a shade of how large it is."""
    from rich.text import Text

    cells = {(row[chart.y], row[chart.x]): row[chart.value] for row in rows}
    across = list(dict.fromkeys(row[chart.x] for row in rows))
    texts = {key: format_value(value, chart.format) for key, value in cells.items()}
    size = max([3, *(len(text) + 1 for text in texts.values()), *(len(format_value(x, "text")) for x in across)]) + 2
    fit = (width - LABEL) // size
    across = sorted(across)[-fit:] if all(isinstance(x, date) for x in across) else across[:fit]
    most = max((abs(value) for value in cells.values() if value is not None), default=0) or 1
    colour = HEX[chart.series[0].colour] if chart.series else HEX["blue"]
    yield Text(" " * LABEL + "".join(f"{format_value(x, 'text'):>{size}}" for x in across), style="dim")
    for y in dict.fromkeys(row[chart.y] for row in rows):
        line = Text(f"{format_value(y, 'text')[: LABEL - 1]:<{LABEL}}")
        for x in across:
            value = cells.get((y, x))
            shade = " " if value is None else SHADES[round(abs(value) / most * 4)]
            line.append(f" {shade}{texts.get((y, x), ''):>{size - 2}}", style=colour if value is not None else "dim")
        yield line


def _forest(chart: Chart, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """Each row's estimate and interval on one scale, which is printed above; | is the line across."""
    from rich.text import Text

    (one,) = chart.series[:1]
    ends = [row[key] for row in rows for key in (one.low, one.high, one.column) if key and row[key] is not None]
    ends += [chart.line] if chart.line is not None else []
    low, high = min(ends, default=0), max(ends, default=1)
    label = min(max(len(format_value(row[chart.y], "text")) for row in rows), 24)
    room = width - label - 34
    place = lambda value: round((value - low) / ((high - low) or 1) * (room - 1))  # noqa: E731
    scale = f"{format_value(low, chart.format)}{format_value(high, chart.format):>{room - len(format_value(low, chart.format))}}"
    yield Text(f"{'':<{label}} {scale}", style="dim")
    for row in rows:
        marks = _forest_marks(row, one, chart.line, place, room)
        line = Text(f"{format_value(row[chart.y], 'text')[:label]:<{label}} ").append(marks, style=HEX[one.colour])
        yield line.append(
            f" {format_value(row[one.column], chart.format)}{_interval(row, one, chart.format)}", style="dim"
        )


def _forest_marks(row: Row, one: Series, line: float | None, place: Callable[[float], int], room: int) -> str:
    marks = [" "] * room
    if line is not None:
        marks[place(line)] = "|"
    if one.low and row[one.low] is not None and row[one.high] is not None:
        for n in range(place(row[one.low]), place(row[one.high]) + 1):
            marks[n] = "─"
    if row[one.column] is not None:
        marks[place(row[one.column])] = "●"
    return "".join(marks)


def _strip(chart: Chart, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """Runs of equal states, as long as their share of the row, and how many of each there are."""
    from rich.text import Text

    colours = {one.column: HEX[one.colour] for one in chart.series}
    labels = {one.column: one.label for one in chart.series}
    yield _legend(chart.series)
    for y, group in groupby(
        sorted(rows, key=lambda row: (str(row[chart.y]), str(row[chart.x]))), key=lambda row: row[chart.y]
    ):
        states = [row[chart.value] for row in group]
        room = max(10, min(width - 44, len(states)))
        line = Text(f"{format_value(y, 'text')[:22]:<23}")
        done = 0
        for state, length in runs_of(states):
            begin, done = done, done + length
            cells = round(done / len(states) * room) - round(begin / len(states) * room)
            line.append("█" * cells, style=colours.get(state, "default"))
        counts = {state: states.count(state) for state in dict.fromkeys(states)}
        text = ", ".join(f"{n} {labels.get(state, state)}" for state, n in counts.items())
        yield line.append(f" {text}", style="dim")


_FORMS: Mapping[str, Callable[[Chart, Sequence[Row], int], Iterator[Text]]] = {
    "bars": _bars,
    "lines": _lines,
    "areas": _areas,
    "histogram": _histogram,
    "heatmap": _heatmap,
    "forest": _forest,
    "strip": _strip,
}
