"""The pages of partitions: tables x days, the days of one table and why they are as they are, and one day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from pydantic import BaseModel, Field
from starlette.responses import Response

from drawloom.model import Record, Step, refuse
from drawloom.run.partition_facts import InputDay, compare_inputs, find_readers, missing_needs
from drawloom.run.plan import PlannedPartition, State
from drawloom.run.spans import Span
from drawloom.run.spec_files import editable_file
from drawloom.web.context import TheSite
from drawloom.web.draw.strips import SEVERITY, day_axis, day_strip
from drawloom.web.parameters import MOST_PAGES, Day, PageNumber, choose
from drawloom.web.search import matches
from drawloom.web.site import GOOD, Status, TableStatus
from drawloom.web.templating import render

router = APIRouter(prefix="/partitions")
TABLES = 50  # on a page
DAYS = 100  # on a page
GAPS = 3  # of a table on the page of all
SPANS = 60  # of a table on its page
LISTED = 60  # inputs of one table, and readers, on the page of a day
RANGES = (("30 days", 30), ("90 days", 90), ("a year", 365))


class Filter(BaseModel):
    """Which tables and days the page of all shows."""

    q: str = ""
    owner: str = ""
    kind: str = ""
    state: str = ""
    first: Day = Field(None, alias="from")
    last: Day = Field(None, alias="to")
    page: int = Field(1, ge=1, le=MOST_PAGES)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One table on the page of all: its days as a strip, and what is wrong with them in words."""

    status: TableStatus
    strip: Markup
    gaps: Sequence[Span]
    more: int


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of a table: its state, where a step fills it, and its record, where it was written."""

    ds: date
    partition: PlannedPartition | None
    record: Record | None
    content: str
    gone: bool


@router.get("")
def list_partitions(request: Request, site: TheSite, asked: Annotated[Filter, Query()]) -> Response:
    """All tables with the state of their days."""
    project, status = site.project, site.status
    wanted = choose(State, "state", asked.state)
    start, end = _range(asked.first, asked.last, project.history.start, project.history.end)
    chosen = [
        one.between(asked.first, asked.last)
        for one in status.tables.values()
        if matches(one.pipeline, [one.table], asked.q, asked.owner, asked.kind)
    ]
    found = [one for one in chosen if wanted is None or wanted in one.counts]
    shown = found[(asked.page - 1) * TABLES : asked.page * TABLES]
    return render(
        request,
        "partitions.html",
        rows=[_row(one, start, end) for one in shown],
        counts=_sum_counts(found),
        axis=day_axis(start, end),
        start=start,
        end=end,
        ranges=_ranges(end, project.history.start, project.history.end),
        query=asked.model_dump(by_alias=True, exclude={"page"}),
        owners=sorted({p.owner for p in project.pipelines if p.owner}),
        kinds=sorted({p.kind for p in project.pipelines}),
        states=list(State),
        count=len(found),
        page=asked.page,
        size=TABLES,
        status=status,
    )


@router.get("/{table}")
def show_table_days(request: Request, site: TheSite, table: str, state: str = "", page: PageNumber = 1) -> Response:
    """The days of one table: why they are as they are, and who wrote them when."""
    status = site.status
    table = _known_table(status, table)
    wanted = choose(State, "state", state)
    planned = status.tables.get(table)
    rows = _day_rows(status, table)
    found = [row for row in rows if wanted is None or (row.partition and row.partition.state is wanted)]
    spans = [span for span in planned.spans if wanted in {None, span.state}] if planned else []
    return render(
        request,
        "partitions_table.html",
        table=table,
        planned=planned,
        strip=day_strip(planned, rows[-1].ds, rows[0].ds) if planned and rows else "",
        axis=day_axis(rows[-1].ds, rows[0].ds) if rows else "",
        spans=spans[: -SPANS - 1 : -1],
        more_spans=max(len(spans) - SPANS, 0),
        rows=found[(page - 1) * DAYS : page * DAYS],
        count=len(found),
        page=page,
        size=DAYS,
        states=list(planned.counts) if planned else [],
        state=state,
        step=_step(planned),
        status=status,
    )


@router.get("/{table}/{ds}")
def show_day(request: Request, site: TheSite, table: str, ds: date) -> Response:
    """One partition: its state and why, what wrote it, from which inputs, its checks and errors, and what reads it."""
    project, status = site.project, site.status
    table = _known_table(status, table)
    row = next((row for row in _day_rows(status, table) if row.ds == ds), None)
    if row is None:
        message = f"day == {ds}, must be a day that names a partition of {table}."
        raise refuse("no-partition", message, None, "The page of the table lists its days.")
    record = project.registry.record(table, ds)
    planned = {name: one.partitions for name, one in status.tables.items()}
    readers = find_readers(planned, table, ds)
    return render(
        request,
        "partition.html",
        table=table,
        row=row,
        file=editable_file(status.tables[table].pipeline if table in status.tables else None),
        record=record,
        step=_step(status.tables.get(table)),
        inputs=_inputs(record, status),
        chain=status.causes.chain(row.partition)[1:] if row.partition else [],
        missing=missing_needs(row.partition, status.snapshot)[:LISTED] if row.partition else [],
        error=status.snapshot.failures.get((table, ds)),
        damage=status.snapshot.anomalies.get((table, ds)),
        readers=list(islice(readers, LISTED)),
        more_readers=sum(1 for _ in readers),
        listed=LISTED,
        status=status,
    )


def _range(first: date | None, last: date | None, start: date, end: date) -> tuple[date, date]:
    """The days that are shown: those asked for, within the history.

    Raises:
        InputError: they end before they begin, or lie outside.
    """
    begin, stop = max(first or start, start), min(last or end, end)
    if begin > stop:
        message = f"from == {first or start}, must not be after to == {last or end}"
        raise refuse("bad-range", f"{message}, and both within {start} to {end}.")
    return begin, stop


def _ranges(end: date, start: date, last: date) -> list[tuple[str, date | None, date | None]]:
    """Names and ends of ranges that people ask for often: the days until the end of what is shown, and all."""
    found: list[tuple[str, date | None, date | None]] = [("all days", None, None)]
    days = (last - start).days + 1
    return found + [(name, end - timedelta(days=n - 1), end) for name, n in RANGES if n < days]


def _row(status: TableStatus, start: date, end: date) -> TableRow:
    bad = (span for span in status.spans if span.state not in GOOD)
    gaps = sorted(bad, key=lambda span: (SEVERITY.index(span.state), span.last), reverse=True)
    return TableRow(status, day_strip(status, start, end), gaps[:GAPS], len(gaps) - GAPS)


def _sum_counts(found: Sequence[TableStatus]) -> dict[State, int]:
    return {state: n for state in State if (n := sum(one.counts.get(state, 0) for one in found))}


def _known_table(status: Status, name: str) -> str:
    """The table of this name, whether a step fills it, it was landed, or it is a source.

    Raises:
        InputError: there is none; the message offers the nearest one.
    """
    known = {table.lower(): table for table in (*status.snapshot.contents, *status.tables)}
    if name.lower() not in known:
        near = get_close_matches(name.lower(), known, 1)
        fix = f"Did you mean {known[near[0]]}?" if near else "The page of tables lists all of them."
        raise refuse("unknown-name", f"table == {name!r:.200}, must be a table of this project.", None, fix)
    return known[name.lower()]


def _day_rows(status: Status, table: str) -> list[DayRow]:
    """The days of a table, the newest first: those of its step and those that exist."""
    planned = status.tables.get(table)
    partitions = {one.ds: one for one in planned.partitions} if planned else {}
    snapshot = status.snapshot
    contents = snapshot.contents.get(table, {})
    missing = snapshot.missing_files.get(table, {})
    records = {**missing, **snapshot.records.get(table, {})}
    days = sorted({*partitions, *records, *(ds for ds in contents if ds)}, reverse=True)
    return [DayRow(ds, partitions.get(ds), records.get(ds), contents.get(ds, ""), ds in missing) for ds in days]


def _step(planned: TableStatus | None) -> Step | None:
    return planned.pipeline.tables[planned.table] if planned else None


def _inputs(record: Record | None, status: Status) -> list[tuple[str, dict[str, int], list[InputDay], int]]:
    """The inputs of a partition by table: how many are as they were, and the first of them, changed ones in front."""
    found = []
    inputs = record.inputs if record and not record.is_landed else {}
    step = _step(status.tables.get(record.table)) if record else None
    for table, days in compare_inputs(inputs, status.snapshot, step.slices if step else ()).items():
        counts = {change: n for change in ("changed", "gone", "same", "unknown") if (n := _count(days, change))}
        first = sorted(days, key=lambda day: day.change == "same")[:LISTED]
        found.append((table, counts, first, len(days) - len(first)))
    return found


def _count(days: Sequence[InputDay], change: str) -> int:
    return sum(day.change == change for day in days)
