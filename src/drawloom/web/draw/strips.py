"""Strips: the days of a table as runs of equal states, with words for those who do not see colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from drawloom.run.plan import State
from drawloom.web.draw.svg import element

if TYPE_CHECKING:
    from drawloom.run.spans import Span
    from drawloom.web.site import TableStatus

WIDTH, DAY_WIDTH, HEIGHT = 360, 480, 18
SEVERITY = (  # the best one first
    State.EXPIRED,
    State.FRESH,
    State.WAITING,
    State.MISSING,
    State.STALE,
    State.MISSED,
    State.SKIPPED,
    State.FAILED,
)
CLASSES: Mapping[State, str] = {state: f"state-{state.value}" for state in State}


def status_strip(spans: Sequence[Span], width: int = WIDTH) -> Markup:
    """One rectangle for each span, as long as its share of the days. Each says what it is."""
    total = sum(span.count for span in spans) or 1
    parts, done = [], 0
    for span in spans:
        x = done / total * width
        done += span.count
        least = _least(span.state)
        x, size = min(x, width - least), max(done / total * width - x, least)
        days = f"{span.first}" if span.first == span.last else f"{span.first} to {span.last}, {span.count} partitions"
        title = element("title", f"{span.state.value}: {days}" + (f" ({span.reason})" if span.reason else ""))
        parts.append(element("rect", title, x=x, y=0, width=size, height=HEIGHT, class_=CLASSES[span.state]))
    return element(
        "svg",
        *parts,
        class_="strip",
        viewBox=f"0 0 {width} {HEIGHT}",
        width=width,
        height=HEIGHT,
        role="img",
        aria_label=strip_words(spans),
        preserveAspectRatio="none",
    )


def _least(state: State) -> float:
    """The least width of a span: a single day of a year that is not fresh is seen."""
    return 1.0 if state in {State.FRESH, State.EXPIRED} else 4.0


def strip_words(spans: Sequence[Span]) -> str:
    """The strip in words: how many partitions are in each state."""
    counts: dict[State, int] = {}
    for span in spans:
        counts[span.state] = counts.get(span.state, 0) + span.count
    return ", ".join(f"{count} {state.value}" for state, count in counts.items()) or "no partitions"


def day_strip(status: TableStatus, first: date, last: date, width: int = DAY_WIDTH) -> Markup:
    """A strip whose places are days, from ``first`` to ``last``: strips of several tables stand under each other.

    A partition of a week or a month takes all of its days. Each pixel has the worst state of its days. There is one path
    for each state, however many days there are.
    """
    scale = width / ((last - first).days + 1)
    spans, pixels = status.spans, bytearray(width)
    begin = status.pipeline.schedule.interval(spans[0].first)[0] if spans else first
    for span in spans:
        least = int(_least(span.state))
        start = min(max(int((begin - first).days * scale), 0), width - least)
        end = min(max(round(((span.last - first).days + 1) * scale), start + least), width)
        worse = 1 + SEVERITY.index(span.state)
        begin = span.last + timedelta(days=1)
        pixels[start:end] = bytes(max(pixel, worse) for pixel in pixels[start:end])
    paths = (_state_path(state, pixels) for state in SEVERITY if 1 + SEVERITY.index(state) in pixels)
    label = {"role": "img", "aria_label": strip_words(spans)}
    box = {"viewBox": f"0 0 {width} {HEIGHT}", "width": width, "height": HEIGHT, "preserveAspectRatio": "none"}
    return element("svg", *paths, class_="strip", **label, **box)


def day_axis(first: date, last: date, width: int = DAY_WIDTH) -> Markup:
    """The months (or years) under which the days of such strips lie."""
    days = (last - first).days + 1
    months = _months(first, last)
    every = next((n for n in (1, 2, 3, 6, 12) if len(months) <= 9 * n), 12 * (1 + len(months) // 108))
    parts: list[Markup] = []
    free = 0.0  # where there is room for the next label
    for n, month in enumerate(months):
        x = max((month - first).days, 0) / days * width
        if month >= first:
            parts.append(element("line", class_="zero", x1=x, x2=x, y1=10, y2=14))
        if n % every == 0 and free <= x < width - 44:
            names_year = every < 12 and (n == 0 or month.month <= every)
            text = f"{month:%Y}" if every >= 12 else f"{month:%b %Y}" if names_year else f"{month:%b}"
            parts.append(element("text", text, class_="tick", x=x, y=9))
            free = x + 7 * len(text)
    size = {"viewBox": f"0 0 {width} 14", "width": width, "height": 14}
    return element("svg", *parts, class_="axis", aria_hidden="true", **size)


def _state_path(state: State, pixels: bytearray) -> Markup:
    """One path through all the pixels of a state: a line as thick as the strip."""
    wanted, moves, at, x = 1 + SEVERITY.index(state), [f"M0 {HEIGHT // 2}"], 0, 0
    while (start := pixels.find(wanted, x)) >= 0:
        x = start
        while x < len(pixels) and pixels[x] == wanted:
            x += 1
        moves.append(f"m{start - at} 0h{x - start}")
        at = x
    return element("path", class_=f"days {CLASSES[state]}", d="".join(moves))


def _months(first: date, last: date) -> list[date]:
    """The first days of the months of this range."""
    return [date(n // 12, n % 12 + 1, 1) for n in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)]
