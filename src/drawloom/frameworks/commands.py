"""Commands that a framework adds to the command line: their options, and the page that each of them shows.

A command is to its framework what a page is to a spec: it knows the specs of the project and which days tables have,
and returns queries and how their rows are to be read, so that every interface can show it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from drawloom.frameworks.page import Page
from drawloom.model import InputError, Problem
from drawloom.specs.base import Spec

Kind = Literal["text", "count", "counts", "share", "day"]
RULES: Mapping[Kind, str] = {
    "text": "a text",
    "count": "a whole number from {} on, like 14 or 14d",
    "counts": "whole numbers from {} on, like 7,14,28",
    "share": "a number between 0 and 1, or a percentage, like 0.8 or 80%",
    "day": "a day like 2026-01-31",
}
MOST = 10**12


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command. ``kind`` says what it may be: shares lie between 0 and 1, counts are whole numbers from ``least`` on."""

    name: str
    label: str
    kind: Kind = "text"
    least: int = 1

    @property
    def flag(self) -> str:
        """How it is written."""
        return f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a command knows of the project: its valid specs, and the days of a table that have a partition, in order."""

    all_specs: Sequence[Spec]
    days: Callable[[str], Sequence[date]]

    def specs(self, kind: str) -> tuple[Spec, ...]:
        """The specs of a kind, in the order of their files."""
        return tuple(spec for spec in self.all_specs if spec.kind == kind)


@dataclass(frozen=True, slots=True)
class Command:
    """A command about one named thing: ``page(context, name, given)`` returns what it shows; options not given are None.

    ``name_label`` says what is named.
    """

    name: str
    help: str
    name_label: str
    options: tuple[Option, ...]
    page: Callable[[CommandContext, str, Mapping[str, Any]], Page]

    def values(self, texts: Mapping[str, str | None]) -> dict[str, Any]:
        """The values of options from their texts.

        Raises:
            InputError: a text is not what its option may be.
        """
        problems: list[Problem] = []
        found = {option.name: _value(option, texts.get(option.name), problems) for option in self.options}
        if problems:
            raise InputError(*problems)
        return found


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """The commands of a framework, under one word."""

    name: str
    help: str
    commands: tuple[Command, ...]


def _value(option: Option, text: str | None, problems: list[Problem]) -> Any:
    if text is None:
        return None
    found = list(_read(option, text.strip()))
    if not found:
        message = f"{option.flag} == {text!r}, must be {RULES[option.kind].format(option.least)}."
        problems.append(Problem("bad-option", "error", message))
        return None
    return tuple(found) if option.kind == "counts" else found[0]


def _read(option: Option, text: str) -> Iterator[Any]:
    """The value or values of a text; nothing if it is not of the option's kind."""
    kind = option.kind
    if kind == "text" and text:
        yield text
    elif kind == "day":
        yield from _read_day(text)
    elif kind == "share":
        yield from _read_share(text)
    elif kind in {"count", "counts"}:
        parts = re.split(r"\s*,\s*", text) if kind == "counts" else [text]
        counts = [int(found[1]) for part in parts if (found := re.fullmatch(r"(\d{1,12})d?", part))]
        if len(counts) == len(parts) and all(option.least <= count <= MOST for count in counts):
            yield from dict.fromkeys(counts)


def _read_day(text: str) -> Iterator[date]:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            yield date.fromisoformat(text)
        except ValueError:
            return


def _read_share(text: str) -> Iterator[float]:
    found = re.fullmatch(r"(\d*\.?\d+)(%?)", text)
    if found and 0 < (share := float(found[1]) / (100 if found[2] else 1)) < 1:
        yield share
