"""Declared columns (``name: type``, or ``name: {type: ..., description: ..., tags: [...]}``) and the names of their types.

Where a SELECT says which columns there are, a spec may describe some without types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from drawloom.model import KEY, Column
from drawloom.specs.validation import RuleError, RulesError, did_you_mean


def _as_columns(value: object, *, typed: bool = True) -> object:
    if isinstance(value, tuple) and all(isinstance(item, Column) for item in value):
        return value
    if not isinstance(value, Mapping):
        raise RuleError("must be lines of `column: type`")
    columns, errors = [], []
    for name, given in value.items():
        try:
            columns.append(_column(name, given, typed=typed))
        except RuleError as error:
            errors.append(error)
    if errors:
        raise RulesError(errors)
    if len({column.name.lower() for column in columns}) < len(columns):
        raise RuleError("must not have two columns whose names differ by case only")
    return tuple(columns)


def _as_described_columns(value: object) -> object:
    """Columns that all have types, or none of which has one."""
    columns = _as_columns(value, typed=False)
    assert isinstance(columns, tuple)
    untyped = [column.name for column in columns if not column.type]
    if untyped and len(untyped) < len(columns):
        typed = next(column.name for column in columns if column.type)
        rule = f"must have a type as {typed} has: either all columns are declared, or the SELECT says which there are"
        raise RulesError([RuleError(rule, None, (name,)) for name in untyped])
    return columns


def _column(name: object, given: object, *, typed: bool) -> Column:
    details = given if isinstance(given, Mapping) else {"type": given}
    kind, description = details.get("type"), details.get("description", "")
    if not isinstance(name, str) or not name or name.lower() == KEY:
        raise RuleError(f"must have a name other than {KEY}, which every table has", None, (str(name),))
    for key in details:
        if key not in _KEYS:
            raise RuleError(f"must be given under {' or '.join(_KEYS)}", did_you_mean(str(key), _KEYS), (name, key))
    untyped = not typed and kind is None and isinstance(given, Mapping)
    if not (isinstance(kind, str) or untyped) or not isinstance(description, str):
        raise RuleError("must be a type like BIGINT, or {type: BIGINT, description: ...}", None, (name,))
    tags = details.get("tags", ())
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) and tag for tag in tags):
        raise RuleError("must be a list of words like [pii]", None, (name, "tags"))
    try:
        return Column(
            name,
            column_type(kind) if isinstance(kind, str) else "",
            description,
            tuple(tags),
            "tags" not in details or bool(tags),
        )
    except RuleError as error:
        raise RuleError(str(error), error.fix, (name, "type") if details is given else (name,)) from None


_KEYS = ("type", "description", "tags")
_TYPE = {"type": "string", "examples": ["BIGINT", "VARCHAR", "DOUBLE", "DATE", "TIMESTAMP", "DECIMAL(18,3)"]}


def _schema(required: list[str]) -> WithJsonSchema:
    properties = {
        "type": _TYPE,
        "description": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}, "examples": [["pii"]]},
    }
    details = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return WithJsonSchema({"type": "object", "additionalProperties": {"anyOf": [_TYPE, details]}})


Columns = Annotated[tuple[Column, ...], BeforeValidator(_as_columns), _schema(["type"])]
DescribedColumns = Annotated[tuple[Column, ...], BeforeValidator(_as_described_columns), _schema([])]
"""Columns with their types, or some columns without."""

_ALIASES = {
    "BIGINT": "INT8 LONG INT64",
    "BLOB": "BYTEA BINARY VARBINARY",
    "BOOLEAN": "BOOL LOGICAL",
    "DATE": "",
    "DOUBLE": "FLOAT8 FLOAT64",
    "FLOAT": "FLOAT4 REAL FLOAT32",
    "HUGEINT": "INT128",
    "INTEGER": "INT INT4 SIGNED INT32",
    "INTERVAL": "",
    "JSON": "",
    "SMALLINT": "INT2 SHORT INT16",
    "TIME": "",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
    "TIMESTAMP_MS": "",
    "TIMESTAMP_NS": "",
    "TIMESTAMP_S": "",
    "TINYINT": "INT1",
    "UBIGINT": "UINT64",
    "UINTEGER": "UINT32",
    "USMALLINT": "UINT16",
    "UTINYINT": "UINT8",
    "UUID": "GUID",
    "VARCHAR": "TEXT STRING CHAR BPCHAR NVARCHAR",
}
_NAMES = {alias: name for name, aliases in _ALIASES.items() for alias in (name, *aliases.split())}
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)(?:\((\d{1,2})(?:,(\d{1,2}))?\))?")
_SIZED = re.compile(r"(VARCHAR|CHAR|TEXT|STRING)\(\d+\)")
_NESTED = re.compile(r"(?:STRUCT|MAP)\([\w ,()\[\]]+\)", re.IGNORECASE)


def column_type(text: str) -> str:
    """A type of DuckDB in the spelling that DuckDB prints.

    >>> column_type("int[]"), column_type("numeric(10, 2)")
    ('INTEGER[]', 'DECIMAL(10,2)')

    Raises:
        RuleError: DuckDB has no such type.
    """
    base, lists = re.fullmatch(r"(.*?)((?:\[\])*)", text.strip(), re.DOTALL).groups()  # type: ignore[union-attr]
    return _scalar(text, base) + lists


def _scalar(text: str, base: str) -> str:
    tight = re.sub(r"\s*([(),])\s*", r"\1", " ".join(base.split())).upper()
    if tight in _NAMES:
        return _NAMES[tight]
    if found := _DECIMAL.fullmatch(tight):
        width, scale = int(found[1] or 18), int(found[2] or (0 if found[1] else 3))
        if scale <= width <= 38 and width:
            return f"DECIMAL({width},{scale})"
        raise RuleError("must have a width of 1 to 38 and a scale not above it")
    if _SIZED.fullmatch(tight):
        return "VARCHAR"
    if _NESTED.fullmatch(base) and _balanced(base):
        return base.strip()
    raise RuleError("must be a type of DuckDB, like BIGINT or VARCHAR", did_you_mean(text, [*_NAMES, "DECIMAL"]))


def _balanced(text: str) -> bool:
    """Whether the outermost parenthesis opens first and closes last."""
    depth = 0
    for number, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0 or (depth == 0 and character == ")" and number < len(text) - 1):
            return False
    return depth == 0
