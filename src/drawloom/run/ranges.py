"""What backfill SQL reads: its text is read for a range of one day and for a long one, to see which end each bound follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drawloom.model import Edge, Fix, InputError, Problem, RangeRead, Read, Where
from drawloom.sql.cache import Description

LONG = 400  # days; no look-back of a daily step is as long as that
ONE_DAY = "{% set start = ds %}{% set end = ds %}"
MANY_DAYS = "{% set start = macros.ds_add(ds, -" + str(LONG) + ") %}{% set end = ds %}"


def range_reads(text: str, describe: Callable[[str], Description], where: Where) -> tuple[RangeRead, ...]:
    """The reads of a backfill text, by table in order.

    Raises:
        InputError: the text cannot be read, or reads days that do not follow the range.
    """
    one = {read.table: read for read in describe(ONE_DAY + text).reads}
    many = {read.table: read for read in describe(MANY_DAYS + text).reads}
    return tuple(_range_read(table, one[table], many.get(table), where) for table in sorted(one))


def _range_read(table: str, one: Read, many: Read | None, where: Where) -> RangeRead:
    if one.how == "all":
        return RangeRead(table)
    if many is None or one.how != "offset" or many.how != "offset" or not one.days:
        message = f"backfill SQL reads {table} at days that do not follow start and end, must count them from there."
        raise InputError(Problem("backfill-days", "error", message, where, Fix("Compare its ds with both.")))
    return RangeRead(table, _edge(_ends(one)[0], _ends(many)[0]), _edge(_ends(one)[1], _ends(many)[1]))


def _ends(read: Read) -> Sequence[int | None]:
    return read.days.spans[0][0], read.days.spans[-1][1]


def _edge(one: int | None, many: int | None) -> Edge | None:
    """Both are counted from the end; in the long range the start lies ``LONG`` days before it."""
    if one is None or many is None:
        return None
    return Edge("end", one) if many == one else Edge("start", one)
