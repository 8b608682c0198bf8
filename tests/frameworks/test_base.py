"""Finding frameworks, and what every pipeline gets from the project."""

from __future__ import annotations

from datetime import date
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from drawloom.frameworks.autodag import AutoDag
from drawloom.frameworks.base import GROUP, Context, collect, find_frameworks, frameworks
from drawloom.model import InputError, Step, Table
from drawloom.specs.base import Spec
from drawloom.specs.config import Config, Defaults

CONTEXT = Context("rides", date(2026, 1, 1), Defaults(owner="team", retries=5), today=date(2026, 6, 1))


class Plain(Spec):
    kind: str = "plain"


class NoCompile(Spec):
    kind: str = "nocompile"


class Twin(Spec):
    kind: str = "autodag"

    def compile(self, project: Context) -> object:
        return project


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_ours_is_found() -> None:
    found = frameworks()
    assert found["autodag"].Spec is AutoDag
    assert find_frameworks() == (found, [])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("x", "drawloom_none:X", "framework == x (drawloom_none:X of a package), must load: ModuleNotFoundError"),
        ("x", f"{__name__}:NoThing", "AttributeError"),
        ("x", f"{__name__}:point", "it is no subclass of drawloom.specs.base.Spec with a compile method"),
        ("nocompile", f"{__name__}:NoCompile", "it is no subclass"),
        ("x", f"{__name__}:Twin", "its kind is 'autodag', which must be the entry point's name"),
        ("autodag", f"{__name__}:Twin", "TypeError: drawloom.frameworks.autodag:AutoDag is already of that kind"),
    ],
)
def test_a_broken_one_does_not_take_the_others_down(name: str, value: str, message: str) -> None:
    found, (problem,) = collect([point(name, value), point("autodag", "drawloom.frameworks.autodag:AutoDag")])
    assert found["autodag"].Spec is AutoDag
    assert message in problem.message


def test_what_is_found_raises_when_asked_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drawloom.frameworks.base.entry_points", lambda group: [point("x", "drawloom_none:X")])
    with pytest.raises(InputError, match="must load: ModuleNotFoundError"):
        frameworks()


def make(**fields: Any) -> Any:
    spec = Plain(**{"until": "2026-07-01", **fields})
    return CONTEXT.pipeline(spec, "name", [Step("a.b", Table("a.b"))])


def test_defaults_are_those_of_the_project() -> None:
    made = make()
    assert (made.name, made.kind, made.owner, made.retries, made.schedule.text) == (
        "name",
        "plain",
        "team",
        5,
        "@daily",
    )
    assert (made.until, made.start) == (date(2026, 7, 1), None)
    own = make(name="own", owner="me", retries=0, schedule="@monthly", start="2026-02-01", until="forever: x")
    assert (own.name, own.owner, own.retries, own.schedule.grain) == ("own", "me", 0, "month")
    assert (own.until, own.start) == (None, date(2026, 2, 1))
    assert own.spec.file == __file__


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedule": "@hourly"}, "schedule == @hourly, must be a day, a week or a month to run"),
        ({"until": "2027-06-03"}, "until == 2027-06-03, must be at most a year ahead"),
        ({"until": "2025-12-31"}, "until == 2025-12-31, must not be before the start, 2026-01-01"),
        ({"until": "2026-02-01", "start": "2026-02-02"}, "must not be before the start, 2026-02-02"),
    ],
)
def test_refusals(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(**fields)
    assert make(until="2027-06-02")


def test_every_table_has_an_owner() -> None:
    context = Context.of(Config(name="x", start=date(2026, 1, 1)))
    with pytest.raises(InputError, match=r"owner is missing, must be given.*in `defaults` of drawloom.yml"):
        context.pipeline(Plain(until="forever: x"), "name", [])  # type: ignore[arg-type]
