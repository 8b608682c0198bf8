"""Plug-ins: what installed packages offer under an entry point group, such as frameworks, detectors, deliveries, models and sinks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from drawloom.model import Fix, InputError, Problem, Where
from drawloom.specs.validation import did_you_mean

T = TypeVar("T")
Check = Callable[[str, object], T]


class Plugins(Mapping[str, T]):
    """The plug-ins of a group by name, each loaded when it is asked for: most are not needed, and loading takes its time.

    Args:
        group: as in ``load_plugins``.
        check: as in ``load_plugins``.
    """

    def __init__(self, group: str, check: Check[T]) -> None:
        self._group, self._check = group, check
        self._loaded: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        """The plug-in of a name.

        Raises:
            KeyError: there is none.
            InputError: it cannot be used, or another has the same name.
        """
        if name not in self._loaded:
            points = [point for point in _entry_points(self._group) if point.name == name]
            found, problems = find_plugins(self._group, self._check, points)
            if problems:
                raise InputError(*problems)
            self._loaded[name] = found[name]
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is one of that name, which may be broken."""
        return any(point.name == name for point in _entry_points(self._group))

    def __iter__(self) -> Iterator[str]:
        """The names in their order."""
        return iter(sorted({point.name for point in _entry_points(self._group)}))

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)


def load_plugins(group: str, check: Check[T]) -> dict[str, T]:
    """All plug-ins of a group, by name.

    Args:
        group: the entry point group, like ``drawloom.detectors``.
        check: takes a plug-in's name and the object its entry point loads, and returns the plug-in.
            It raises TypeError where that is not a plug-in of this group.

    Raises:
        InputError: one cannot be used, or two have the same name.
    """
    found, problems = find_plugins(group, check)
    if problems:
        raise InputError(*problems)
    return found


def load_plugin(group: str, name: str, check: Check[T], where: Where) -> T:
    """The plug-in that a spec names.

    Args:
        group: the entry point group.
        name: its name, as the spec has it.
        check: as in ``load_plugins``.
        where: where the spec names it, for the error.

    Raises:
        InputError: there is none of that name, or it cannot be used.
    """
    found = Plugins(group, check)
    if name not in found:
        fix = Fix(did_you_mean(name, list(found)) or f"There are: {', '.join(found) or 'none'}.")
        message = f"{_noun(group)} == {name!r}, must be an entry point of the group {group}."
        raise InputError(Problem(f"unknown-{_noun(group)}", "error", message, where, fix))
    try:
        return found[name]
    except InputError as error:
        raise InputError(*(replace(problem, where=where) for problem in error.problems)) from error


def find_plugins(
    group: str, check: Check[T], points: Iterable[EntryPoint] | None = None
) -> tuple[dict[str, T], list[Problem]]:
    """Like load_plugins, but a broken one does not keep the others from loading: it is one of the problems."""
    found: dict[str, T] = {}
    loaded_from: dict[str, str] = {}
    problems: list[Problem] = []
    points = _entry_points(group) if points is None else points
    for point in sorted(set(points), key=lambda point: (point.name, point.value)):
        try:
            plugin = _load(point, check, loaded_from.get(point.name))
        except Exception as error:  # a third party's import may raise anything
            problems.append(_broken(group, point, error))
        else:
            found[point.name], loaded_from[point.name] = plugin, point.value
    return found, problems


def _entry_points(group: str) -> tuple[EntryPoint, ...]:
    return _entry_points_on(group, tuple(sys.path))


@lru_cache(maxsize=64)
def _entry_points_on(group: str, _path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Cached: the metadata of all installed packages are read, which do not change while a process runs."""
    return tuple(entry_points(group=group))


def _load(point: EntryPoint, check: Check[T], other: str | None) -> T:
    if other:
        raise TypeError(f"{other} already has that name")
    return check(point.name, point.load())


def _noun(group: str) -> str:
    return group.rpartition(".")[2].removesuffix("s")


def _broken(group: str, point: EntryPoint, error: Exception) -> Problem:
    noun = _noun(group)
    package = point.dist.name if point.dist else "a package"
    message = f"The {noun} {point.name} ({point.value} of {package}) cannot be loaded: {type(error).__name__}: {error}."
    return Problem(f"broken-{noun}", "error", message, Where(), Fix(f"Update or uninstall {package}."))
