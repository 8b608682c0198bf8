"""Elements of SVG whose texts are escaped, and the scales that turn values into places."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Child = str | Markup


def element(name: str, *children: Child, **attributes: object) -> Markup:
    """One element. ``class_`` is class, other underscores are dashes; attributes that are None are left out."""
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    start = "".join(f' {key}="{escape(_text(value))}"' for key, value in pairs)
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{start}>{inside}</{name}>")  # noqa: S704 - everything in it is escaped


def join(parts: Iterator[Markup] | Sequence[Markup]) -> Markup:
    """Elements beside each other."""
    return Markup("").join(parts)


def number(value: float) -> str:
    """A coordinate, as short as one tenth of a pixel allows."""
    return (
        f"{value:.1f}".removesuffix(".0").replace("-0", "0") if abs(value) < 0.05 else f"{value:.1f}".removesuffix(".0")
    )


def _text(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Scale:
    """Places of values between ``low`` and ``high``: from ``start`` to ``end`` pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value."""
        return self.start + (value - self.low) / ((self.high - self.low) or 1) * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values across the scale, at most so many: steps of 1, 2 or 5 times a power of ten."""
        span = self.high - self.low
        if span <= 0 or not math.isfinite(span):
            return [self.low]
        power = 10.0 ** math.floor(math.log10(span / most))
        step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if span / step <= most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(n * step, 12) for n in range(first, last + 1)]


def nice_scale(low: float, high: float, start: float, end: float) -> Scale:
    """A scale whose ends are a little outside the values, so that nothing touches the frame."""
    if low == high:
        low, high = (low - 1, high + 1) if low else (0.0, 1.0)
    room = (high - low) * 0.04
    return Scale(low - (room if low < 0 or low > 0 else 0), high + room, start, end)
