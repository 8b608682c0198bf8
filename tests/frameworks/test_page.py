"""Pages: valid choices, and blocks that can be drawn."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from drawloom.frameworks.page import Chart, Choice, Choices, Page, Series, check_page
from drawloom.model import InputError

OFFERED = (Choice("window", ("7", "28"), "days"), Choice("as_of"))
ONE = (Series("n", "n", "blue"),)


def test_what_is_not_chosen_has_its_default() -> None:
    chosen = Choices.of({}, *OFFERED)
    assert dict(chosen) == {"window": "7", "as_of": "latest"}
    assert len(chosen) == 2
    assert chosen.day("as_of") is None
    assert [(one.value, one.label) for one in chosen.choices] == [("7", "days"), ("latest", "")]


def test_what_is_chosen_is_kept() -> None:
    chosen = Choices.of({"as_of": "2026-01-31", "window": "28"}, *OFFERED)
    assert chosen["window"] == "28"
    assert chosen.day("as_of") == date(2026, 1, 31)
    with pytest.raises(KeyError):
        chosen["days"]


def test_a_value_may_stand_for_its_choice() -> None:
    assert Choices.of({"28": ""}, *OFFERED)["window"] == "28"
    with pytest.raises(InputError, match="choice == '--window', must be given as --window value"):
        Choices.of({"window": ""}, *OFFERED)
    both = Choice("cut", ("7", "country"))
    with pytest.raises(InputError, match="choice == '7', must be one that the page offers"):
        Choices.of({"7": ""}, *OFFERED, both)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"windows": "7"}, "choice == 'windows', must be one that the page offers. -> There are: --window, --as-of."),
        ({"window": "8"}, "window == '8', must be one of '7', '28'."),
        ({"as_of": "today"}, "as_of == 'today', must be a day like 2026-01-31."),
    ],
)
def test_what_is_not_offered_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as refused:
        Choices.of(given, *OFFERED)
    (problem,) = refused.value.problems
    assert message == problem.message + (f" -> {problem.fix.title}" if problem.fix else "")


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            (Chart("a", "A", "bars", "-", "ds", ONE), Chart("a", "B", "bars", "-", "ds", ONE)),
            "block == 'a', must have a name of its own on the page 'p'.",
        ),
        (
            (Chart("a", "A", "heatmap", "-", "x", ()),),
            "chart == 'a', must have y and value, as it is of the form heatmap.",
        ),
        ((Chart("a", "A", "lines", "-", "x", ()),), "chart == 'a', must have series, as it is of the form lines."),
    ],
)
def test_a_page_that_cannot_be_drawn_is_refused(blocks: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        check_page(Page("p", blocks))
    assert refused.value.problems[0].message == message


@pytest.mark.parametrize("name", ["format", "project", "my-option"])
def test_a_choice_is_not_named_like_an_option(name: str) -> None:
    with pytest.raises(InputError, match="must be a word like as_of"):
        check_page(Page("p", choices=(Choice(name),)))
