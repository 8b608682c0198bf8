"""Inferring which days backfill SQL reads.

The SQL is analyzed for a range of one day and for a long one: a bound of its reads that moves with the end of the range
is counted from there, one that does not move from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from drawloom.model import Bound, Fix, InputError, Problem, RangeBound, RangeRead, Read, Where
from drawloom.sql import Analysis

LONG_RANGE = 400  # days; no look-back of a daily step is as long as that
ONE_DAY = "{% set start = ds %}{% set end = ds %}"
MANY_DAYS = "{% set start = ds %}{% set end = macros.ds_add(ds, " + str(LONG_RANGE) + ") %}"

Span = tuple[Bound | None, Bound | None]


def infer_backfill_reads(text: str, analyze: Callable[[str], Analysis], where: Where) -> tuple[RangeRead, ...]:
    """The reads of backfill SQL, sorted by table.

    Raises:
        InputError: the SQL cannot be analyzed, or reads days that are not counted from the range.
    """
    one = {read.table: read for read in analyze(ONE_DAY + text).reads}
    many = {read.table: read for read in analyze(MANY_DAYS + text).reads}
    return tuple(found for table in sorted(one) for found in _range_reads(table, one[table], many.get(table), where))


def _range_reads(table: str, one: Read, many: Read | None, where: Where) -> Iterator[RangeRead]:
    if one.how == "all":
        yield RangeRead(table)
        return
    try:
        short, long = _spans(one), _spans(many)
        if len(short) != len(long):  # one span for one day, but two for a long range: read all between them
            short, long = _hull(short), _hull(long)
        for (first, last), (first_long, last_long) in zip(short, long, strict=True):
            yield RangeRead(table, _range_bound(first, first_long), _range_bound(last, last_long))
    except ValueError as error:
        message = f"The backfill SQL reads days of {table} that are not counted from start and end."
        fix = Fix("Compare its ds with both.")
        raise InputError(Problem("backfill-days", "error", message, where, fix)) from error


def _spans(read: Read | None) -> Sequence[Span]:
    """The days of a read as bounds.

    Raises:
        ValueError: they are not counted from the run's day, or not only from it.
    """
    spans: Sequence[Span] = ()
    if read and read.is_clipped:
        raise ValueError(read)
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


def _range_bound(one: Bound | None, many: Bound | None) -> RangeBound | None:
    """The bound in a range, given those in the short and the long one, both counted from the start.

    Raises:
        ValueError: it moves neither with the start nor with the end.
    """
    if one is None or many is None:
        return None
    if one == many:
        return RangeBound("start", one)
    if many != replace(one, days=one.days + LONG_RANGE):
        raise ValueError(one)
    return RangeBound("end", one)
