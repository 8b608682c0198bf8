"""Finding frameworks, and the fields that every pipeline gets from the project."""

from __future__ import annotations

from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from drawloom.frameworks.autodag import AutoDag
from drawloom.frameworks.base import (
    GROUP,
    Framework,
    ProjectContext,
    SpecModels,
    check_framework,
    compile_spec,
    find_frameworks,
    frameworks,
)
from drawloom.frameworks.plugins import find_plugins
from drawloom.model import InputError, Step, Table
from drawloom.specs.base import Spec
from drawloom.specs.config import Config, Defaults
from drawloom.specs.load import read_specs

PROJECT = ProjectContext("rides", date(2026, 1, 1), Defaults(owner="team", retries=5), today=date(2026, 6, 1))


class Plain(Spec):
    kind: str = "plain"


def compile_plain(spec: Plain, project: ProjectContext) -> list[Step]:
    return [Step("a.b", Table("a.b", owner=project.owner(spec)))]


plain = Framework("plain", Plain, compile_plain)
twin = Framework("autodag", Plain, compile_plain)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_ours_are_found() -> None:
    found = frameworks()
    assert found["autodag"].Spec is AutoDag
    assert find_frameworks() == found


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "x",
            "drawloom_none:X",
            "The framework x (drawloom_none:X of a package) cannot be loaded: ModuleNotFoundError",
        ),
        ("x", f"{__name__}:NoThing", "AttributeError"),
        ("x", f"{__name__}:Plain", "it is not a drawloom.frameworks.base.Framework"),
        ("x", f"{__name__}:plain", "its kind is 'plain', which must be the entry point's name"),
        ("autodag", f"{__name__}:twin", "TypeError: drawloom.frameworks.autodag:framework already has that name"),
    ],
)
def test_a_broken_one_does_not_take_the_others_down(name: str, value: str, message: str) -> None:
    points = [point(name, value), point("autodag", "drawloom.frameworks.autodag:framework")]
    found, (problem,) = find_plugins(GROUP, check_framework, points)
    assert found["autodag"].Spec is AutoDag
    assert message in problem.message


def test_one_that_is_broken_is_refused_where_a_spec_is_of_its_kind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    points = (point("autodag", "drawloom.frameworks.autodag:framework"), point("x", "drawloom_none:X"))
    monkeypatch.setattr("drawloom.frameworks.plugins._entry_points", lambda group: points)
    (tmp_path / "a.yml").write_text("name: a\nkind: x\n")
    (tmp_path / "b.yml").write_text("kind: autodag\ntable: core.b\nsql: SELECT 1 AS one\nuntil: {forever: a test}\n")
    (tmp_path / "c.yml").write_text("kind: y\n")
    specs, problems = read_specs(tmp_path, SpecModels(find_frameworks()))
    assert [spec.kind for spec in specs] == ["autodag"]
    assert [(str(problem.where), problem.message.partition(" of ")[0]) for problem in problems] == [
        (f"{tmp_path.name}/a.yml:2", "The framework x (drawloom_none:X"),
        (f"{tmp_path.name}/c.yml:1", "kind == 'y', must be one"),
    ]


def test_a_framework_has_the_readme_beside_its_code() -> None:
    assert frameworks()["growth"].readme
    assert plain.readme is None


def make(**fields: Any) -> Any:
    return compile_spec(plain, Plain(**{"until": "2026-07-01", **fields}), PROJECT)


def test_defaults_are_those_of_the_project() -> None:
    made = make()
    assert (made.name, made.kind, made.owner, made.retries, made.schedule.text) == (
        "a.b",
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
    project = ProjectContext.of(Config(name="x", start=date(2026, 1, 1)))
    with pytest.raises(InputError, match=r"owner is missing.*in `defaults` of drawloom.yml"):
        compile_spec(plain, Plain.model_validate({"until": "forever: x"}), project)
