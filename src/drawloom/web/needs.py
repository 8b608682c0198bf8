"""What needs somebody, the worst first: what is broken, failed, damaged, late, stale or was never written, and what will end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from drawloom.model import Pipeline
from drawloom.run.causes import CauseGroup
from drawloom.run.plan import Key, PlannedPartition, State
from drawloom.run.project import Project
from drawloom.run.spans import without_days
from drawloom.web.site import Status, TableStatus

ENDS_SOON = timedelta(days=14)
NAMED = 6  # tables of a need that are links
WRITTEN = {State.FRESH, State.STALE}
SPECS = "specs/"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that somebody should look at: a word for it, the tables or files it is about by name, and what it is.

    ``links`` are names with their pages. ``label`` names what can be done on the page ``path``.
    """

    word: str
    tone: str
    links: Sequence[tuple[str, str]]
    text: str
    label: str = ""
    path: str = ""
    query: Mapping[str, object] = field(default_factory=dict)


def find_needs(project: Project, status: Status) -> Iterator[Need]:
    """What needs somebody, the worst first. What has one cause is told once, and causes come before what they hold back."""
    for problem in project.check():
        if problem.severity == "error":
            file = problem.where.file or "drawloom.yml"
            page = file if file.startswith(SPECS) else "problems"
            yield Need("broken", "bad", [(file, page)], problem.message)
    yield from _failed(status)
    yield from _damaged(status.plan.damaged)
    yield from _missed(status.tables)
    yield from _waiting(status)
    for group in status.causes.groups(status.plan.partitions, [State.STALE]):
        yield _stale(group)
    yield from _missing(status)
    yield from _ending(project.pipelines, project.history.end)


def _failed(status: Status) -> Iterator[Need]:
    """Failures, those with one error together, then what they hold back."""
    found: dict[str, list[PlannedPartition]] = {}
    for one in status.plan.partitions:
        if one.state is State.FAILED:
            found.setdefault(without_days(one.reason), []).append(one)
    for partitions in sorted(found.values(), key=len, reverse=True):
        tables = list(dict.fromkeys(one.key[0] for one in partitions))
        newest = max(partitions, key=lambda one: one.ds)
        text = f"{_count(len(partitions), tables)}, the newest {newest.ds}: {newest.reason}"
        yield Need("failed", "bad", _links(tables), text, *_backfill("run again", tables))
    for group in status.causes.groups(status.plan.partitions, [State.SKIPPED]):
        text = f"{_count(group.count, group.tables)}, because {group.words}"
        yield Need("skipped", "warn", _links(group.tables), text)


def _damaged(damaged: Mapping[Key, str]) -> Iterator[Need]:
    found: dict[str, list[tuple[date, str]]] = {}
    for (table, ds), why in damaged.items():
        found.setdefault(table, []).append((ds, why))
    for table, days in found.items():
        newest, why = max(days)
        text = f"{_count(len(days), [table])}, the newest {newest}: {why}"
        yield Need("damaged", "bad", [(table, f"tables/{table}")], text)


def _missed(tables: Mapping[str, TableStatus]) -> Iterator[Need]:
    for table, status in tables.items():
        spans = [span for span in status.spans if span.state is State.MISSED]
        if spans:
            count = sum(span.count for span in spans)
            text = f"{_count(count, [table])}, the newest {spans[-1].last}: {spans[-1].reason}"
            yield Need("missed", "warn", _links([table]), text)


def _waiting(status: Status) -> Iterator[Need]:
    """Tables whose newest days wait: late where they were written before, for what they wait for together."""
    tails = [
        one
        for table in status.tables.values()
        if table.spans and table.spans[-1].state is State.WAITING
        for one in table.partitions[-table.spans[-1].count :]
    ]
    written = {table for table, one in status.tables.items() if WRITTEN & one.counts.keys()}
    for is_late in (True, False):
        partitions = (one for one in tails if (one.key[0] in written) is is_late)
        for group in status.causes.groups(partitions, [State.WAITING]):
            since = f"{group.first} to {group.newest}" if group.newest > group.first else f"{group.first}"
            text = f"{_count(group.count, group.tables)}, {since}, because {group.words}"
            yield Need("late" if is_late else "waiting", "warn" if is_late else "", _links(group.tables), text)


def _stale(group: CauseGroup) -> Need:
    text = f"{_count(group.count, group.tables)} since {group.words}"
    label, path, query = _backfill("bring up to date", group.tables)
    return Need("stale", "warn", _links(group.tables), text, label, path, query)


def _missing(status: Status) -> Iterator[Need]:
    """What could be written and was not yet: tables that never were, and days of others."""
    counts = {table: n for table, one in status.tables.items() if (n := one.counts.get(State.MISSING, 0))}
    new = {table: n for table, n in counts.items() if not WRITTEN & status.tables[table].counts.keys()}
    for word, tables in (("never run", new), ("not run", {t: n for t, n in counts.items() if t not in new})):
        if tables:
            text = f"{_count(sum(tables.values()), tables)} {'to fill' if tables is new else 'not written yet'}"
            label = "fill them" if sum(tables.values()) > 1 else "fill it"
            yield Need(word, "info", _links(tables), text, *_backfill(label, tables))


def _ending(pipelines: Sequence[Pipeline], today: date) -> Iterator[Need]:
    """Schedules that are over or will be soon, those of one day together."""
    found: dict[date, list[str]] = {}
    for one in pipelines:
        if one.kind == "autodag" and one.until and today - ENDS_SOON < one.until < today + ENDS_SOON:
            found.setdefault(one.until, []).append(one.name)
    for until, names in sorted(found.items()):
        word = "ended" if until <= today else "ends soon"
        text = f"scheduled until {until}; renew {'it or let it' if len(names) == 1 else 'them or let them'} end"
        yield Need(word, "warn", [(name, f"autodag/{name}") for name in names], text)


def _links(tables: Collection[str]) -> Sequence[tuple[str, str]]:
    return [(table, f"partitions/{table}") for table in tables]


def _backfill(label: str, tables: Collection[str]) -> tuple[str, str, Mapping[str, object]]:
    """What is done about it: the page of backfills with these tables, or with all where they are too many to list."""
    return label, "backfill", {"name": " ".join(tables) if len(tables) <= NAMED else "", "show": 1}


def _count(partitions: int, tables: Collection[str]) -> str:
    text = f"{partitions:,} partition{'' if partitions == 1 else 's'}"
    return f"{text} in {len(tables):,} tables" if len(tables) > 1 else text
