"""Tags of columns as frameworks see them: their own, and those of the columns that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from drawloom.model import Schedule

PII = "pii"  # values of such columns are not written where nobody asked for them
OTHERS = "*"  # all columns that are not named
Tags = Mapping[str, Sequence[str]]  # by the name of the column in lower case


class ColumnTags(Protocol):
    """The tags of all columns of a project."""

    def of_table(self, table: str) -> Tags:
        """The tags of a table's columns by name in lower case; those under ``*`` are of all others."""
        ...

    def of_select(self, sql: str, schedule: Schedule) -> Tags:
        """The tags of the columns of a SELECT."""
        ...


def tags_of(column: str, tags: Tags) -> list[str]:
    """The tags of a column; a field of a struct, such as ``address.zip``, has those of the struct, too."""
    parts = column.lower().split(".")
    names = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    if parts[0] not in tags:
        names.append(OTHERS)
    return sorted({tag for name in names for tag in tags.get(name, ())})


def is_personal(column: str, tags: Tags) -> bool:
    """Whether a column is tagged ``pii``."""
    return PII in tags_of(column, tags)
