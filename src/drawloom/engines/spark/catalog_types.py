"""Column types in Spark's catalog, where timestamps differ from those in the files.

A Hive metastore has no TIMESTAMP_NTZ: a table with such a column is only readable by Spark. A timestamp without time
zone is declared as TIMESTAMP, the same moment in UTC, which is the time zone of our sessions. A comment marks the
columns that do have a time zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

from drawloom.engines.catalog.types import canonical_type, engine_type
from drawloom.model import Column

if TYPE_CHECKING:
    from pyspark.sql.types import StructType


ZONED = "with time zone"
_HEADING = "# Partition Information"
_ZONED = "TIMESTAMP WITH TIME ZONE"
_NAME = r"(?:`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\")"  # names of struct members, which are not types
_NTZ = re.compile(f"({_NAME})|TIMESTAMP_NTZ")
_TZ = re.compile(f"({_NAME})|{_ZONED}")


class CatalogColumn(NamedTuple):
    """A column in the output of DESCRIBE."""

    name: str
    kind: str
    comment: str | None
    is_key: bool


def parse_describe(rows: Sequence[tuple[str, str, str | None]]) -> list[CatalogColumn]:
    """The columns in the output of DESCRIBE: all come first, partition columns again under a heading.

    >>> rows = [("n", "int", None), ("ds", "date", None)]
    >>> [(one.name, one.is_key) for one in parse_describe([*rows, (_HEADING, "", ""), ("# col_name", "", ""), ("ds", "date", None)])]
    [('n', False), ('ds', True)]
    """
    ends = next((n for n, row in enumerate(rows) if row[0].startswith("#") and not row[1]), len(rows))
    headed = [name for name, _, _ in rows[ends:]]
    keys = {name.lower() for name in headed[headed.index(_HEADING) :]} if _HEADING in headed else set()
    return [CatalogColumn(name, kind, comment, name.lower() in keys) for name, kind, comment in rows[:ends]]


def column_ddl(column: Column) -> str:
    """The column in a CREATE TABLE or ADD COLUMNS.

    >>> column_ddl(Column("at", "TIMESTAMP[]")), column_ddl(Column("at", "TIMESTAMP WITH TIME ZONE"))
    ('`at` ARRAY<TIMESTAMP_LTZ>', "`at` TIMESTAMP_LTZ COMMENT 'with time zone'")
    """
    comment = f" COMMENT '{ZONED}'" if has_time_zone(column) else ""
    return f"{quoted(column.name)} {catalog_type(column)}{comment}"


def catalog_type(column: Column) -> str:
    """The type in the catalog. A column with both kinds of timestamps keeps TIMESTAMP_NTZ, and Hive cannot read it."""
    stored = file_type(column)
    return stored if has_time_zone(column) else _NTZ.sub(lambda found: found[1] or "TIMESTAMP_LTZ", stored)


def file_type(column: Column) -> str:
    """The type in the files."""
    return engine_type(column.type, "spark")


def has_time_zone(column: Column) -> bool:
    """Whether the type has a timestamp with time zone in it."""
    return any(not found[1] for found in _TZ.finditer(column.type))


def column_of(one: CatalogColumn) -> Column:
    """The column with its DuckDB type."""
    kind = canonical_type(one.kind, "spark")
    if one.comment != ZONED:
        kind = _TZ.sub(lambda found: found[1] or "TIMESTAMP", kind)
    return Column(one.name, kind)


def needs_cast(one: CatalogColumn, column: Column) -> bool:
    """Whether queries must see the column in another type than the one in the catalog."""
    return column.type != canonical_type(one.kind, "spark")


def with_comments(made: StructType, columns: list[Column]) -> StructType:
    """The schema with the comments that mark columns with time zone."""
    from pyspark.sql.types import StructField, StructType

    marks = [{"comment": ZONED} if has_time_zone(column) else {} for column in columns]
    fields = zip(made.fields, marks, strict=True)
    return StructType([StructField(field.name, field.dataType, True, mark) for field, mark in fields])


def quoted(name: str) -> str:
    """A quoted identifier."""
    return exp.to_identifier(name, quoted=True).sql("spark")
