"""Importing many SELECTs at once: uploaded files or pasted texts, each with what is said about it, saved together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from drawloom.frameworks.autodag.spec import DIALECTS
from drawloom.model import DrawloomError, InputError, Problem, refuse
from drawloom.run.advise import decode
from drawloom.run.project import Project
from drawloom.run.spec_files import save_spec_text
from drawloom.specs.fields import check_table
from drawloom.specs.validation import RuleError
from drawloom.web.audit import note
from drawloom.web.autodag import FIRST_UNTIL
from drawloom.web.autodag_form import UNTIL_DAY, Fields, take_header
from drawloom.web.autodag_panel import Panel, make_panel
from drawloom.web.context import Saver, TheSite, require_own_form
from drawloom.web.site import Patience
from drawloom.web.templating import render

router = APIRouter(prefix="/import")
MOST_FILES = 50
IMPORT_SECONDS = 60.0  # that all of them may take to be read


async def read_uploads(request: Request) -> list[tuple[str, bytes]]:
    """The names and contents of the files that were sent; a field without one is sent as an empty file."""
    sent = (await request.form()).getlist("files")
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
    texts: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for name, content in files:
        try:
            texts.append((name, decode(content, name)))
        except InputError as error:
            problems += error.problems
    texts += [("", text) for text in _split(pasted)]
    if len(texts) > MOST_FILES:
        problems += refuse("too-many", f"files == {len(texts)}, must be at most {MOST_FILES} at once.").problems
        texts = []
    if not texts and not problems:
        problems += refuse("empty", "There is no file and no text.").problems
    patience = Patience(IMPORT_SECONDS)
    panels = [make_panel(site, _fields(name, text, in_schema, shared), patience) for name, text in texts]
    return _page(request, site.project, panels, problems, shared, in_schema)


@router.post("/save")
def save_files(request: Request, site: TheSite, viewer: Saver, text: Annotated[list[str], Form()]) -> Response:
    """Save the specs that have no errors; the others are said."""
    saved: list[str] = []
    tables: list[str] = []
    problems: list[Problem] = []
    patience = Patience(IMPORT_SECONDS)
    for one in text[:MOST_FILES]:
        panel = make_panel(site, take_header(Fields(sql=one.replace("\r\n", "\n"))), patience)
        file = panel.draft.file
        if panel.blocked or panel.errors or not panel.step:
            problems += refuse("has-errors", f"{file} was not saved: it has errors.").problems
            continue
        try:
            save_spec_text(site.root, file, panel.text, "")
        except DrawloomError as error:
            problems += error.problems
            continue
        note(site.root, viewer.name, "save", file=file)
        saved.append(file)
        tables += [table for pipeline in panel.pipelines for table in pipeline.tables]
    return render(
        request, "imported.html", code=400 if problems else 200, saved=saved, tables=tables, problems=problems
    )


def _fields(name: str, text: str, schema: str, shared: Fields) -> Fields:
    """The form of one text: its header first, then what the name of its file says, then what is given for all."""
    sql = text.replace("\r\n", "\n")
    return take_header(replace(shared, table=_table_of(name, schema), sql=sql))


def _table_of(name: str, schema: str) -> str:
    """The table that a file's name means: core.orders.sql, or orders.sql in the schema that is given."""
    stem = PurePosixPath(name.replace("\\", "/")).name.removesuffix(".sql")
    table = stem if "." in stem else f"{schema.strip()}.{stem}"
    try:
        return check_table(table)
    except RuleError:
        return ""


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
) -> Response:
    schemas = Counter(table.partition(".")[0] for pipeline in project.pipelines for table in pipeline.tables)
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
    )
