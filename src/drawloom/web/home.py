"""The first page: what needs somebody, then all pipelines with their last days."""

from __future__ import annotations

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from drawloom.model import Family, Pipeline
from drawloom.run.plan import State
from drawloom.web.context import TheSite
from drawloom.web.draw.strips import status_strip
from drawloom.web.needs import NAMED, find_needs
from drawloom.web.parameters import PageNumber
from drawloom.web.search import matches
from drawloom.web.site import Status, TableStatus, fresh_until
from drawloom.web.templating import render

router = APIRouter()
STRIP_DAYS = 60
PAGE = 100  # pipelines
LISTED = 50  # of what needs somebody; more are on the page of partitions


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
        needs=list(find_needs(project, status)),
        named=NAMED,
        most=LISTED,
        rows=[_row(pipeline, status) for pipeline in pipelines[(page - 1) * PAGE : page * PAGE]],
        families=families if page * PAGE >= len(pipelines) else [],
        count=len(pipelines),
        page=page,
        size=PAGE,
        owners=sorted({p.owner for p in project.pipelines if p.owner}),
        kinds=sorted({p.kind for p in project.pipelines}),
        tags=sorted({tag for p in project.pipelines for tag in p.tags}),
        states=sorted({state for one in status.tables.values() for state in one.counts}, key=list(State).index),
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
    return pipeline, [(one, status_strip(one.newest(STRIP_DAYS).spans)) for one in found], fresh_until(found)
