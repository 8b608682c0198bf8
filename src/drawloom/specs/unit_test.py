"""Unit tests of specs: the model of what stands in ``tests/*.yml``, and the JSON Schema of these files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from drawloom.specs.base import SpecModel, SpecPart
from drawloom.specs.columns import Columns
from drawloom.specs.fields import Name, Plain, TableName, as_day
from drawloom.specs.validation import RuleError

MOST_DAYS = 400  # of one test
_RANGE = re.compile(r"(\d{4}-\d\d-\d\d)\s*\.\.\s*(\d{4}-\d\d-\d\d)")


def _as_days(value: object) -> object:
    """The days in order, from a day, a list of days, or ``2026-01-01 .. 2026-01-07``."""
    if isinstance(value, str) and (found := _RANGE.fullmatch(value.strip())):
        first, last = (_day(text) for text in found.groups())
        if last < first or (last - first).days >= MOST_DAYS:
            raise RuleError(f"must be a range of at most {MOST_DAYS} days, the first before the last")
        return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
    days = [_day(one) for one in value] if isinstance(value, list | tuple) else [_day(value)]
    if not days:
        raise RuleError("must name a day")
    return tuple(sorted(set(days)))


def _day(value: object) -> date:
    try:
        found = as_day(value)
    except RuleError:
        raise RuleError("must be a day like 2026-01-31, a list of days, or 2026-01-01 .. 2026-01-31") from None
    assert isinstance(found, date)
    return found


def is_by_day(value: object) -> bool:
    """Whether it is a mapping of days to rows."""
    return isinstance(value, Mapping) and bool(value) and all(_is_day(key) for key in value)


def _is_day(key: object) -> bool:
    return isinstance(key, date) or (isinstance(key, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\d", key)))


def _check_rows(value: object) -> object:
    """Rows as they are written: a list of mappings, CSV text or the name of its file, or those by day."""
    if is_by_day(value):
        assert isinstance(value, Mapping)
        for key, part in value.items():
            if isinstance(part, Mapping):
                raise RuleError(_ROWS, None, (str(key),))
            _check_rows(part)
        return value
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, list | tuple):
        raise RuleError(_ROWS, _ROWS_FIX)
    for number, row in enumerate(value):
        if not isinstance(row, Mapping) or not all(isinstance(key, str) for key in row):
            raise RuleError("must be a row like {id: 1, city: Lima}", None, (number,))
    return value


_ROWS = "must be a list of rows, CSV text, or the name of a .csv file"
_ROWS_FIX = "Write each row on a line of its own, like - {id: 1, city: Lima}."


def _with_rows(value: object) -> object:
    """Rows alone stand for a mapping that has them under ``rows``."""
    if isinstance(value, SpecPart) or (isinstance(value, Mapping) and not is_by_day(value)):
        return value
    return {"rows": () if value is None else value}


_ROW_LIST = {
    "anyOf": [
        {"type": "array", "items": {"type": "object"}},
        {"type": "string", "description": "CSV text, or the name of a .csv file beside this one"},
    ]
}
_ROWS_SCHEMA = {
    "anyOf": [
        *_ROW_LIST["anyOf"],
        {"type": "object", "patternProperties": {r"^\d{4}-\d\d-\d\d$": _ROW_LIST}, "additionalProperties": False},
    ]
}
_DAYS_SCHEMA = {
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d *\.\. *\d{4}-\d\d-\d\d$"},
        {"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 1},
    ]
}

Rows = Annotated[Any, AfterValidator(_check_rows), WithJsonSchema(_ROWS_SCHEMA)]
RunDays = Annotated[tuple[date, ...], BeforeValidator(_as_days), WithJsonSchema(_DAYS_SCHEMA)]
Checks = Annotated[
    tuple[Name, ...],
    BeforeValidator(
        lambda value: (value,) if isinstance(value, str) else value, json_schema_input_type=Name | list[Name]
    ),
]


class Given(SpecPart):
    """The rows of an input. A column that a row leaves out is NULL."""

    rows: Rows = Field((), description="the rows: a list, CSV text or the name of a .csv file, or those by day")
    columns: Columns = Field((), description="column: type, of a table whose columns are not known otherwise")


class Expectation(SpecPart):
    """What must come out of a table. Columns that no expected row names are not compared."""

    rows: Rows = Field(None, description="all rows: a list, CSV text or the name of a .csv file, or those by day")
    contains: Rows = Field(None, description="rows that must be among the others, written in the same ways")
    check: Annotated[Checks, Field(strict=False)] = Field(
        (), description="a SELECT over the tables of the test that must return no rows, or several; a template over ds"
    )
    ordered: bool = Field(False, description="whether the rows must come in this order; needs `cluster` in the spec")
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=False)] = Field(
        1e-9, description="how far floats may differ, as a share of the larger one; anything else must be equal"
    )

    @model_validator(mode="after")
    def _expects_something(self) -> Expectation:
        if self.rows is None and self.contains is None and not self.check:
            raise RuleError("must have rows, contains or check", "No rows at all are `rows: []`.")
        return self


GivenRows = Annotated[Given, BeforeValidator(_with_rows, json_schema_input_type=Given | Rows)]
Expected = Annotated[Expectation, BeforeValidator(_with_rows, json_schema_input_type=Expectation | Rows)]


class UnitTest(SpecModel):
    """The rows of the inputs for a day, and the rows that must come out of tables of specs."""

    name: str = Field("", description="in Python: its name, otherwise that of its variable")
    description: str = Field("", description="what it shows, for people")
    ds: RunDays = Field(description="the day that is filled, a list of days, or 2026-01-01 .. 2026-01-07")
    given: dict[TableName, GivenRows] = Field({}, description="the rows of each input; an input without any is empty")
    expect: Annotated[dict[TableName, Expected], Field(min_length=1)] = Field(
        description="what must come out, by table"
    )
    params: dict[str, Plain] = Field({}, description="other values of {{ params.name }} than those of the spec")
    checks: bool = Field(True, description="whether the data checks of the specs run, too")


def tests_schema() -> dict[str, Any]:
    """The JSON Schema of a file of unit tests: tests by name."""
    made = UnitTest.model_json_schema()
    parts = made.pop("$defs", {})
    made["properties"].pop("name")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Unit tests of specs, by name",
        "type": "object",
        "additionalProperties": made,
        "$defs": parts,
    }
