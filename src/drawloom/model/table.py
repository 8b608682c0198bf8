"""Tables and their columns."""

from __future__ import annotations

from dataclasses import dataclass

KEY = "ds"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; the type is written in DuckDB's dialect, upper case."""

    name: str
    type: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that a step fills: ``schema.table``, partitioned by the DATE column ``ds``.

    ``columns`` are those declared, without ``ds``; empty means as the SELECT gives them.
    ``cluster`` names the columns that each partition is sorted by.
    ``unique`` names the columns that tell its rows of a day apart, where that is known.
    ``keep`` is the number of days that partitions are kept, None for ever; with ``keep_month_ends`` the last day of
    each month is kept for ever as well.
    """

    name: str
    columns: tuple[Column, ...] = ()
    cluster: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    owner: str = ""
    description: str = ""
    keep: int | None = None
    keep_month_ends: bool = False
