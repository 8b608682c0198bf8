"""Plug-ins: what other packages offer under an entry point group, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint

import pytest

from drawloom.frameworks import plugins
from drawloom.model import InputError

GROUP = "drawloom.detectors"


def spike(values: list[float]) -> bool:
    return max(values) > 10


def callable_plugin(name: str, loaded: object) -> Callable[..., object]:
    if not callable(loaded):
        raise TypeError("it cannot be called")
    return loaded


def points(**values: str) -> list[EntryPoint]:
    return [EntryPoint(name, value, GROUP) for name, value in values.items()]


def test_they_are_found_by_name_and_checked() -> None:
    found, problems = plugins.find_plugins(GROUP, callable_plugin, points(spike=f"{__name__}:spike"))
    assert problems == []
    assert found["spike"]([11.0]) is True


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("drawloom_none:x", "ModuleNotFoundError: No module named 'drawloom_none'."),
        (f"{__name__}:GROUP", "TypeError: it cannot be called."),
    ],
)
def test_a_broken_one_leaves_the_others(value: str, reason: str) -> None:
    found, (problem,) = plugins.find_plugins(GROUP, callable_plugin, points(bad=value, spike=f"{__name__}:spike"))
    assert list(found) == ["spike"]
    assert problem.code == "broken-detector"
    assert problem.message == f"detector == bad ({value} of a package), must load: {reason}"


def test_two_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [*points(spike=f"{__name__}:spike"), *points(spike=f"{__name__}:callable_plugin")]
    monkeypatch.setattr("drawloom.frameworks.plugins.entry_points", lambda group: both)
    with pytest.raises(InputError, match="already has that name"):
        plugins.load_plugins(GROUP, callable_plugin)
    assert plugins.load_plugins.__doc__
