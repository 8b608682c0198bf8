"""Sparklines: the history of a fact beside its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from drawloom.web.draw.svg import Scale, element, number

WIDTH, HEIGHT = 120, 28


def sparkline(values: Sequence[Any]) -> Markup:
    """A line of the numbers among the values; nothing where there are fewer than two."""
    known = [
        (n, float(value))
        for n, value in enumerate(values)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if len(known) < 2:
        return Markup("")
    numbers = [value for _, value in known]
    across = Scale(0, len(values) - 1, 2, WIDTH - 2)
    up = Scale(min(numbers), max(numbers), HEIGHT - 3, 3)
    middle = HEIGHT / 2
    points = [(across(n), up(value) if up.high > up.low else middle) for n, value in known]
    path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
    line = element("path", d=path, class_="line blue")
    end = element("circle", cx=points[-1][0], cy=points[-1][1], r=2, class_="fill blue")
    return element(
        "svg",
        line,
        end,
        class_="spark",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        aria_hidden="true",
    )
