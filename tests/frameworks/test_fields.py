"""The fields that specs of several frameworks share."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import Field

from drawloom.frameworks.fields import Condition, Dimension, Entity, Window, condition_problems, condition_sql
from drawloom.model import InputError
from drawloom.specs.base import Spec


class Fields(Spec):
    kind: Literal["fields"] = "fields"
    where_: Condition = "true"
    entity: Entity = ("id",)
    window: Window = 7
    by: dict[str, Dimension] = Field({})


def make(**fields: Any) -> Fields:
    return Fields(**{"until": "forever: a test", **fields})


def test_short_forms() -> None:
    assert make(entity="rider").entity == ("rider",)
    assert make(entity=["rider", "city"]).entity == ("rider", "city")
    assert make(where_=True).where_ == "true"
    assert make(window="28d").window == make(window=28).window == 28


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"entity": []}, "entity == [], must not be empty"),
        ({"where_": ""}, "must be true, for every row, or a condition in SQL like product = 'shared'"),
        ({"window": 0}, "window == 0, must be at least 1"),
        ({"window": "4w"}, "window == '4w', must be a whole number"),
        ({"by": {"city": {"top": 0}}}, "top == 0, must be at least 1"),
    ],
)
def test_refusals(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        make(**fields)
    assert message in str(refused.value)


@pytest.mark.parametrize(("more", "cut"), [({}, False), ({"top": 3}, True), ({"min_entities": 0}, True)])
def test_a_long_tail_is_cut_when_it_is_asked_for(more: dict[str, Any], cut: bool) -> None:
    assert Dimension(**more).has_long_tail is cut


def test_conditions_are_written_anew_and_safe_in_a_template() -> None:
    assert condition_sql("a = 1 -- why") == "(a = 1)"
    assert condition_sql("a = '{{ ds }}'") == "(a = '{{ '{' }}{ ds }}')"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = = 1", "it is not SQL"),
        ("1; 2", "it is not one expression"),
        ("a IN (SELECT 1)", "it has a query in it"),
        ("sum(a) > 1", "SUM(a) looks at many rows"),
    ],
)
def test_conditions_are_about_one_row(text: str, reason: str) -> None:
    (problem,) = condition_problems(make(), "activities", {"rides": text, "fine": "a > 1"}, "core.rides")
    assert problem.message == f"activities.rides == {text!r}, must be a condition over one row of core.rides: {reason}."
