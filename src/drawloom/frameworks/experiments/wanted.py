"""The effect that is wanted: a share of the mean, or in the metric's own unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drawloom.model import refuse


@dataclass(frozen=True, slots=True)
class Wanted:
    """An effect: relative where it is a share of the mean, else absolute."""

    relative: float | None
    absolute: float | None

    @classmethod
    def of(cls, text: str) -> Wanted:
        """From ``3%``, a share of the mean, or from ``0.25``, in the metric's own unit; signs do not matter.

        Raises:
            InputError: it is neither, or no effect.
        """
        found = re.fullmatch(r"[+-]?(\d*\.?\d+)(%?)", text.strip())
        size = float(found[1]) if found else 0.0
        if not found or not size:
            rule = "must be a percentage of the mean, like 3%, or a number in the metric's own unit, like 0.25"
            raise refuse("bad-option", f"--effect == {text!r}, {rule}; and not 0.")
        return cls(size / 100, None) if found[2] else cls(None, size)

    @property
    def text(self) -> str:
        """As people read it."""
        return f"{self.relative * 100:g}%" if self.relative is not None else f"{self.absolute:g}"

    def size(self, mean: float) -> float:
        """In the metric's own unit."""
        return self.relative * abs(mean) if self.relative is not None else self.absolute or 0.0


def plural(count: int, noun: str) -> str:
    """Such as ``1 day`` and ``2 days``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
