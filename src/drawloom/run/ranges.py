"""What backfill SQL reads: its text is read for a range of one day and for a long one, to see which end each bound follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from drawloom.model import Bound, Edge, Fix, InputError, Problem, RangeRead, Read, Where
from drawloom.sql.cache import Description

LONG = 400  # days; no look-back of a daily step is as long as that
ONE_DAY = "{% set start = ds %}{% set end = ds %}"
MANY_DAYS = "{% set start = ds %}{% set end = macros.ds_add(ds, " + str(LONG) + ") %}"

Span = tuple[Bound | None, Bound | None]


def range_reads(text: str, describe: Callable[[str], Description], where: Where) -> tuple[RangeRead, ...]:
    """The reads of a backfill text, by table in order.

    Raises:
        InputError: the text cannot be read, or reads days that do not follow the range.
    """
    one = {read.table: read for read in describe(ONE_DAY + text).reads}
    many = {read.table: read for read in describe(MANY_DAYS + text).reads}
    return tuple(found for table in sorted(one) for found in _of_table(table, one[table], many.get(table), where))


def _of_table(table: str, one: Read, many: Read | None, where: Where) -> Iterator[RangeRead]:
    if one.how == "all":
        yield RangeRead(table)
        return
    try:
        short, long = _spans(one), _spans(many)
        if len(short) != len(long):  # what is one span in a range of one day is two in a long one: all between them
            short, long = _hull(short), _hull(long)
        for (first, last), (first_long, last_long) in zip(short, long, strict=True):
            yield RangeRead(table, _edge(first, first_long), _edge(last, last_long))
    except ValueError as error:
        message = f"backfill SQL reads {table} at days that do not follow start and end, must count them from there."
        fix = Fix("Compare its ds with both.")
        raise InputError(Problem("backfill-days", "error", message, where, fix)) from error


def _spans(read: Read | None) -> Sequence[Span]:
    """The days of a read by rules.

    Raises:
        ValueError: there are none.
    """
    spans: Sequence[Span] = ()
    if read and read.how == "offset":
        spans = [(_day(first), _day(last)) for first, last in read.days.spans]
    elif read and read.how == "calendar":
        spans = read.calendar
    if not spans:
        raise ValueError(read)
    return spans


def _day(offset: int | None) -> Bound | None:
    return None if offset is None else Bound(days=offset)


def _hull(spans: Sequence[Span]) -> Sequence[Span]:
    return [(spans[0][0], spans[-1][1])]


def _edge(one: Bound | None, many: Bound | None) -> Edge | None:
    """Both are counted from the start; in the long range the end lies ``LONG`` days after it.

    Raises:
        ValueError: the bound follows neither.
    """
    if one is None or many is None:
        return None
    if one == many:
        return Edge("start", one)
    if many != replace(one, days=one.days + LONG):
        raise ValueError(one)
    return Edge("end", one)
