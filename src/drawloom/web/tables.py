"""The pages of tables: all of them, one with what it is made of and who reads it, and SELECTs where they are allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from drawloom.engines import quote
from drawloom.model import DrawloomError, Pipeline, Problem, Step, refuse
from drawloom.run.column_notes import with_notes
from drawloom.run.compile_project import macros_in
from drawloom.run.console import Rows
from drawloom.run.spec_files import editable_file
from drawloom.run.step_columns import ColumnRow, column_rows, column_users, known_columns, saved_lineage
from drawloom.run.table_graph import TableGraph, neighbourhood, readers_of
from drawloom.run.table_list import TableInfo
from drawloom.run.unit_tests.load import Loaded
from drawloom.sql.column_lineage import ColumnLineage
from drawloom.web.context import TheSite, TheViewer, require_own_form
from drawloom.web.draw.lineage import MOST_NODES, draw_graph
from drawloom.web.draw.strips import status_strip
from drawloom.web.parameters import PageNumber
from drawloom.web.preview import require_preview
from drawloom.web.site import Site
from drawloom.web.templating import link, render

router = APIRouter()
PAGE = 100  # tables
SAMPLE = 20  # rows
STRIP_DAYS = 60


@dataclass(frozen=True, slots=True)
class TableView:
    """One table as its page shows it. ``tests`` are the unit tests that expect rows of it."""

    info: TableInfo
    pipeline: Pipeline | None
    step: Step | None
    columns: Sequence[ColumnRow]
    description: str
    keep: str
    lineage: ColumnLineage | None
    tests: Sequence[Loaded]


@router.get("/tables")
def list_tables(request: Request, site: TheSite, q: str = "", kind: str = "", page: PageNumber = 1) -> Response:
    """All tables, searchable by name, owner, tag and kind."""
    found = site.tables
    kinds = sorted({info.kind for info in found})
    words = q.lower().split()
    chosen = [
        i
        for i in found
        if kind in {"", i.kind} and all(w in " ".join([i.table, i.owner, i.pipeline, *i.tags]).lower() for w in words)
    ]
    shown = chosen[(page - 1) * PAGE : page * PAGE]
    return render(
        request,
        "tables.html",
        stats=[pipeline.name for pipeline in site.project.pipelines if pipeline.kind == "stats"],
        has_macros=bool(site.project.compiled.macros.sources),
        tables=shown,
        count=len(chosen),
        q=q,
        kind=kind,
        kinds=kinds,
        page=page,
        size=PAGE,
    )


@router.get("/tables/{name}")
def show_table(
    request: Request,
    site: TheSite,
    viewer: TheViewer,
    name: str,
    hops: Annotated[int, Query(ge=1, le=9)] = 1,
    *,
    origins: bool = False,
) -> Response:
    """One table. Where its columns come from is found out if it is asked for, or people wrote its SQL: others is long."""
    project = site.project
    view = view_table(site, name, origins=origins or viewer.is_docs)
    table = view.info.table
    graph = neighbourhood(project.pipelines, table, hops)
    status = site.status.tables.get(table)
    return render(
        request,
        "table.html",
        view=view,
        table=table,
        status=status,
        strip=status_strip(status.newest(STRIP_DAYS).spans) if status else "",
        readers=readers_of(project.pipelines, table),
        graph=_drawn(request, graph, table),
        listed=sorted(graph.distances, key=lambda one: (graph.distances[one], one))
        if len(graph.distances) > MOST_NODES
        else [],
        distances=graph.distances,
        hops=hops,
        has_more=bool(graph.hidden),
        sample=_sample(site, view),
        columns=view.columns,
        users=column_users(project) if viewer.is_docs else None,
        file=editable_file(view.pipeline),
        macros=sorted(macros_in(project.compiled.macros, view.step)) if view.step else [],
        known={one.table for one in site.tables},
        preview=project.config.ui.allow_preview,
    )


@router.get("/query")
def show_console(request: Request, site: TheSite, sql: str = "") -> Response:
    """A text area for one SELECT. Opening it runs nothing."""
    return _console(request, site, sql, None, [])


@router.post("/query", dependencies=[Depends(require_own_form)])
def run_query(request: Request, site: TheSite, sql: Annotated[str, Form()] = "") -> Response:
    """The first rows of one SELECT, where drawloom.yml allows that."""
    require_preview(site)
    try:
        return _console(request, site, sql, site.read_rows(sql), [])
    except DrawloomError as error:
        return _console(request, site, sql, None, error.problems)


def _console(request: Request, site: Site, sql: str, rows: Rows | None, problems: Sequence[Problem]) -> Response:
    return render(
        request,
        "query.html",
        code=400 if problems else 200,
        sql=sql,
        rows=rows,
        problems=problems,
        limits=site.project.config.ui,
    )


def view_table(site: Site, name: str, *, origins: bool) -> TableView:
    """What is known of a table, with where its columns come from if that is asked for or quickly found.

    Raises:
        InputError: there is none of this name.
    """
    project = site.project
    info = next((one for one in site.tables if one.table.lower() == name.lower()), None)
    if info is None:
        message = f"table == {name!r}, must be a table of this project."
        raise refuse("unknown-name", message, None, "The page of tables lists all of them.")
    pipeline = next((p for p in project.pipelines if info.table in p.tables), None)
    step = pipeline.tables[info.table] if pipeline else None
    source = project.config.sources.get(info.table)
    description = (step.into.description or pipeline.description if step and pipeline else "") or (
        source.description if source else ""
    )
    columns = known_columns(project, info.table)
    frameworks = project.compiled.frameworks
    origins = origins or bool(pipeline and frameworks[pipeline.kind].user_writes_sql)
    lineage = saved_lineage(project, pipeline, step) if pipeline and step and origins else None
    tests = [one for one in site.unit_tests if info.table.lower() in {table.lower() for table in one.test.expect}]
    rows = with_notes(project, info.table, column_rows(lineage, columns))
    return TableView(info, pipeline, step, rows, description, _keep(step), lineage, tests)


def _keep(step: Step | None) -> str:
    """How long partitions are kept, in words."""
    if step is None:
        return "as long as whoever writes it keeps it"
    if step.into.keep is None:
        return "for ever"
    ends = ", ends of months for ever" if step.into.keep_month_ends else ""
    return f"{step.into.keep} days{ends}"


def _drawn(request: Request, graph: TableGraph, table: str) -> object:
    if not 1 < len(graph.distances) <= MOST_NODES:
        return ""
    return draw_graph(graph, table, lambda one: link(request, f"tables/{one}"))


def _sample(site: Site, view: TableView) -> tuple[Rows | None, str]:
    """The first rows of the newest partition where that is allowed, or why there are none."""
    if not site.project.config.ui.allow_preview:
        return None, "Rows are not shown here: ui.allow_preview is false in drawloom.yml."
    schema, _, table = view.info.table.partition(".")
    where = f" WHERE ds = (SELECT max(ds) FROM {quote.dotted((schema, table))})" if view.info.last else ""
    try:
        return site.read_rows(f"SELECT * FROM {quote.dotted((schema, table))}{where} LIMIT {SAMPLE}"), ""
    except DrawloomError as error:
        return None, str(error)
