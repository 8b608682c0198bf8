"""Types as Spark's catalog keeps them.

A Hive metastore knows no TIMESTAMP_NTZ: a table that has one is only readable by Spark. What has no zone is declared as
TIMESTAMP, which is the same moment in UTC, the zone of our sessions, and a comment marks the columns that do have one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from drawloom.engines.catalog.types import engine_type, house_type
from drawloom.engines.spark.names import quoted
from drawloom.model import Column

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

ZONED = "with time zone"
_HEADING = "# Partition Information"
_ZONED = "TIMESTAMP WITH TIME ZONE"
_NAME = r"(?:`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\")"  # the name of a member is no type
_NTZ = re.compile(f"({_NAME})|TIMESTAMP_NTZ")
_TZ = re.compile(f"({_NAME})|{_ZONED}")


class Listed(NamedTuple):
    """A column of the catalog as Spark lists it."""

    name: str
    kind: str
    comment: str | None
    is_key: bool


def listed(rows: Sequence[tuple[str, str, str | None]]) -> list[Listed]:
    """The columns out of what DESCRIBE says: they come first, and those of the partitions again under a heading.

    >>> rows = [("n", "int", None), ("ds", "date", None)]
    >>> [(one.name, one.is_key) for one in listed([*rows, (_HEADING, "", ""), ("# col_name", "", ""), ("ds", "date", None)])]
    [('n', False), ('ds', True)]
    """
    ends = next((n for n, row in enumerate(rows) if row[0].startswith("#") and not row[1]), len(rows))
    headed = [name for name, _, _ in rows[ends:]]
    keys = {name.lower() for name in headed[headed.index(_HEADING) :]} if _HEADING in headed else set()
    return [Listed(name, kind, comment, name.lower() in keys) for name, kind, comment in rows[:ends]]


def declared(column: Column) -> str:
    """The column in a CREATE TABLE or ADD COLUMNS.

    >>> declared(Column("at", "TIMESTAMP[]")), declared(Column("at", "TIMESTAMP WITH TIME ZONE"))
    ('`at` ARRAY<TIMESTAMP_LTZ>', "`at` TIMESTAMP_LTZ COMMENT 'with time zone'")
    """
    comment = f" COMMENT '{ZONED}'" if zoned(column) else ""
    return f"{quoted(column.name)} {kept_type(column)}{comment}"


def kept_type(column: Column) -> str:
    """The type that the catalog has; a column with both kinds of times keeps them, and Hive cannot read it."""
    stored = written_type(column)
    return stored if zoned(column) else _NTZ.sub(lambda found: found[1] or "TIMESTAMP_LTZ", stored)


def written_type(column: Column) -> str:
    """The type that the files have."""
    return engine_type(column.type, "spark")


def zoned(column: Column) -> bool:
    """Whether there is a time with a zone in it."""
    return any(not found[1] for found in _TZ.finditer(column.type))


def known(one: Listed) -> Column:
    """A column of the catalog."""
    kind = house_type(one.kind, "spark")
    if one.comment != ZONED:
        kind = _TZ.sub(lambda found: found[1] or "TIMESTAMP", kind)
    return Column(one.name, kind)


def recast(one: Listed, column: Column) -> bool:
    """Whether a text must be shown the column as another type than the catalog has."""
    return column.type != house_type(one.kind, "spark")


def with_comments(made: StructType, columns: list[Column]) -> StructType:
    """The schema with what marks its columns."""
    from pyspark.sql.types import StructField, StructType

    marks = [{"comment": ZONED} if zoned(column) else {} for column in columns]
    fields = zip(made.fields, marks, strict=True)
    return StructType([StructField(field.name, field.dataType, True, mark) for field, mark in fields])
