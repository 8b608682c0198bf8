"""The HTTP API: what the command line answers with ``--format json``, in the same shapes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field
from starlette.responses import Response

import drawloom
from drawloom.model import InputError, RunError, refuse
from drawloom.model.json_text import json_text
from drawloom.run.as_json import plan_json, status_json
from drawloom.run.background import RunRequest
from drawloom.run.draft import check_length
from drawloom.run.page_columns import page_with_columns
from drawloom.run.pages import load_page
from drawloom.sql.dialect import DIALECTS
from drawloom.web.context import Runner, TheSite, TheStarter, require_own_form
from drawloom.web.preview import may_read_rows
from drawloom.web.show import chosen
from drawloom.web.starter import start_run

router = APIRouter(prefix="/api", tags=["api"])
Names = Annotated[list[str] | None, Query(description="Pipelines, tables or selectors; all without.")]
Exclude = Annotated[list[str] | None, Query(description="Selectors of what to leave out.")]
First = Annotated[date | None, Query(alias="from", description="The first day.")]
Last = Annotated[date | None, Query(alias="to", description="The last day.")]
MAX_TEXT = 1_000_000  # characters


class Json(Response):
    """JSON that every reader understands: NaN and infinity are texts."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The text in UTF-8."""
        return json_text(content).encode("utf-8", "backslashreplace")  # names of files that are no text


class AdviseText(BaseModel):
    """A SQL text, and how it is read."""

    text: str = Field(max_length=MAX_TEXT)
    dialect: str | None = Field(None, max_length=50, description=f"one of {', '.join(DIALECTS)}")
    schedule: str | None = Field(None, max_length=100)
    target: str | None = Field(None, max_length=200, description="the table that it fills")


class RunText(BaseModel):
    """What to bring up to date; all pipelines without names, all days without dates."""

    names: list[str] = Field([], max_length=1000)
    exclude: list[str] = Field([], max_length=1000)
    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")
    upstream: bool = True
    force: bool = False


class QueryText(BaseModel):
    """One SELECT."""

    sql: str = Field(max_length=MAX_TEXT)


@router.get("/plan")
def plan(
    site: TheSite,
    names: Names = None,
    first: First = None,
    last: Last = None,
    *,
    upstream: bool = True,
    exclude: Exclude = None,
) -> Response:
    """What a run would write, and why: every partition with its state."""
    return Json(plan_json(site.project.plan(names or [], first, last, upstream=upstream, exclude=exclude or [])))


@router.get("/status")
def status(site: TheSite, names: Names = None, exclude: Exclude = None) -> Response:
    """The state of tables x days. Without names it is the one that the pages show, a few seconds old at most."""
    narrowed = names or exclude
    return Json(status_json(site.project.status(names or [], exclude or []) if narrowed else site.status.plan))


@router.get("/tables")
def tables(site: TheSite) -> Response:
    """All tables, with what they hold."""
    return Json([{name: getattr(info, name) for name in info.__slots__} for info in site.tables])


@router.get("/problems")
def problems(site: TheSite) -> Response:
    """Every problem of every spec."""
    return Json({"problems": [problem.to_json() for problem in site.project.check()]})


@router.get("/page/{name}")
def page(request: Request, site: TheSite, name: str) -> Response:
    """The page of a pipeline, a table or a family with all its rows, and the columns of its table. Query parameters are its choices."""
    page = load_page(site.project, name, chosen(request), raw=may_read_rows(site))
    return Json(page_with_columns(site.project, name, page))


@router.post("/advise", dependencies=[Depends(require_own_form)])
def advise(site: TheSite, given: AdviseText) -> Response:
    """What a text reads and writes, day by day, and what is wrong with it. It is parsed and never run."""
    check_length(given.text)
    options = {"dialect": given.dialect, "schedule": given.schedule, "target": given.target}
    return Json(site.advise(given.text, options))


@router.post("/run")
def run(site: TheSite, starter: TheStarter, viewer: Runner, given: RunText) -> Response:
    """Start a run where this app starts them, and answer which page follows it and how many partitions it writes."""
    names, exclude = tuple(given.names), tuple(given.exclude)
    wanted = RunRequest(names, given.first, given.last, upstream=given.upstream, force=given.force, exclude=exclude)
    plan = wanted.plan(site.project)
    return Json({"page": start_run(starter, site, wanted, plan, viewer.name), "partitions": len(plan.todo)})


@router.post("/query", dependencies=[Depends(require_own_form)])
def query(site: TheSite, given: QueryText) -> Response:
    """The first rows of one SELECT, where ``ui.allow_preview`` of drawloom.yml is true."""
    limits = site.project.config.ui
    if not limits.allow_preview:
        message = "ui.allow_preview == false, must be true for reading rows here."
        raise refuse("no-preview", message, None, "Set it in drawloom.yml, or use `drawloom query`.")
    try:
        found = site.read_rows(given.sql)
    except RunError as error:
        if error.problems[0].code == "busy":
            raise
        raise InputError(*error.problems) from error  # it is the query that fails, and nothing of ours
    return Json({"columns": found.columns, "rows": found.rows, "more": found.more})


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> Response:
    """The description of this API."""
    made = get_openapi(title="drawloom", version=drawloom.__version__, routes=router.routes)
    root = request.scope.get("root_path", "")
    return Json({**made, "servers": [{"url": root or "/"}]})
