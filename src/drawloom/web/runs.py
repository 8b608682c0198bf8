"""The pages of runs: what ran, when, how long and by whom; one run as it goes, its failures and its log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from drawloom.model import InputError, refuse
from drawloom.run.background import Progress, RunFolder, RunState
from drawloom.run.background.progress import TableProgress, read_lines
from drawloom.run.past_runs import PastRun
from drawloom.web import audit
from drawloom.web.context import Runner, TheSite
from drawloom.web.parameters import PageNumber, choose
from drawloom.web.site import Site
from drawloom.web.templating import link, render

router = APIRouter(prefix="/runs")
PAGE = 50  # runs
TABLES = 100  # of a run on its page
ERRORS = 20  # of a run on its page
TAIL = 20_000  # bytes of its log on its page
LOG = 2_000_000  # bytes of its log as a file
LOOK, BEAT, STREAM = 0.3, 5.0, 30.0  # seconds: between looks, between signs of life, and until the browser asks again
CHUNK = 200_000  # bytes of events at once


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in the list. ``todo`` is None where it is not known how much there was to do."""

    id: str
    state: str
    began: datetime
    ended: datetime | None
    who: str
    tables: Sequence[str]
    written: int
    failed: int
    todo: int | None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return (self.ended - self.began).total_seconds() if self.ended else None


@router.get("")
def list_runs(request: Request, site: TheSite, state: str = "", page: PageNumber = 1) -> Response:
    """All runs, the newest first: those of this UI, and others as far as the registry shows them."""
    wanted = choose(RunState, "state", state)
    found = sorted(_all(site, wanted), key=lambda one: one[0], reverse=True)
    shown = found[(page - 1) * PAGE : page * PAGE]
    return render(
        request,
        "runs.html",
        lines=[_line(site, run) for _, run in shown],
        count=len(found),
        page=page,
        size=PAGE,
        state=state,
        states=list(RunState),
        running=bool(site.runs.running()),
    )


@router.get("/{id}")
def show_run(request: Request, site: TheSite, id: str) -> Response:  # noqa: A002
    """One run."""
    folder = site.runs.find(id)
    if folder is None:
        return render(request, "run_written.html", run=_past(site, id), errors=ERRORS, tables=TABLES)
    return render(request, "run.html", **_of_run(site, folder))


@router.get("/{id}/progress")
def show_progress(request: Request, site: TheSite, id: str) -> Response:  # noqa: A002
    """The part of the page of a run that changes while it goes."""
    return render(request, "run_progress.html", **_of_run(site, _known(site, id)))


@router.get("/{id}/log")
def show_log(site: TheSite, id: str) -> Response:  # noqa: A002
    """What the process of a run printed."""
    return PlainTextResponse(_tail(_known(site, id).log, LOG))


@router.get("/{id}/events")
async def stream_events(
    request: Request,
    site: TheSite,
    id: str,  # noqa: A002
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """The events of a run as they come (server-sent events). Ids are places in its file, so a stream can be resumed."""
    folder = await run_in_threadpool(_known, site, id)
    offset = await run_in_threadpool(_place, folder.events, last_event_id)
    if last_event_id and folder.state is not RunState.RUNNING and not _next_events(folder.events, offset)[0]:
        return Response(status_code=204)  # a browser does not ask again
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(_stream(request, folder, offset), media_type="text/event-stream", headers=headers)


@router.post("/{id}/cancel")
def cancel_run(request: Request, site: TheSite, id: str, viewer: Runner) -> Response:  # noqa: A002
    """End a run as Ctrl-C does: what is written stays whole."""
    folder = _known(site, id)
    if folder.state is RunState.RUNNING:
        with audit.noted(site.root, viewer.name, "cancel", run=id):
            folder.cancel(viewer.name)
    return RedirectResponse(link(request, f"runs/{id}"), 303)


def _all(site: Site, wanted: RunState | None) -> Iterator[tuple[datetime, tuple[RunFolder, RunState] | PastRun]]:
    for folder, state in site.runs.all():
        if wanted in {None, state}:
            yield folder.began, (folder, state)
    for run in site.past_runs:
        if wanted in {None, _past_state(run)}:
            yield run.began, run


def _past_state(run: PastRun) -> RunState:
    return RunState.FAILED if run.failed else RunState.FINISHED


def _line(site: Site, run: tuple[RunFolder, RunState] | PastRun) -> RunLine:
    if isinstance(run, PastRun):
        who = "drawloom land" if run.landed else ""
        tables = [one.table for one in run.tables]
        return RunLine(run.id, _past_state(run), run.began, run.ended, who, tables, run.written, run.failed, None)
    folder, state = run
    progress = site.runs.progress(folder)
    outcomes = progress.outcomes
    return RunLine(
        folder.id,
        state,
        folder.began,
        None if state is RunState.RUNNING else folder.ended,
        folder.about["user"],
        [table for table, one in progress.tables.items() if one.todo] or folder.about["tables"],
        outcomes["written"] + outcomes["unchanged"],
        outcomes["failed"],
        progress.todo if progress.planned else None,
    )


def _of_run(site: Site, folder: RunFolder) -> dict[str, Any]:
    """What the page of a run in the background shows."""
    state, progress = folder.state, site.runs.progress(folder)
    failures, warnings = progress.failures, progress.warnings
    return {
        "run": folder,
        "state": state,
        "running": state is RunState.RUNNING,
        "cancelled": folder.cancelled,
        "ended": None if state is RunState.RUNNING else folder.ended,
        "progress": progress,
        "tables": _sorted_tables(progress)[:TABLES],
        "more_tables": max(len(progress.tables) - TABLES, 0),
        "failures": failures[:ERRORS],
        "more_failures": max(len(failures) - ERRORS, 0),
        "warnings": warnings[:ERRORS],
        "log": _tail(folder.log, TAIL),
    }


def _sorted_tables(progress: Progress) -> list[tuple[str, TableProgress]]:
    """Tables with failures first, then those that are being written, then those to come, then those that are done."""

    def rank(item: tuple[str, TableProgress]) -> int:
        _, one = item
        return 0 if one.outcomes["failed"] else 1 if 0 < one.done < one.todo else 2 if not one.done else 3

    return sorted(progress.tables.items(), key=rank)


def _known(site: Site, id: str) -> RunFolder:  # noqa: A002
    """The run of this id.

    Raises:
        InputError: there is none.
    """
    folder = site.runs.find(id)
    if folder is None:
        raise _unknown(id)
    return folder


def _past(site: Site, id: str) -> PastRun:  # noqa: A002
    found = next((run for run in site.past_runs if run.id == id), None)
    if found is None:
        raise _unknown(id)
    return found


def _unknown(id: str) -> InputError:  # noqa: A002
    fix = "The page of runs lists them: the newest that were started here, and what is newest in the registry."
    return refuse("unknown-run", f"run == {id!r:.100}, must be a run that is still known.", None, fix)


def _tail(path: Path, most: int) -> str:
    """The end of a text file, from the beginning of a line on."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - most, 0))
            if size > most:
                file.readline()
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _place(events: Path, text: str) -> int:
    """The place that an event id names; the beginning where it is none."""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        return 0
    try:
        with events.open("rb") as file:
            file.seek(max(int(text) - 1, 0))
            return int(text) if file.read(1) == b"\n" else 0
    except OSError:
        return 0


def _next_events(events: Path, offset: int) -> tuple[str, int]:
    """The events from this place on, as server-sent ones, and where they end."""
    parts: list[str] = []
    size = 0
    for end, line in islice(read_lines(events, offset, CHUNK), 10_000):
        parts.append(f"id: {end}\ndata: {line.decode('utf-8', 'replace').rstrip()}\n\n")
        size, offset = size + len(line), end
        if size > CHUNK:
            break
    return "".join(parts), offset


async def _stream(request: Request, folder: RunFolder, offset: int) -> AsyncIterator[str]:
    """New events until the run has ended; a sign of life where there are none. The browser asks again after a while."""
    yield "retry: 1000\n\n"
    began = beat = time.monotonic()
    while time.monotonic() - began < STREAM and not await request.is_disconnected():
        state = await run_in_threadpool(lambda: folder.state)  # before the events: the last ones come before the end
        text, offset = await run_in_threadpool(_next_events, folder.events, offset)
        if text:
            yield text
        elif state is not RunState.RUNNING:
            yield f"event: end\ndata: {state}\n\n"
            return
        else:
            if time.monotonic() - beat > BEAT:
                beat = time.monotonic()
                yield "event: beat\ndata: \n\n"
            await asyncio.sleep(LOOK)
