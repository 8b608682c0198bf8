"""The first page: what needs somebody, then all pipelines with their last days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from drawloom.model import Family, Pipeline
from drawloom.run.plan import State
from drawloom.run.project import Project
from drawloom.web.context import TheSite
from drawloom.web.draw.strips import status_strip
from drawloom.web.parameters import PageNumber
from drawloom.web.search import matches
from drawloom.web.site import Status, TableStatus
from drawloom.web.templating import render

router = APIRouter()
STRIP_DAYS = 60
PAGE = 100  # pipelines
EXPIRES_SOON = timedelta(days=14)
LISTED = 50  # of what needs somebody; more are on the page of partitions
ALARMING = (State.FAILED, State.SKIPPED, State.MISSED)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that somebody should look at."""

    word: str
    tone: str
    name: str
    text: str
    path: str


@router.get("/")
def home(
    request: Request, site: TheSite, q: str = "", owner: str = "", kind: str = "", tag: str = "", page: PageNumber = 1
) -> Response:
    """The first page."""
    project, status = site.project, site.status
    found = (p for p in project.pipelines if matches(p, p.tables, q, owner, kind, tag))
    pipelines = sorted(found, key=lambda p: p.name)
    no_family = owner or tag or kind not in {"", "family"}
    families = [family for family in project.families if _names(family, q) and not no_family]
    return render(
        request,
        "home.html",
        project=project,
        needs=list(_needs(project, status)),
        most=LISTED,
        rows=[_row(pipeline, status) for pipeline in pipelines[(page - 1) * PAGE : page * PAGE]],
        families=families if page * PAGE >= len(pipelines) else [],
        count=len(pipelines),
        page=page,
        size=PAGE,
        owners=sorted({p.owner for p in project.pipelines if p.owner}),
        kinds=sorted({p.kind for p in project.pipelines}),
        tags=sorted({tag for p in project.pipelines for tag in p.tags}),
        q=q,
        owner=owner,
        kind=kind,
        tag=tag,
        days=STRIP_DAYS,
        status=status,
    )


def _names(family: Family, text: str) -> bool:
    return all(word in family.name.lower() for word in text.lower().split())


def _row(pipeline: Pipeline, status: Status) -> tuple[Pipeline, list[tuple[TableStatus, Markup]], str]:
    """A pipeline, the strips of its tables, and until which day all of them are fresh."""
    tables = status.tables
    found = [tables[table] for table in pipeline.tables if table in tables]
    fresh = [one.last_fresh for one in found]
    until = "never" if None in fresh or not fresh else str(min(day for day in fresh if day))
    return pipeline, [(one, status_strip(one.newest(STRIP_DAYS).spans)) for one in found], until


def _needs(project: Project, status: Status) -> Iterator[Need]:
    """What needs somebody, the worst first."""
    for problem in project.check():
        if problem.severity == "error":
            file = problem.where.file or "drawloom.yml"
            yield Need("broken", "bad", file, problem.message, file if file.startswith("specs/") else "problems")
    for table, one in status.tables.items():
        yield from _of_table(table, one)
    for (table, ds), why in status.plan.damaged.items():
        yield Need("damaged", "bad", f"{table} {ds}", why, f"tables/{table}")
    yield from _about_to_expire(project.pipelines, project.history.end)


def _of_table(table: str, status: TableStatus) -> Iterator[Need]:
    """Failures of a table, and days that came late: others of it are fresh, and the newest wait."""
    for state in ALARMING:
        spans = [span for span in status.spans if span.state is state]
        if spans:
            count = sum(span.count for span in spans)
            text = (
                f"{count} day{'s' if count > 1 else ''} {state.value}, the newest {spans[-1].last}: {spans[-1].reason}"
            )
            yield Need(state.value, "bad" if state is State.FAILED else "warn", table, text, f"partitions/{table}")
    waiting = status.spans[-1] if status.spans and status.spans[-1].state is State.WAITING else None
    if waiting and status.last_fresh:
        days = f"{waiting.count} day{'s' if waiting.count > 1 else ''}"
        yield Need("late", "warn", table, f"{days} since {waiting.first}: {waiting.reason}", f"partitions/{table}")


def _about_to_expire(pipelines: Sequence[Pipeline], today: date) -> Iterator[Need]:
    for pipeline in pipelines:
        if (
            pipeline.kind == "autodag"
            and pipeline.until
            and today - EXPIRES_SOON < pipeline.until < today + EXPIRES_SOON
        ):
            word = "expired" if pipeline.until <= today else "expires"
            text = f"scheduled until {pipeline.until}; renew it or let it end"
            yield Need(word, "warn", pipeline.name, text, f"autodag/{pipeline.name}")
