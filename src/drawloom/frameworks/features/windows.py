"""Windows of days, and the carried states that each is put together from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from drawloom.specs.validation import RuleError

EVER = "ltd"
CARRIED = (28, 7)  # days of the windows that are carried in the state, the longest first
LONGEST = 3660  # days


@dataclass(frozen=True, slots=True)
class Window:
    """The days up to the one that is filled: the last ``days`` of them, or all so far where it is None."""

    days: int | None

    @property
    def name(self) -> str:
        """As it is written in a spec, and as feature columns end."""
        return f"{self.days}d" if self.days else EVER

    @property
    def is_carried(self) -> bool:
        """Whether the state of a day has it as it is."""
        return self.days is None or self.days in CARRIED

    @property
    def plan(self) -> str:
        """In words, what a day's value of it is made of: the rows that are read, and not one for each of its days."""
        if self.days is None:
            return "carried in the state: that of the day before, and the new day"
        shorter = [length for length in (*CARRIED, 1) if length < self.days]
        lengths = [part.days for part in _parts(self.days, shorter or [1])]
        made_of = " + ".join(f"{lengths.count(length)} x {length}d" for length in dict.fromkeys(lengths))
        return f"carried in the state: {made_of}" if self.is_carried else made_of

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it is put together from: whole carried windows, one before the other, and days for the rest."""
        return tuple(_parts(self.days, (*CARRIED, 1))) if self.days else ()


@dataclass(frozen=True, slots=True)
class Part:
    """A carried window, or one day, that ends so many days before the day that is filled."""

    days: int
    ago: int


def _parts(days: int, lengths: Sequence[int]) -> Iterator[Part]:
    """The newest parts are the longest, so that whole carried windows end on days that have one."""
    ago = 0
    for length in lengths:
        while days - ago >= length:
            yield Part(length, ago)
            ago += length


def as_window(value: object) -> object:
    """A window from ``28d`` or ``ltd``."""
    if isinstance(value, Window):
        return value
    if value == EVER:
        return Window(None)
    found = re.fullmatch(r"([1-9]\d{0,3})d", value) if isinstance(value, str) else None
    if found and int(found[1]) <= LONGEST:
        return Window(int(found[1]))
    raise RuleError(f"must be days like 28d, at most {LONGEST}d, or {EVER} for all days so far")


AnyWindow = Annotated[
    Window,
    BeforeValidator(as_window),
    PlainSerializer(lambda window: window.name),
    WithJsonSchema({"type": "string", "pattern": rf"^([1-9]\d*d|{EVER})$"}),
]
FeatureWindows = Annotated[tuple[AnyWindow, ...], Field(strict=False, min_length=1)]
