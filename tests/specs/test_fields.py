"""The rules of the shared fields."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.specs import fields
from drawloom.specs.fields import Forever
from drawloom.specs.validation import RuleError


@pytest.mark.parametrize("name", ["core.rides", "Core.Rides", "größe.жук", "a1._b", "1.2"])
def test_table_names(name: str) -> None:
    assert fields.check_table(name) == name


def test_unicode_is_composed() -> None:
    assert fields.check_table("cafe\u0301.x") == "caf\u00e9.x"


@pytest.mark.parametrize(
    "name",
    ["rides", "a.b.c", "../x.y", "a/b.c", "a.b\x00", ".staging.x", "a..b", "a.", "a b.c", "", "temp.x",
     "Information_Schema.x", "x." + "y" * 200, "a-b.c", "a.b\n"],
)  # fmt: skip
def test_hostile_table_names(name: str) -> None:
    with pytest.raises(RuleError, match="must"):
        fields.check_table(name)


@given(st.text())
def test_table_names_are_safe_paths(name: str) -> None:
    try:
        made = fields.check_table(name)
    except RuleError:
        return
    assert made.count(".") == 1
    assert not set(made) & set('/\\\0:*?"<>| \n')


def test_days() -> None:
    assert fields.as_day("2026-01-31") == fields.as_day(date(2026, 1, 31)) == date(2026, 1, 31)
    for bad in ("x", "2026-02-30", 20260101, datetime(2026, 1, 1), None):
        with pytest.raises(RuleError, match="must be a day like 2026-01-31"):
            fields.as_day(bad)


def test_until() -> None:
    assert fields.as_until({"forever": "why not"}) == fields.as_until("forever: why not") == Forever("why not")
    assert fields.as_until(Forever("x")) == Forever("x")
    assert fields.as_until("2026-01-31") == date(2026, 1, 31)
    for bad in ("forever", "forever:", "forever ", {"forever": ""}, {"forever": 1}, {"forver": "x"}, 1, "never"):
        with pytest.raises(RuleError, match="or `forever: <reason>`"):
            fields.as_until(bad)


def test_lateness() -> None:
    assert fields.as_lateness("1d") == timedelta(days=1)
    assert fields.as_lateness("30m") == timedelta(minutes=30)
    assert fields.as_lateness("6h") == fields.as_lateness(timedelta(hours=6)) == timedelta(hours=6)
    for bad in ("1w", "d", 3, "-1d", timedelta(days=-1)):
        with pytest.raises(RuleError, match="like 1d, 6h or 30m"):
            fields.as_lateness(bad)


def test_keep() -> None:
    assert (fields.as_keep("90d"), fields.as_keep(7), fields.as_keep("forever"), fields.as_keep(None)) == (
        90,
        7,
        None,
        None,
    )
    for bad in ("0d", "90", True, 0, -1, 1.5):
        with pytest.raises(RuleError, match="like 90d, or forever"):
            fields.as_keep(bad)


def test_days_text() -> None:
    assert [fields.as_days(text) for text in ("-6..0", -1, 0, "-1,0")] == ["-6..0", "-1", "0", "-1..0"]
    assert [fields.as_wait(text) for text in ("none", -1)] == ["none", "-1"]
    for bad in ("", "none", "0..-6", "x", True, None, 1.0):
        with pytest.raises(RuleError, match=r"must be days like -6\.\.0"):
            fields.as_days(bad)
    for far in (-1_000_000, "-1000000..0", 36_526):
        with pytest.raises(RuleError, match="at most 36525 days away"):
            fields.as_days(far)


def test_words_and_schedules() -> None:
    assert fields.check_word("rides-2.x") == "rides-2.x"
    assert fields.check_schedule("0 2 * * *") == "0 2 * * *"
    for bad in ("", "a/b", ".x", "a b"):
        with pytest.raises(RuleError):
            fields.check_word(bad)
    with pytest.raises(RuleError) as caught:
        fields.check_schedule("@dayly")
    assert caught.value.fix == "Did you mean @daily?"


def test_plain_values() -> None:
    value = {"a": [1, 2.5, True, None, date(2026, 1, 1)], "b": {"c": "x"}}
    assert fields.as_plain_value(value) == value
    for bad in (float("nan"), float("inf"), object(), {1: 2}, datetime(2026, 1, 1), b"x"):
        with pytest.raises(RuleError, match="must be text"):
            fields.as_plain_value(bad)


def test_functions() -> None:
    assert fields.check_function(test_functions) is test_functions
    for bad in (lambda: None, timedelta(1).__reduce__().__iter__):
        with pytest.raises(RuleError, match="top of a module"):
            fields.check_function(bad)


def test_a_deadline_is_not_zero() -> None:
    assert fields.check_duration(timedelta(hours=1)) == timedelta(hours=1)
    with pytest.raises(RuleError, match="must be longer than zero"):
        fields.check_duration(timedelta())


def test_alerts_are_addresses_without_secrets() -> None:
    for good in ("me@example.com", "slack:#data", "webhook:pager"):
        assert fields.check_alert(good) == good
    for bad in (
        "me",
        "slack:data",
        "https://hooks.slack.com/services/T0/B0/x",
        "webhook:http://host/x",
        "mailto:me@x.org",
    ):
        with pytest.raises(RuleError, match="must be an email address, slack:#channel, or webhook:connection"):
            fields.check_alert(bad)
