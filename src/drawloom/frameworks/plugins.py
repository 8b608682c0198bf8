"""Plug-ins: what installed packages offer under an entry point group, such as frameworks, detectors, deliveries, models and sinks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from drawloom.model import Fix, InputError, Problem, Where

T = TypeVar("T")
Check = Callable[[str, object], T]


def load_plugins(group: str, check: Check[T]) -> dict[str, T]:
    """All plug-ins of a group, by name.

    Args:
        group: the entry point group, like ``drawloom.detectors``.
        check: is given a plug-in's name and what its entry point loads, and returns what is to be used.
            It raises TypeError where that is no plug-in of this group.

    Raises:
        InputError: one cannot be used, or two have the same name.
    """
    found, problems = find_plugins(group, check)
    if problems:
        raise InputError(*problems)
    return found


def find_plugins(
    group: str, check: Check[T], points: Iterable[EntryPoint] | None = None
) -> tuple[dict[str, T], list[Problem]]:
    """Like load_plugins, but a broken one does not take the others down: it is one of the problems."""
    found: dict[str, T] = {}
    loaded_from: dict[str, str] = {}
    problems: list[Problem] = []
    points = entry_points(group=group) if points is None else points
    for point in sorted(set(points), key=lambda point: (point.name, point.value)):
        try:
            plugin = _load(point, check, loaded_from.get(point.name))
        except Exception as error:  # a third party's import may raise anything
            problems.append(_broken(group, point, error))
        else:
            found[point.name], loaded_from[point.name] = plugin, point.value
    return found, problems


def _load(point: EntryPoint, check: Check[T], other: str | None) -> T:
    if other:
        raise TypeError(f"{other} already has that name")
    return check(point.name, point.load())


def _broken(group: str, point: EntryPoint, error: Exception) -> Problem:
    noun = group.rpartition(".")[2].removesuffix("s")
    package = point.dist.name if point.dist else "a package"
    message = f"{noun} == {point.name} ({point.value} of {package}), must load: {type(error).__name__}: {error}."
    return Problem(f"broken-{noun}", "error", message, Where(), Fix(f"Update or uninstall {package}."))
