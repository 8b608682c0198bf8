"""The kinds of columns that metrics are about: of a type of Arrow, and of the name of a type of DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import pyarrow as pa

TypeClass = Literal[
    "int", "float", "decimal", "bool", "string", "date", "timestamp", "list", "map", "struct", "binary", "other"
]
CLASSES: tuple[TypeClass, ...] = get_args(TypeClass)
MOST_DIGITS = 28  # of decimals whose sum of ten billion has no more than the 38 digits that engines have
_BY_NAME: tuple[tuple[str, TypeClass], ...] = (
    (r".*\[\d*\]$", "list"),
    (r"STRUCT\b", "struct"),
    (r"MAP\b", "map"),
    (r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|INT\d*)\b|LONG\b", "int"),
    (r"FLOAT|DOUBLE|REAL", "float"),
    (r"DECIMAL|NUMERIC", "decimal"),
    (r"BOOL", "bool"),
    (r"VARCHAR|CHAR|TEXT|STRING|ENUM|JSON|UUID", "string"),
    (r"DATE$", "date"),
    (r"TIMESTAMP|DATETIME", "timestamp"),
    (r"BLOB|BYTEA|VARBINARY", "binary"),
)


@dataclass(frozen=True, slots=True)
class ScannedColumn:
    """A column, or a field of a struct in one, as a scan sees it.

    ``sql`` is its expression; ``type`` changes where states of its values cannot be merged with others.
    """

    name: str
    sql: str
    kind: TypeClass
    type: str
    digits: int = 0


def kind_of_name(type_name: str) -> TypeClass:
    """The kind of a type that is written in DuckDB's dialect."""
    text = type_name.strip().upper()
    return next((kind for pattern, kind in _BY_NAME if re.match(pattern, text, re.DOTALL)), "other")


def scanned_columns(schema: pa.Schema) -> Iterator[ScannedColumn]:
    """The columns of a table but for ``ds``, each struct followed by its fields, such as ``address.zip``."""
    for field in schema:
        if field.name.lower() != "ds":
            yield from _with_fields(field.name, quote(field.name), field.type)


def quote(name: str) -> str:
    """A quoted identifier, for a query that is no template."""
    from sqlglot import exp

    return exp.to_identifier(name, quoted=True).sql("duckdb")


def quote_table(name: str) -> str:
    """A quoted table name, for a query that is no template."""
    return ".".join(map(quote, name.split(".")))


def quote_text(text: str) -> str:
    """A string literal, for a query that is no template."""
    from sqlglot import exp

    return exp.Literal.string(text).sql("duckdb")


def _with_fields(name: str, sql: str, kind: pa.DataType) -> Iterator[ScannedColumn]:
    import pyarrow as pa

    digits = kind.precision if pa.types.is_decimal(kind) else 0
    # Engines hand over UUIDs, enumerations and JSON as texts, which they are not.
    value = f"CAST({sql} AS VARCHAR)" if _kind(kind) == "string" else sql
    yield ScannedColumn(name, value, _kind(kind), _type_tag(kind), digits)
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _with_fields(
                f"{name}.{field.name}", f"struct_extract({sql}, {quote_text(field.name)})", field.type
            )


def _kind(kind: pa.DataType) -> TypeClass:
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return "string" if "json" in str(kind).lower() else "other"
    tests: tuple[tuple[TypeClass, tuple[str, ...]], ...] = (
        ("int", ("is_integer",)),
        ("float", ("is_floating",)),
        ("decimal", ("is_decimal",)),
        ("bool", ("is_boolean",)),
        ("string", ("is_string", "is_large_string", "is_string_view", "is_dictionary")),
        ("date", ("is_date",)),
        ("timestamp", ("is_timestamp",)),
        ("list", ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view")),
        ("map", ("is_map",)),
        ("struct", ("is_struct",)),
        ("binary", ("is_binary", "is_large_binary", "is_binary_view")),
    )
    return next((name for name, names in tests if any(getattr(pa.types, test)(kind) for test in names)), "other")


def _type_tag(kind: pa.DataType) -> str:
    """The type as far as it matters for merging: integers of all sizes are the same, and so are texts."""
    import pyarrow as pa

    if pa.types.is_integer(kind):
        return "int"
    return "string" if _kind(kind) == "string" else str(kind)
