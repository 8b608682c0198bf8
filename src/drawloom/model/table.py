"""Tables and their columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

KEY = "ds"
Constant = str | int | float | bool | date


@dataclass(frozen=True, slots=True)
class Column:
    """A column; the type is written in DuckDB's dialect, upper case; empty where only a SELECT says it.

    The values of one that is tagged ``pii`` are not shown in messages. ``inherits_tags``: without tags of its own it has those
    of the column that it is a copy of.
    """

    name: str
    type: str
    description: str = ""
    tags: tuple[str, ...] = ()
    inherits_tags: bool = True


@dataclass(frozen=True, slots=True)
class Membership:
    """The family that a table is a member of, and its constants: columns with one value in all of its rows.

    Constants distinguish the members of a family; a reader that filters on one waits for that member only.
    """

    family: str
    constants: tuple[tuple[str, Constant], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that a step fills: ``schema.table``, partitioned by the DATE column ``ds``.

    ``columns`` are the declared ones, without ``ds``; empty where the SELECT decides. ``described`` are then columns, without
    types, of which people said something.
    ``cluster`` names the columns that each partition is sorted by.
    ``unique`` names the columns that are unique together within a day, where that is known.
    ``keep`` is the number of days that partitions are kept, None for ever; with ``keep_month_ends`` the last day of
    each month is kept for ever as well.
    ``member_of`` is the family that the table belongs to, if any.
    ``sliced_by`` names a column of text: a content hash is kept for the rows of each of its values, so that who reads only
    some (``Step.slices``) stays fresh when others change.
    """

    name: str
    columns: tuple[Column, ...] = ()
    cluster: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    owner: str = ""
    description: str = ""
    keep: int | None = None
    keep_month_ends: bool = False
    member_of: Membership | None = None
    sliced_by: str | None = None
    described: tuple[Column, ...] = ()

    def said_of(self, column: str) -> Column | None:
        """What people said of a column, declared or described."""
        return next((one for one in (*self.columns, *self.described) if one.name.lower() == column.lower()), None)
