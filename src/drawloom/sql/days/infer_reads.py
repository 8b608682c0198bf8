"""Infers a Read from the days that were read at the probe days.

They are offsets, fixed dates, calendar rules, one of these within fixed dates, or a covering span.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import date, timedelta

from drawloom.model import ALL, Bound, DateSpan, Days, Read
from drawloom.model.days import Anchor, add_months, start_of

Measured = Sequence[tuple[date, Days]]
Rule = tuple[Bound | None, Bound | None]
_ANCHORS: tuple[Anchor, ...] = ("day", "month", "week", "quarter", "year", "week_sunday")
_MAX_DAYS_FROM_ANCHOR = 400
_LONGER_THAN_A_YEAR = 370
_DAY = timedelta(days=1)


def infer_read(table: str, measured: Measured, near_dates: Measured, dense: Callable[[], Measured]) -> Read:
    """The read of a table: how its days follow from the run's day.

    Args:
        table: its name.
        measured: run days and the offsets that were read on them.
        near_dates: the same for runs near the fixed dates of the text, where a rule that holds elsewhere may not.
        dense: returns the same for every run of two years; called only where no rule fits, because it is slow.
    """
    found = _infer(table, measured)
    if found is not None and all(_covers(found, day, days) for day, days in near_dates):
        return found
    clipped = _infer_within_dates(table, measured, near_dates)
    if clipped is not None:
        return clipped
    span = covering_span([*measured, *near_dates, *dense()])
    return Read(table, span, "calendar", measured=_sorted_dates(measured))


def follows_no_rule(read: Read) -> bool:
    """Whether a read was found at no run, or at days that no rule fits."""
    return (read.how == "calendar" and not read.calendar) or (read.how == "offset" and not read.days)


def _infer(table: str, measured: Measured) -> Read | None:
    first = measured[0][1]
    if all(days == first for _, days in measured):
        return Read(table, ALL, "all") if first == ALL else Read(table, first, "offset")
    if any(days == ALL for _, days in measured):
        return Read(table)
    dates = {days.shift(day.toordinal()) for day, days in measured}
    if len(dates) == 1:
        spans = tuple((_date(a), _date(b)) for a, b in dates.pop().spans)
        return Read(table, _offsets_of_fixed_dates(spans), "fixed", dates=spans)
    rules = infer_calendar_rules(measured)
    if not rules:
        return None
    return Read(table, covering_span(measured), "calendar", calendar=rules, measured=_sorted_dates(measured))


def _sorted_dates(measured: Measured) -> tuple[tuple[date, tuple[DateSpan, ...]], ...]:
    return tuple((day, days.on(day)) for day, days in sorted(measured, key=lambda pair: pair[0]))


def _covers(read: Read, day: date, days: Days) -> bool:
    """Whether a read has at least these offsets on a run's day."""
    at = day.toordinal()
    ends = ((_offset(first, at), _offset(last, at)) for first, last in read.on(day))
    return read.how == "all" or not days - Days.union(ends)


def _offset(end: date | None, at: int) -> int | None:
    return None if end is None else end.toordinal() - at


def _infer_within_dates(table: str, measured: Measured, near_dates: Measured) -> Read | None:
    """The rule of a read that begins or ends at a fixed date whatever the run's day is, as all days since a launch."""
    together = dict([*measured, *near_dates])
    spans = {day: days.on(day) for day, days in together.items() if days}
    first = _limit({day: found[0][0] for day, found in spans.items()}, min, _DAY, together)
    last = _limit({day: found[-1][1] for day, found in spans.items()}, max, -_DAY, together)
    for within in ((first, None), (None, last), (first, last)):
        rules = infer_calendar_rules(list(together.items()), within) if within != (None, None) else ()
        if rules:
            span = covering_span(list(together.items()))
            return Read(table, span, "calendar", calendar=rules, measured=_sorted_dates(measured), within=within)
    return None


def _limit(
    ends: dict[date, date | None], pick: Callable[[list[date]], date], step: timedelta, measured: Container[date]
) -> date | None:
    """The date that no run reads beyond; None where there is none.

    Several runs reach it, or a single one beside which another was measured: else the limit may be any day between two runs.
    """
    dates = [end for end in ends.values() if end is not None]
    if not dates or len(dates) < len(ends):
        return None
    furthest = pick(dates)
    reached_by = [day for day, end in ends.items() if end == furthest]
    return furthest if len(reached_by) > 1 or reached_by[0] - step in measured else None


def infer_calendar_rules(measured: Measured, within: DateSpan = (None, None)) -> tuple[Rule, ...]:
    """Calendar rules that hold on every measured day, within these dates; empty where there are none.

    Spans may merge on some days, or be empty: yesterday and the last month's end are the same day on the first of a month.
    So a rule is inferred for each span from the days on which none are merged, and then checked on all days.
    """
    max_spans = max(len(days.spans) for _, days in measured)
    with_all_spans = [(day, days.spans) for day, days in measured if len(days.spans) == max_spans]
    rules: list[Rule] = []
    for n in range(max_spans):
        first = _infer_end([(day, spans[n][0]) for day, spans in with_all_spans], within[0])
        last = _infer_end([(day, spans[n][1]) for day, spans in with_all_spans], within[1])
        if first is False or last is False:
            return ()
        rules.append((first, last))  # type: ignore[arg-type]
    found = Read("", how="calendar", calendar=tuple(rules), within=within)
    return found.calendar if all(found.on(day) == days.on(day) for day, days in measured) else ()


def _infer_end(ends: Sequence[tuple[date, int | None]], limit: date | None) -> Bound | bool | None:
    """The rule of one end of a span; None where it is open, or always the limit, False where no rule holds."""
    if all(offset is None for _, offset in ends):
        return None
    if any(offset is None for _, offset in ends):
        return False
    dates = [(day, day + timedelta(days=offset or 0)) for day, offset in ends]
    dates = [(day, end) for day, end in dates if end != limit]
    if not dates:
        return None
    bounds = [bound for anchor in _ANCHORS for bound in _candidates(anchor, *dates[0]) if _holds(bound, dates)]
    return min(bounds, key=_complexity, default=False)


def _candidates(anchor: Anchor, day: date, end: date) -> list[Bound]:
    """Rules with this anchor that give the end on one day, by different numbers of months."""
    start = start_of(anchor, day)
    about = (end.year - start.year) * 12 + end.month - start.month
    months = [0] if anchor.startswith("week") else sorted({0, about - 1, about, about + 1})
    bounds = [Bound(anchor, n, (end - add_months(start, n)).days) for n in months]
    return [
        bound
        for bound in bounds
        if not (anchor == "day" and not bound.months) and abs(bound.days) <= _MAX_DAYS_FROM_ANCHOR
    ] + ([Bound("day", 0, (end - day).days)] if anchor == "day" else [])


def _holds(bound: Bound, dates: Sequence[tuple[date, date]]) -> bool:
    return all(bound.on(day) == end for day, end in dates)


def _complexity(bound: Bound) -> tuple[int, int, int]:
    """Sort key of rules that hold equally: the one that counts the fewest days and months wins."""
    return abs(bound.days), abs(bound.months), _ANCHORS.index(bound.anchor)


def covering_span(measured: Measured) -> Days:
    """One span of offsets around all that was measured.

    An end that is a fixed date is left open: its offset grows without limit as the run's day moves on.
    """
    spans = [(day, days.spans[0][0], days.spans[-1][1]) for day, days in measured if days]
    first = _furthest([(day, a) for day, a, _ in spans], min)
    last = _furthest([(day, b) for day, _, b in spans], max)
    return Days.span(first, last)


def _furthest(ends: Sequence[tuple[date, int | None]], pick: Callable[[list[int]], int]) -> int | None:
    offsets: list[int] = []
    runs: dict[date, list[date]] = {}
    for day, offset in ends:
        if offset is None:
            return None
        offsets.append(offset)
        runs.setdefault(day + timedelta(days=offset), []).append(day)
    is_fixed_date = any((max(days) - min(days)).days > _LONGER_THAN_A_YEAR for days in runs.values())
    return None if is_fixed_date or not offsets else pick(offsets)


def _offsets_of_fixed_dates(spans: tuple[DateSpan, ...]) -> Days:
    """Any offset may be one of the fixed dates on some run, so it is all of them."""
    return ALL if spans else Days()


def _date(ordinal: int | None) -> date | None:
    return None if ordinal is None else date.fromordinal(ordinal)
