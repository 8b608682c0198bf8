"""Importing many SELECTs at once: uploaded files or pasted texts, each with what is said about it, saved together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from drawloom.frameworks.autodag.spec import DIALECTS
from drawloom.model import DrawloomError, Problem, refuse
from drawloom.run.project import Project
from drawloom.run.spec_files import save_spec_text, version_of
from drawloom.web.audit import noted
from drawloom.web.autodag import FIRST_UNTIL
from drawloom.web.autodag_form import UNTIL_DAY, Fields, take_header
from drawloom.web.autodag_panel import Panel, make_panels
from drawloom.web.context import Saver, TheSite, read_form, require_own_form
from drawloom.web.import_files import MOST_FILES, Text, read_files, table_of, unwrap
from drawloom.web.site import Patience
from drawloom.web.templating import render

router = APIRouter(prefix="/import")
IMPORT_SECONDS = 60.0  # that all of them may take to be read


async def read_uploads(request: Request) -> list[tuple[str, bytes]]:
    """The names and contents of the files that were sent; a field without one is sent as an empty file."""
    sent = (await read_form(request)).getlist("files")
    return [(one.filename, await one.read()) for one in sent if isinstance(one, UploadFile) and one.filename]


@router.get("")
def choose_files(request: Request, site: TheSite) -> Response:
    """The form for files and texts."""
    return _page(request, site.project, [], (), _shared())


@router.post("", dependencies=[Depends(require_own_form)])
def check_files(
    request: Request,
    site: TheSite,
    files: Annotated[list[tuple[str, bytes]], Depends(read_uploads)],
    pasted: Annotated[str, Form()] = "",
    in_schema: Annotated[str, Form()] = "",
    dialect: Annotated[str, Form()] = "",
    owner: Annotated[str, Form()] = "",
    until_day: Annotated[str, Form()] = "",
) -> Response:
    """Each file with what is said about it. Nothing is saved."""
    shared = Fields(until=UNTIL_DAY, until_day=until_day, dialect=dialect, owner=owner)
    texts, problems, ignored = read_files(files)
    texts += [unwrap(Text("", text)) for text in _split(pasted)]
    if len(texts) > MOST_FILES:
        problems += refuse("too-many", f"There are {len(texts)} texts, must be at most {MOST_FILES} at once.").problems
        texts = []
    if not texts and not problems:
        problems += refuse("empty", "There is no SQL: choose files that end in .sql, or paste a text.").problems
    panels = make_panels(site, [_fields(one, in_schema, shared) for one in texts], Patience(IMPORT_SECONDS))
    return _page(request, site.project, panels, problems, shared, in_schema, pasted, ignored)


@router.post("/save")
def save_files(
    request: Request, site: TheSite, viewer: Saver, text: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Save the chosen specs that have no errors; the others are said."""
    text = text or []
    saved: list[str] = []
    tables: list[str] = []
    problems: list[Problem] = []
    sent = [take_header(Fields(sql=one.replace("\r\n", "\n"))) for one in text[:MOST_FILES]]
    for panel in make_panels(site, sent, Patience(IMPORT_SECONDS)):
        file = panel.draft.file
        if panel.blocked or panel.errors or not panel.step:
            problems += refuse("has-errors", f"{file} was not saved: it has errors.").problems
            continue
        try:
            with noted(site.root, viewer.name, "save", file=file, version=version_of(panel.text)):
                save_spec_text(site.root, file, panel.text, "")
        except DrawloomError as error:
            problems += error.problems
            continue
        saved.append(file)
        tables += [table for pipeline in panel.pipelines for table in pipeline.tables]
    return render(
        request, "imported.html", code=400 if problems else 200, saved=saved, tables=tables, problems=problems
    )


def _fields(given: Text, schema: str, shared: Fields) -> Fields:
    """The form of one text: its header first, then the table that it or its file names, then what is given for all."""
    sql = given.text.replace("\r\n", "\n")
    return take_header(replace(shared, table=table_of(given, schema), sql=sql))


def _split(text: str) -> list[str]:
    """The texts that were pasted, divided by lines of three or more dashes and nothing else."""
    parts: list[list[str]] = [[]]
    for line in text.replace("\r\n", "\n").split("\n"):
        if len(line.strip()) >= 3 and not line.strip().strip("-"):
            parts.append([])
        else:
            parts[-1].append(line)
    return [part for lines in parts if (part := "\n".join(lines)).strip()]


def _shared() -> Fields:
    return Fields(until=UNTIL_DAY, until_day=(date.today() + FIRST_UNTIL).isoformat())


def _page(
    request: Request,
    project: Project,
    panels: Sequence[Panel],
    problems: Sequence[Problem],
    shared: Fields,
    schema: str = "",
    pasted: str = "",
    ignored: int = 0,
) -> Response:
    written = (pipeline for pipeline in project.pipelines if pipeline.kind == "autodag")
    schemas = Counter(table.partition(".")[0] for pipeline in written for table in pipeline.tables)
    usual = schemas.most_common(1)
    twice = {file for file, count in Counter(panel.draft.file for panel in panels).items() if count > 1}
    return render(
        request,
        "import.html",
        code=400 if problems else 200,
        panels=panels,
        twice=twice,
        good=[p for p in panels if not p.errors and not p.blocked and p.step and p.draft.file not in twice],
        problems=problems,
        shared=shared,
        schema=schema or (usual[0][0] if usual else "core"),
        dialects=DIALECTS,
        defaults=project.config.defaults,
        most=MOST_FILES,
        pasted=pasted,
        is_typed=request.method == "POST",
        ignored=ignored,
    )
