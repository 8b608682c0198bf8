"""Strips: the days of a table as runs of equal states, with words for those who do not see colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from drawloom.run.plan import State
from drawloom.web.draw.svg import element

if TYPE_CHECKING:
    from drawloom.web.site import Span

WIDTH, HEIGHT = 360, 18
CLASSES: Mapping[State, str] = {state: f"state-{state.value}" for state in State}


def status_strip(spans: Sequence[Span], width: int = WIDTH) -> Markup:
    """One rectangle for each span, as long as its share of the days. Each says what it is."""
    total = sum(span.count for span in spans) or 1
    parts, done = [], 0
    for span in spans:
        x = done / total * width
        done += span.count
        size = max(done / total * width - x, 1.0)
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


def strip_words(spans: Sequence[Span]) -> str:
    """The strip in words: how many partitions are in each state."""
    counts: dict[State, int] = {}
    for span in spans:
        counts[span.state] = counts.get(span.state, 0) + span.count
    return ", ".join(f"{count} {state.value}" for state, count in counts.items()) or "no partitions"
