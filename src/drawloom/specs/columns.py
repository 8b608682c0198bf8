"""Declared columns: ``name: type``, or ``name: {type: ..., description: ...}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from drawloom.model import KEY, Column
from drawloom.specs.faults import RuleError, RulesError, nearest
from drawloom.specs.types import column_type


def _as_columns(value: object) -> object:
    if isinstance(value, tuple) and all(isinstance(item, Column) for item in value):
        return value
    if not isinstance(value, Mapping):
        raise RuleError("must be lines of `column: type`")
    columns, errors = [], []
    for name, given in value.items():
        try:
            columns.append(_column(name, given))
        except RuleError as error:
            errors.append(error)
    if errors:
        raise RulesError(errors)
    if len({column.name.lower() for column in columns}) < len(columns):
        raise RuleError("must not have two columns whose names differ by case only")
    return tuple(columns)


def _column(name: object, given: object) -> Column:
    details = given if isinstance(given, Mapping) else {"type": given}
    kind, description = details.get("type"), details.get("description", "")
    if not isinstance(name, str) or not name or name.lower() == KEY:
        raise RuleError(f"must have a name other than {KEY}, which every table has", None, (str(name),))
    for key in details:
        if key not in {"type", "description"}:
            fix = nearest(str(key), ["type", "description"])
            raise RuleError("must be given under type or description", fix, (name, key))
    if not isinstance(kind, str) or not isinstance(description, str):
        raise RuleError("must be a type like BIGINT, or {type: BIGINT, description: ...}", None, (name,))
    try:
        return Column(name, column_type(kind), description)
    except RuleError as error:
        raise RuleError(str(error), error.fix, (name, "type") if details is given else (name,)) from None


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
