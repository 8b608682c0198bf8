"""The documentation of the project, which `drawloom docs build` writes: its first page, and what its search finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from drawloom.run.project import Project
from drawloom.run.step_columns import saved_lineage
from drawloom.web.context import TheSite, TheViewer
from drawloom.web.export_names import DOCS
from drawloom.web.macros import MacroView, view_macros
from drawloom.web.site import Site
from drawloom.web.tables import TableView, view_table
from drawloom.web.templating import anchor, render

router = APIRouter()


def require_docs(viewer: TheViewer) -> None:
    """Only the export of the documentation has these pages: they read where all columns of a project come from.

    Raises:
        HTTPException: somebody else asks (404).
    """
    if not viewer.is_docs:
        raise HTTPException(404)


def follow_columns(project: Project, report: Callable[[str], None]) -> None:
    """Find out where the columns of all tables come from, which the pages of the documentation need; the long part of it."""
    steps = [(pipeline, step) for pipeline in project.pipelines for step in pipeline.steps]
    for number, (pipeline, step) in enumerate(steps, 1):
        report(f"columns of {number:,} of {len(steps):,} tables: {step.into.name}")
        saved_lineage(project, pipeline, step)


@router.get("/docs", dependencies=[Depends(require_docs)])
def show_docs(request: Request, site: TheSite) -> Response:
    """All tables by schema, and who owns and what is tagged how."""
    views = _views(site)
    schemas: dict[str, list[TableView]] = {}
    for view in views:
        schemas.setdefault(view.info.table.partition(".")[0], []).append(view)
    owners: dict[str, list[str]] = {}
    for view in views:
        owners.setdefault(view.info.owner, []).append(view.info.table)
    return render(
        request,
        "docs.html",
        project=site.project,
        schemas=schemas,
        count=len(views),
        columns=sum(len(view.columns) for view in views),
        undescribed=[view.info.table for view in views if not view.description],
        owners=dict(sorted(owners.items())),
        tags=_tags(views),
        written=datetime.now(UTC),
    )


@router.get("/docs/search-index.js", dependencies=[Depends(require_docs)])
def search_index(site: TheSite) -> Response:
    """What the search finds, as a script: a page that is opened from a folder may read no other file."""
    entries = [entry for view in _views(site) for entry in _entries(view)]
    entries += [_macro_entry(macro) for macro in view_macros(site.project)]
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    return Response(f"globalThis.drawloomIndex={text};\n", media_type="text/javascript")


def _views(site: Site) -> list[TableView]:
    return [view_table(site, info.table, origins=True) for info in site.tables]


def _entries(view: TableView) -> Iterator[Sequence[str]]:
    """Of a table and of its columns: what it is, its name, its description, other words to find it by, and its file."""
    file, info = DOCS.file_of(f"/tables/{view.info.table}"), view.info
    yield "table", info.table, view.description, " ".join([info.kind, info.owner, info.family, *info.tags]), file
    for column in view.columns:
        name = f"{info.table}.{column.name}"
        yield (
            "column",
            name,
            column.description,
            " ".join([column.type, *column.tags]),
            f"{file}#{anchor('column', column.name)}",
        )


def _macro_entry(macro: MacroView) -> Sequence[str]:
    signature = macro.signature
    file = f"{DOCS.file_of('/macros')}#{anchor('macro', signature.name)}"
    return "macro", signature.name, signature.description, signature.text, file


def _tags(views: Sequence[TableView]) -> dict[str, list[tuple[str, str]]]:
    """Tag -> tables and columns that have it, each with the table that it is on and the id there."""
    found: dict[str, list[tuple[str, str]]] = {}
    for view in views:
        for tag in view.info.tags:
            found.setdefault(tag, []).append((view.info.table, ""))
        for column in view.columns:
            for tag in column.tags:
                found.setdefault(tag, []).append((view.info.table, column.name))
    return dict(sorted(found.items()))
