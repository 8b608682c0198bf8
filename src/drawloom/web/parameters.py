"""Parameters of addresses and forms that several pages have."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator

MOST_PAGES = 1_000_000


def _given(value: object) -> object:
    """A field of a form that was left empty counts as not given."""
    return None if isinstance(value, str) and not value.strip() else value


Day = Annotated[date | None, BeforeValidator(_given)]
PageNumber = Annotated[int, Query(ge=1, le=MOST_PAGES)]
