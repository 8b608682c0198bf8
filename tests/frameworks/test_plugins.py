"""Plug-ins: loading the entry points of a group, and reporting broken ones."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint

import pytest

from drawloom.frameworks import plugins
from drawloom.model import InputError, Where

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
    assert problem.message == f"The detector bad ({value} of a package) cannot be loaded: {reason}"


def test_two_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [*points(spike=f"{__name__}:spike"), *points(spike=f"{__name__}:callable_plugin")]
    monkeypatch.setattr("drawloom.frameworks.plugins._entry_points", lambda group: both)
    with pytest.raises(InputError, match="already has that name"):
        plugins.load_plugins(GROUP, callable_plugin)
    assert plugins.load_plugins.__doc__


def test_a_spec_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    known = points(spike=f"{__name__}:spike", bad="drawloom_none:x")
    monkeypatch.setattr("drawloom.frameworks.plugins._entry_points", lambda group: known)
    where = Where("specs/health.yml", 3)
    assert plugins.load_plugin(GROUP, "spike", callable_plugin, where)([1.0]) is False
    with pytest.raises(InputError) as unknown:
        plugins.load_plugin(GROUP, "spikes", callable_plugin, where)
    assert str(unknown.value.problems[0]).startswith(
        "specs/health.yml:3: detector == 'spikes', must be an entry point of the group drawloom.detectors. Did you mean spike?"
    )
    with pytest.raises(InputError, match=r"specs/health.yml:3: The detector bad"):
        plugins.load_plugin(GROUP, "bad", callable_plugin, where)
