"""Bad specs of features are refused with the place, and good ones compile to SQL that every engine has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from drawloom.frameworks.base import ProjectContext, SpecCompiler, compile_spec
from drawloom.frameworks.features import Features, framework
from drawloom.frameworks.features.catalogue import list_features
from drawloom.frameworks.features.windows import Part, Window
from drawloom.model import InputError
from drawloom.specs.config import Defaults
from drawloom.sql.template.rendering import render

PROJECT = ProjectContext("t", date(2026, 1, 1), Defaults(owner="a@example.com"))
SOURCE = {"table": "core.rides", "time": "at", "tie_breaker": "id", "where": "status = 'done {{ ds }}'"}
GOOD: dict[str, Any] = {
    "name": "riders",
    "entity": {"name": "rider", "key": "rider"},
    "source": SOURCE,
    "windows": ["1d", "7d", "28d", "60d", "ltd"],
    "measures": {
        "rides": {"ops": ["count"]},
        "fare": {"value": "fare", "ops": ["sum", "avg", "stddev", "min", "last"]},
        "city": {"value": "city", "ops": ["n_distinct", {"last_k": 3}, {"top_k": 2}], "windows": ["28d"]},
        "kinds": {"ops": ["count"], "by": {"column": "kind", "values": ["a b", 7], "other": True}, "windows": ["7d"]},
    },
    "derive": {"trend": "rides_count_7d / nullif(rides_count_28d / 4.0, 0)"},
    "until": "forever: a test",
}


@pytest.mark.parametrize(
    ("days", "parts"),
    [
        (1, [(1, 0)]),
        (3, [(1, 0), (1, 1), (1, 2)]),
        (7, [(7, 0)]),
        (9, [(7, 0), (1, 7), (1, 8)]),
        (28, [(28, 0)]),
        (60, [(28, 0), (28, 28), (1, 56), (1, 57), (1, 58), (1, 59)]),
    ],
)
def test_windows_are_put_together_from_carried_ones(days: int, parts: list[tuple[int, int]]) -> None:
    assert Window(days).parts == tuple(Part(*part) for part in parts)


def test_the_sql_of_a_day_says_what_each_window_is_made_of() -> None:
    plans = {name: Window(days).plan for name, days in {"1d": 1, "28d": 28, "60d": 60, "ltd": None}.items()}
    assert plans == {
        "1d": "1 x 1d",
        "28d": "carried in the state: 4 x 7d",
        "60d": "2 x 28d + 4 x 1d",
        "ltd": "carried in the state: that of the day before, and the new day",
    }
    steps = compile_spec(framework, Features(**GOOD), PROJECT).steps
    assert any("-- 60d: 2 x 28d + 4 x 1d.\n" in (step.sql or "") for step in steps)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (date(2026, 1, 28), [("windows", "60d", 28, "2026-03-01")]),
        (
            date(2026, 1, 27),
            [
                ("windows", "28d", 27, "2026-01-28"),
                ("windows", "60d", 27, "2026-03-01"),
                ("measures.city.windows", "28d", 27, "2026-01-28"),
            ],
        ),
        (date(2026, 3, 1), []),
    ],
)
def test_windows_longer_than_the_history_are_told(end: date, told: list[tuple[str, str, int, str]]) -> None:
    spec = Features(
        **{
            **GOOD,
            "windows": ["1d", "28d", "60d", "ltd"],
            "measures": {"rides": {"ops": ["count"]}, "city": GOOD["measures"]["city"]},
            "derive": {},
        }
    )
    compiler = SpecCompiler({"features": framework}, [spec], replace(PROJECT, end=end))
    compiled, problems = compiler.compile_all()
    assert len(compiled) == 1
    assert [(problem.severity, problem.message) for problem in problems] == [
        (
            "warn",
            f"{place} == {window}, must not be longer than the history, which has {days} days, from 2026-01-01 on.",
        )
        for place, window, days, _ in told
    ]
    assert all(whole in str(problem.fix) for problem, (*_, whole) in zip(problems, told, strict=True))


def test_features_are_called_by_measure_op_window_and_bucket() -> None:
    names = [feature.name for feature in list_features(Features(**GOOD))]
    assert [name for name in names if name.startswith("kinds")] == [
        f"kinds_count_7d__{bucket}" for bucket in ("a_b", "7", "other")
    ]
    assert {"rides_count_ltd", "fare_stddev_60d", "city_last_k_28d", "trend"} <= set(names)


def test_a_changed_definition_is_another_version_and_no_other_feature_is() -> None:
    def versions(more: dict[str, Any]) -> dict[str, str]:
        measures = {**GOOD["measures"], **more}
        return {one.name: one.fingerprint for one in list_features(Features(**{**GOOD, "measures": measures}))}

    before, after = (
        versions({}),
        versions({"rides": {"ops": ["count"], "where": "fare > 0"}, "new": {"ops": ["count"]}}),
    )
    changed = {name for name, fingerprint in before.items() if after[name] != fingerprint}
    assert changed == {"trend", *(f"rides_count_{window}" for window in GOOD["windows"])}


def test_braces_in_conditions_stay_what_they_are() -> None:
    days = compile_spec(framework, Features(**GOOD), PROJECT).steps[0]
    assert "'done {{ ds }}'" in render(days.sql or "", date(2026, 3, 1)).text


def test_a_state_is_kept_as_long_as_windows_are_put_together_from_it() -> None:
    def kept(windows: list[str]) -> int | None:
        measures = {"rides": {"ops": ["count"]}}
        spec = Features(**{**GOOD, "windows": windows, "measures": measures, "derive": {}})
        steps = compile_spec(framework, spec, PROJECT).steps
        return next(step.into.keep for step in steps if step.into.name.endswith("state"))

    assert [kept([window]) for window in ("3d", "90d", "999d")] == [400, 400, 988]


def measure(**fields: Any) -> dict[str, Any]:
    return {"measures": {"fare": {"value": "fare", "ops": ["sum"], **fields}}, "derive": {}}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"name": "my-riders"}, "name.my-riders == my-riders, must be one word of letters, digits and _"),
        ({"windows": ["7"]}, "windows[0] == '7', must be days like 28d, at most 3660d, or ltd"),
        ({"windows": ["7d", "7d"]}, "windows == 7d, must be named once"),
        ({"source": None}, "source == null, must be a table and the column of its time"),
        ({"sources": {"a": SOURCE}}, "sources == a, must be left out where there is a `source`"),
        ({"source": {**SOURCE, "time": None}}, "source.time"),
        (measure(ops=["summ"]), "must be one of count, sum, avg"),
        (measure(ops=["last_k"]), "must say how many, like {last_k: 5}"),
        (measure(ops=[{"top_k": 21}]), "must have a number of values from 1 to 20"),
        (measure(ops=["sum", "sum"]), "measures.fare.ops == sum, must be named once"),
        (measure(value=None), "measures.fare.ops == sum, must have a `value`"),
        (measure(value="sum(fare)"), "looks at many rows"),
        (measure(where="fare >"), "must be a condition over one row of core.rides: it is not SQL"),
        (measure(source="b"), "measures.fare.source == b, must be one of `sources`"),
        (measure(metric="rides.fare"), "measures.fare.value == fare, must be left out: it is a metric"),
        (measure(metric="rides.fare", value=None), "entity.type == null, must be given beside features of metrics"),
        (measure(by={"column": "k", "values": ["a", "A"]}), "must not be called like the feature fare_sum_1d__a"),
        (measure(by={"column": "k", "values": ["x" * 60]}), "must have at most 63 letters"),
        ({"derive": {"rides_count_7d": "1"}}, "must not be called like the feature rides_count_7d"),
        ({"derive": {"rider": "1"}}, "must not be called like the key of the entity"),
        ({"derive": {"trend": "rides_count_7d /"}}, "it is not SQL"),
        ({"schedule": "@weekly"}, "schedule == @weekly, must be @daily"),
    ],
)
def test_bad_specs_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        compile_spec(framework, Features(**{**GOOD, **more}), PROJECT)
    assert message in str(caught.value)
