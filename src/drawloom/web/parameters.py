"""Parameters of addresses and forms that several pages have."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import BeforeValidator

from drawloom.model import refuse

MOST_PAGES = 1_000_000


def _given(value: object) -> object:
    """A field of a form that was left empty counts as not given."""
    return None if isinstance(value, str) and not value.strip() else value


Day = Annotated[date | None, BeforeValidator(_given)]
PageNumber = Annotated[int, Query(ge=1, le=MOST_PAGES)]
Choice = TypeVar("Choice", bound=StrEnum)


def choose(kind: type[Choice], name: str, text: str) -> Choice | None:
    """The one of several values that a text names; None where it is empty.

    Args:
        kind: the values.
        name: that of the parameter.
        text: what was given for it.

    Raises:
        InputError: it is none of them.
    """
    try:
        return kind(text) if text else None
    except ValueError:
        raise refuse("bad-choice", f"{name} == {text!r:.100}, must be one of {', '.join(kind)}.") from None
