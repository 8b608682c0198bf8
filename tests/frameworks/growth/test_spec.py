"""Bad growth specs are refused with the place, and good ones compile to the same bytes from YAML and Python."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from drawloom.frameworks.base import ProjectContext, compile_spec
from drawloom.frameworks.growth import Growth, framework
from drawloom.frameworks.pipeline_json import to_json
from drawloom.model import InputError, Step
from drawloom.specs.config import Defaults
from drawloom.specs.load import load_specs
from drawloom.sql.dialect import transpile
from drawloom.sql.script_reader import read_script
from drawloom.sql.template.rendering import render
from tests.helpers import count_calls, without_lines

PROJECT = ProjectContext("t", date(2026, 1, 1), Defaults(owner="a@example.com"))
GOOD: dict[str, Any] = {
    "name": "riders",
    "source": "core.rides",
    "entity": ["country", "rider"],
    "time": "asked_at",
    "activities": {"rides": True, "shared": "product = 'shared {{ ds }}'"},
    "dimensions": {
        "city": {},
        "version": {"top": 3, "min_entities": 2, "column": "app"},
        "channel": {"touch": "first"},
        "plan": {"from": "core.accounts"},
    },
    "cuts": [["city"], ["plan", "city"]],
    "until": "forever: a test",
}
YAML = """kind: growth
name: riders
source: core.rides
entity: [country, rider]
time: asked_at
activities: {rides: true, shared: "product = 'shared {{ ds }}'"}
dimensions:
  city: {}
  version: {top: 3, min_entities: 2, column: app}
  channel: {touch: first}
  plan: {from: core.accounts}
cuts: [[city], [plan, city]]
until: "forever: a test"
"""


def test_yaml_and_python_compile_to_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "riders.yml").write_text(YAML)
    (spec,) = load_specs(tmp_path, {"growth": Growth})
    from_yaml, from_python = (to_json(compile_spec(framework, one, PROJECT)) for one in (spec, Growth(**GOOD)))
    assert without_lines(from_yaml) == without_lines(from_python)


@pytest.mark.parametrize("engine", ["spark", "trino"])
@pytest.mark.parametrize("more", [{}, {"dimensions": {"city": {}, "channel": {"touch": "first"}}, "cuts": None}])
def test_the_sql_can_be_said_for_other_engines(engine: str, more: dict[str, Any]) -> None:
    for step in compile_spec(framework, Growth(**{**GOOD, **more}), PROJECT).steps:
        for text in filter(None, (step.sql, step.backfill_sql)):
            sql = render(text, date(2026, 3, 1), start="2026-02-01", end="2026-03-01").text
            assert transpile(sql, "duckdb", engine)


def test_braces_in_a_condition_stay_what_they_are() -> None:
    days = compile_spec(framework, Growth(**GOOD), PROJECT).steps[0]
    assert "'shared {{ ds }}'" in render(days.sql or "", date(2026, 3, 1)).text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"activities": {"rides": "product ="}}, "must be a condition over one row of core.rides: it is not SQL"),
        ({"activities": {"rides": "a; DROP TABLE b"}}, "it is not one expression"),
        ({"activities": {"rides": "id IN (SELECT 1)"}}, "it has a query in it"),
        ({"activities": {"rides": "count(*) > 1"}}, "looks at many rows"),
        ({"activities": {"rides": False}}, "must be true, for every row, or a condition in SQL"),
        ({"activities": {}}, "must not be empty"),
        ({"name": "my-riders"}, "name == my-riders, must be one word of letters, digits and _"),
        ({"windows": [1, 29]}, "must be at most 28"),
        ({"windows": list(range(1, 18))}, "must have at most 16"),
        ({"windows": [7, 7]}, "windows == [7, 7], must not name one twice"),
        ({"cuts": [["town"]]}, "cuts == town, must be one of the dimensions"),
        ({"cuts": [["city", "plan"], ["plan", "city"]]}, "must not name one twice"),
        ({"dimensions": {"active": {}}, "cuts": []}, "active, must not be a column of growth tables"),
        ({"dimensions": {"rides": {}}, "cuts": []}, "rides, must be the name of one thing only"),
        ({"dimensions": {"a,b": {}}, "cuts": []}, "must have no comma"),
        ({"dimensions": {"city": {"from": "core.a", "touch": "first"}}, "cuts": []}, "`touch` or `from`, not both"),
        ({"dimensions": {"city": {"tops": 3}}, "cuts": []}, "tops"),
        ({"schedule": "@weekly"}, "schedule == @weekly, must be @daily"),
    ],
)
def test_bad_specs_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        compile_spec(framework, Growth(**{**GOOD, **more}), PROJECT)
    assert message in str(caught.value)


def _steps_with_dimensions(count: int) -> tuple[Step, ...]:
    spec = Growth(**{**GOOD, "dimensions": {f"d{n}": {} for n in range(count)}, "cuts": None})
    return compile_spec(framework, spec, PROJECT).steps


def test_the_sql_grows_with_the_number_of_dimensions_and_not_with_its_square() -> None:
    few, many = (sum(len(step.sql or "") for step in _steps_with_dimensions(count)) for count in (50, 100))
    assert many < 2.1 * few


@pytest.mark.unmeasured
def test_the_work_of_reading_grows_with_the_number_of_dimensions_and_not_with_its_square() -> None:
    def read(steps: tuple[Step, ...]) -> None:
        for step in steps:
            read_script(step.sql or "", params=step.params)

    few, many = (count_calls(partial(read, _steps_with_dimensions(count))) for count in (30, 120))
    assert many < 3 * few
