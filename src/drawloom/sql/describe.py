"""What a script does, in the form that ``drawloom advise --format json`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from drawloom.model import DateSpan, Days, Read, Schedule
from drawloom.sql.probes import shown
from drawloom.sql.script import Script, Write


def describe_json(script: Script) -> dict[str, Any]:
    """``reads``, ``writes``, ``waits`` and ``lineage`` of a script, ready for JSON."""
    from drawloom.sql.lineage import lineage

    return report(script.reads, script.writes, lineage(script), script.schedule)


def report(
    reads: Sequence[Read], writes: Sequence[Write], columns: Mapping[str, Sequence[str]], schedule: Schedule
) -> dict[str, Any]:
    """The same, of what was found before.

    A read is ``"all"``, spans of days from the run's day, ``{"fixed": spans of dates}`` or ``{"calendar": {day: spans}}``
    with the days of some runs. A wait is a table with such a read, for those whose days can be listed ahead of time.
    """
    return {
        "reads": {read.table: read_json(read, schedule) for read in reads},
        "writes": [write_json(write) for write in writes],
        "waits": [[read.table, read_json(read, schedule)] for read in reads if read.exact and read.days],
        "lineage": {name: list(origins) for name, origins in columns.items()},
    }


def read_json(read: Read, schedule: Schedule) -> Any:
    """The days of one read."""
    match read.how:
        case "all":
            return "all"
        case "offset":
            return days_json(read.days)
        case "fixed":
            return {"fixed": dates_json(read.dates)}
    runs = set(shown(schedule))
    return {"calendar": {day.isoformat(): dates_json(spans) for day, spans in read.measured if day in runs}}


def write_json(write: Write) -> list[Any]:
    """One write: table, mode and partition."""
    return [write.table, write.mode, None if write.partition is None else dict(write.partition)]


def days_json(days: Days) -> list[list[int | None]]:
    """Spans of offsets."""
    return [[first, last] for first, last in days.spans]


def dates_json(spans: Iterable[DateSpan]) -> list[list[str | None]]:
    """Spans of dates."""
    return [[_iso(first), _iso(last)] for first, last in spans]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
