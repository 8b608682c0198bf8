"""Column types as specs write them: DuckDB's names, each in one spelling."""

from __future__ import annotations

import re

from drawloom.specs.faults import RuleError, nearest

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
    """A type in the spelling that DuckDB prints.

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
    raise RuleError("must be a type of DuckDB, like BIGINT or VARCHAR", nearest(text, [*_NAMES, "DECIMAL"]))


def _balanced(text: str) -> bool:
    """Whether the outermost parenthesis opens first and closes last."""
    depth = 0
    for number, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0 or (depth == 0 and character == ")" and number < len(text) - 1):
            return False
    return depth == 0
