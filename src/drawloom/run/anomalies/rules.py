"""Rules about partitions, which need no statistics: missing, late, empty, loaded twice, with other columns, restated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from drawloom.model import digest
from drawloom.run.anomalies.watched import Clock, Watched

LATE_DAYS = 7  # what lands later than that was backfilled


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that days in a row of a table break, all of them alike.

    Args:
        table: the table.
        rule: which rule.
        first: the first day.
        last: the last day.
        summary: what happened, in words.
        severity: ``error`` or ``warn``.
    """

    table: str
    rule: str
    first: date
    last: date
    summary: str
    severity: str

    @property
    def id(self) -> str:
        """The same as long as the first day is."""
        return digest([self.rule, self.table, self.first.isoformat()])[:8]


Found = Iterator[tuple[date, str]]
Rule = Callable[[Watched, Sequence[date], Clock], Found]


def broken_rules(watched: Watched, clock: Clock, days: int) -> list[Broken]:
    """What the last so many days of a table break."""
    span = [clock.last - timedelta(days=n) for n in range(days - 1, -1, -1)]
    found = []
    for name, (rule, severity) in RULES.items():
        runs: list[list[tuple[date, str]]] = []
        for ds, text in rule(watched, span, clock):
            if runs and ds - runs[-1][-1][0] == timedelta(days=1):
                runs[-1].append((ds, text))
            else:
                runs.append([(ds, text)])
        found += [
            Broken(watched.table, name, run[0][0], run[-1][0], _words(watched.table, run), severity) for run in runs
        ]
    return found


def _words(table: str, run: Sequence[tuple[date, str]]) -> str:
    first, last = run[0], run[-1]
    if len(run) == 1:
        return f"{table} {first[1]} on {first[0]}"
    return f"{table} {last[1]} on {len(run)} days, {first[0]} to {last[0]}"


def _missing(watched: Watched, span: Sequence[date], clock: Clock) -> Found:
    """Days between others, and those whose time has come."""
    there = watched.contents
    by = watched.spec.expect.by if watched.spec.expect else None
    first, last = min(there, default=None), max(there, default=None)
    for ds in span:
        if ds not in there and first is not None and last is not None and ds > first:
            if ds < last:
                yield ds, "has no partition"
            elif by and clock.is_due(ds, by):
                yield ds, f"has no partition, which was due at {by} of the next day"


def _late(watched: Watched, span: Sequence[date], clock: Clock) -> Found:
    """Days that landed after their time, but for those from before anything was recorded, which were backfilled."""
    by = watched.spec.expect.by if watched.spec.expect else None
    moments = {ds: record.at for ds, record in watched.records.items() if record.at is not None}
    if by is None or not moments:
        return
    begin = min(moments.values()).date()
    for ds in span:
        moment, deadline = moments.get(ds), clock.deadline(ds, by)
        if moment and ds >= begin and deadline < moment < deadline + timedelta(days=LATE_DAYS):
            yield ds, f"landed at {moment.astimezone(deadline.tzinfo):%H:%M on %Y-%m-%d}, and was due at {by}"


def _empty(watched: Watched, span: Sequence[date], clock: Clock) -> Found:
    """Days without rows, of a table that has rows on most days."""
    del clock
    rows = {ds: record.rows for ds, record in watched.records.items()}
    filled = sum(count > 0 for count in rows.values())
    if 2 * filled > len(rows):
        yield from ((ds, "has no rows") for ds in span if rows.get(ds) == 0)


def _loaded_twice(watched: Watched, span: Sequence[date], clock: Clock) -> Found:
    """Days with the very rows of an earlier day."""
    del clock
    seen: dict[str, date] = {}
    for ds in sorted(watched.records):
        record = watched.records[ds]
        twin = seen.setdefault(record.content, ds) if record.rows else ds
        if twin != ds and ds in span:
            yield ds, f"has the rows of {twin}: they were loaded twice"


def _schema_changed(watched: Watched, span: Sequence[date], clock: Clock) -> Found:
    """Days whose files have other columns than those of the day before."""
    del clock
    before: tuple[str, ...] | None = None
    for ds in sorted(set(span) & set(watched.files)):
        now = _columns(watched.files[ds])
        if before is not None and now is not None and now != before:
            gone, new = sorted(set(before) - set(now)), sorted(set(now) - set(before))
            changes = [f"lost {', '.join(gone)}"] * bool(gone) + [f"gained {', '.join(new)}"] * bool(new)
            yield ds, f"has other columns than before: it {' and '.join(changes) or 'has them in another order'}"
        before = now if now is not None else before


def _restated(watched: Watched, span: Sequence[date], clock: Clock) -> Found:
    """Days that are not what they were when they were judged."""
    del clock
    for ds in span:
        if ds in watched.judged and ds in watched.contents and watched.judged[ds] != watched.contents[ds]:
            yield ds, "has changed since it was judged"


def _columns(files: Sequence[Path]) -> tuple[str, ...] | None:
    """Names and types of a file's columns; only names where it is text. None where nothing can be said."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if files and files[0].suffix == ".parquet":
            schema = pq.read_schema(files[0])
            return tuple(f"{column.name} {column.type}" for column in schema)
        if files and files[0].suffix in {".csv", ".tsv"}:
            with files[0].open(encoding="utf-8") as lines:
                return tuple(lines.readline().strip().split("\t" if files[0].suffix == ".tsv" else ","))
    except (OSError, UnicodeDecodeError, pa.ArrowException):
        return None
    return None


RULES: dict[str, tuple[Rule, str]] = {
    "missing": (_missing, "error"),
    "late": (_late, "warn"),
    "empty": (_empty, "error"),
    "loaded twice": (_loaded_twice, "error"),
    "schema changed": (_schema_changed, "warn"),
    "restated": (_restated, "warn"),
}
