"""Declared columns: ``name: type``, or ``name: {type: ..., description: ...}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from drawloom.model import KEY, Column
from drawloom.specs.faults import RuleError, nearest
from drawloom.specs.types import column_type


def _as_columns(value: object) -> object:
    if isinstance(value, tuple) and all(isinstance(item, Column) for item in value):
        return value
    if not isinstance(value, Mapping):
        raise RuleError("must be lines of `column: type`")
    columns = tuple(_column(name, given) for name, given in value.items())
    if len({column.name.lower() for column in columns}) < len(columns):
        raise RuleError("must not have two columns whose names differ by case only")
    return columns


def _column(name: object, given: object) -> Column:
    details = given if isinstance(given, Mapping) else {"type": given}
    kind, description = details.get("type"), details.get("description", "")
    if not isinstance(name, str) or not name or name.lower() == KEY:
        raise RuleError(f"must name columns other than {KEY}, which every table has")
    unknown = sorted(set(details) - {"type", "description"})
    if unknown:
        fix = nearest(str(unknown[0]), ["type", "description"])
        raise RuleError(f"must give {name} a type and a description only, not {unknown[0]}", fix)
    if not isinstance(kind, str) or not isinstance(description, str):
        raise RuleError(f"must give {name} a type, like {name}: BIGINT")
    try:
        return Column(name, column_type(kind), description)
    except RuleError as error:
        raise RuleError(f"has {name}: {kind}, {error}", error.fix) from None


_TYPE = {"type": "string", "examples": ["BIGINT", "VARCHAR", "DOUBLE", "DATE", "TIMESTAMP", "DECIMAL(18,3)"]}
_SCHEMA = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [
            _TYPE,
            {
                "type": "object",
                "properties": {"type": _TYPE, "description": {"type": "string"}},
                "required": ["type"],
                "additionalProperties": False,
            },
        ]
    },
}

Columns = Annotated[tuple[Column, ...], BeforeValidator(_as_columns), WithJsonSchema(_SCHEMA)]
