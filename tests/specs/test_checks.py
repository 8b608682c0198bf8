"""The form of checks."""

from __future__ import annotations

from typing import Any

import pytest

from drawloom.frameworks.autodag import AutoDag
from drawloom.model import InputError


def spec(check: Any) -> AutoDag:
    return AutoDag.model_validate({"table": "a.b", "sql": "SELECT 1", "until": "2026-01-01", "checks": [check]})


@pytest.mark.parametrize(
    "check",
    [
        {"not_null": ["a"]},
        {"unique": ["a", "b"], "severity": "warn"},
        {"accepted_values": {"a": [1, "x", 2.5, True]}},
        {"rows": {"min": 0}},
        {"same_weekday": {"min": 0.5, "max": 2}},
        {"sql": {"name": "x", "query": "SELECT 1"}},
    ],
)
def test_forms(check: dict[str, Any]) -> None:
    (made,) = spec(check).checks
    assert made.model_dump(exclude_unset=True).keys() == check.keys()


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({}, "must be exactly one of not_null, unique"),
        ({"not_null": ["a"], "unique": ["a"]}, "must be exactly one of"),
        ({"not_null": []}, "must not be empty"),
        ({"not_null": [1]}, r"checks\[0\].not_null\[0\] == 1, must be text"),
        ({"accepted_values": {}}, "must name a column"),
        ({"accepted_values": {"a": []}}, "must not be empty"),
        ({"rows": {}}, "must have a min, a max or both"),
        ({"rows": {"min": 2, "max": 1}}, "must have its min, 2, no larger than its max, 1"),
        ({"rows": {"min": -1}}, "must be at least 0"),
        ({"same_weekday": {"min": "x"}}, "same_weekday.min == 'x', must be a number"),
        ({"sql": "SELECT 1"}, "must be lines of `key: value`"),
        ({"not_null": ["a"], "severity": "wran"}, "must be 'error' or 'warn'. Did you mean warn?"),
        ("not_null", "must be lines of `key: value`"),
    ],
)
def test_refusals(check: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spec(check)
