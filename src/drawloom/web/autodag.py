"""The editor of specs: paste a SELECT, see what it reads and what is wrong, save it. Texts are parsed here, and never run."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from drawloom.frameworks.autodag.renewal import renewed_until
from drawloom.frameworks.autodag.spec import DIALECTS
from drawloom.model import DrawloomError, InputError, Pipeline, Problem, refuse
from drawloom.run.broken_specs import BrokenText, broken_files
from drawloom.run.git import Git, branch_of, diff_text, find_git
from drawloom.run.project import Project
from drawloom.run.spec_files import list_spec_files, read_spec_text, save_spec_text, version_of
from drawloom.web.audit import noted
from drawloom.web.autodag_form import UNTIL_DAY, Fields, SentFields, fields_of_file, text_of
from drawloom.web.autodag_panel import Panel, make_panel, marked_diff
from drawloom.web.context import Saver, TheSite, find_site, require_own_form
from drawloom.web.draw.strips import status_strip
from drawloom.web.gate import Viewer
from drawloom.web.headers import policy
from drawloom.web.impact import Impact, impact_of
from drawloom.web.site import Site
from drawloom.web.templating import link, render

router = APIRouter()
SCHEDULES = ("@daily", "@weekly", "@monthly")
FIRST_UNTIL = timedelta(days=183)
EXPIRES_SOON = timedelta(days=14)
LISTED = 200


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a text was not saved, and how it differs from what is saved now."""

    problems: Sequence[Problem]
    difference: Sequence[tuple[str, str]]


@router.get("/autodag")
def new_spec(request: Request, site: TheSite) -> Response:
    """An empty form."""
    until = (date.today() + FIRST_UNTIL).isoformat()
    return _editor(request, make_panel(site, Fields(until=UNTIL_DAY, until_day=until)))


@router.get("/autodag/{name}")
def edit_spec(request: Request, site: TheSite, name: str) -> Response:
    """The form of a saved spec, by the name of its pipeline or a table that it fills."""
    return _editor(request, make_panel(site, fields_of_file(site, _file_of(site.project, name))))


@router.get("/specs/{file:path}")
def edit_file(request: Request, site: TheSite, file: str) -> Response:
    """The form of a spec file, also of one that is broken."""
    file = f"specs/{file}"
    if file not in list_spec_files(site.root):
        raise refuse("unknown-name", f"file == {file!r:.120}, must be a spec file.", None, "The page of specs has all.")
    return _editor(request, make_panel(site, fields_of_file(site, file)))


@router.post("/autodag", dependencies=[Depends(require_own_form)])
def check_spec(
    request: Request,
    site: TheSite,
    sent: SentFields,
    fix: Annotated[str, Form()] = "",
    sample: Annotated[str, Form()] = "",
) -> Response:
    """The same form, with what is said about it; with a problem fixed where that was asked, or with sample rows."""
    panel = make_panel(site, sent)
    if fix:
        fixed = panel.fixed(fix)
        if fixed is None:
            gone = refuse("changed-text", "The text has changed since: nothing was fixed.")
            return _editor(request, panel, Conflict(gone.problems, ()))
        panel = make_panel(site, replace(sent, sql=fixed))
    if sample:
        panel = _with_rows(site, panel)
    return _editor(request, panel)


@router.post("/autodag/analyze", dependencies=[Depends(require_own_form)])
def analyze_spec(request: Request, site: TheSite, sent: SentFields) -> Response:
    """What is said about a form, alone: for a script that shows it while somebody writes."""
    return render(request, "autodag_panel.html", **_panel_values(request, make_panel(site, sent)))


@router.post("/autodag/save")
def save_spec(
    request: Request,
    site: TheSite,
    viewer: Saver,
    sent: SentFields,
    anyway: Annotated[str, Form()] = "",
    commit: Annotated[str, Form()] = "",
) -> Response:
    """Write the spec file; the form again where that is refused."""
    panel = make_panel(site, sent)
    if panel.blocked or (panel.errors and not anyway) or not (sent.file or panel.step):
        why = "Nothing was saved: it has errors." + (
            "" if panel.blocked else " Mend them, or save it as it is on purpose."
        )
        return _editor(request, panel, Conflict(refuse("has-errors", why).problems, ()), code=400)
    file = panel.draft.file
    try:
        with noted(site.root, viewer.name, "save", file=file, version=version_of(panel.text)):
            save_spec_text(site.root, file, panel.text, sent.began_from)
    except InputError as error:
        now = read_spec_text(site.root, file)
        panel = make_panel(site, replace(sent, began_from=version_of(now)))
        shown = marked_diff(diff_text(now, text_of(sent, now), file))
        return _editor(request, panel, Conflict(error.problems, shown), code=409)
    site.deploy()
    made, problems = _commit(site, viewer, panel, sent) if commit else ("", ())
    if problems:
        return _saved(request, site, file, made, problems)
    return RedirectResponse(link(request, f"saved/{file}", {"commit": made}), 303)


@router.get("/saved/{file:path}")
def show_saved(request: Request, site: TheSite, file: str, commit: str = "") -> Response:
    """What was saved: the difference to the last commit, the state of its tables, when it runs next."""
    return _saved(request, site, file, commit if commit.isalnum() else "", ())


@router.post("/autodag/renew")
def renew_spec(request: Request, site: TheSite, viewer: Saver, sent: SentFields) -> Response:
    """Move the end of a spec's schedule by as long as it ran."""
    known = fields_of_file(site, sent.file)
    pipeline = _pipeline_of(site.project, sent.file)
    until = _renewal(site.project, pipeline)
    if pipeline is None or until is None or known.whole:
        raise refuse("not-renewable", f"{sent.file} has no end that could be moved here.", None, "Edit its text.")
    text = text_of(replace(known, until=UNTIL_DAY, until_day=until.isoformat()), read_spec_text(site.root, sent.file))
    with noted(site.root, viewer.name, "renew", file=sent.file, until=until.isoformat()):
        save_spec_text(site.root, sent.file, text, sent.began_from)
    site.deploy()
    return RedirectResponse(link(request, f"saved/{sent.file}"), 303)


def _editor(request: Request, panel: Panel, conflict: Conflict | None = None, code: int = 200) -> Response:
    """The page of the form. The editor of a script writes a style sheet, which needs a nonce."""
    project, nonce = panel.project, secrets.token_urlsafe(18)
    pipeline = _pipeline_of(project, panel.fields.file)
    return render(
        request,
        "autodag.html",
        code=code,
        headers={"content-security-policy": policy(nonce)},
        nonce=nonce,
        is_typed=request.method == "POST",
        conflict=conflict,
        dialects=DIALECTS,
        schedules=SCHEDULES,
        defaults=project.config.defaults,
        owners=sorted({one.owner for one in project.pipelines if one.owner}),
        saved_specs=[] if panel.fields.file else _autodags(project),
        git=find_git(project.config.root),
        branch=branch_of(panel.fields.table or "schema.table"),
        pipeline=pipeline,
        renewal=_renewal(project, pipeline) if pipeline and not panel.fields.whole else None,
        is_over=bool(pipeline and pipeline.until and pipeline.until < date.today()),
        **_panel_values(request, panel),
    )


def _panel_values(request: Request, panel: Panel) -> dict[str, Any]:
    known = {name.lower() for name in (*panel.project.compiled.names, *panel.project.compiled.families)}

    def href(table: str) -> str:
        return link(request, f"tables/{table}") if table.lower() in known else "#content"

    return {
        "panel": panel,
        "fields": panel.fields,
        "graph": panel.graph(href),
        "known": known,
        "impact": _impact(find_site(request), panel),
        "preview": panel.project.config.ui.allow_preview,
    }


def _impact(site: Site, panel: Panel) -> Impact | None:
    """What saving a change would do; None where nothing is changed, or it cannot be told."""
    if panel.errors or not panel.difference:
        return None
    return impact_of(site.status, panel.project.pipelines, panel.pipelines)


def _with_rows(site: Site, panel: Panel) -> Panel:
    """With the first rows of its SELECT, where the project allows reading them."""
    if not panel.project.config.ui.allow_preview:
        return replace(panel, sample_problem="Rows are not shown here: ui.allow_preview is false in drawloom.yml.")
    sql = next((text for dialect, text, _ in panel.rendered if dialect == "duckdb"), "")
    try:
        return replace(panel, sample_rows=site.read_rows(sql))
    except DrawloomError as error:
        return replace(panel, sample_problem=str(error))


def _commit(site: Site, viewer: Viewer, panel: Panel, sent: Fields) -> tuple[str, Sequence[Problem]]:
    """Commit what was saved on a branch of its own: the commit, or why there is none."""
    found = find_git(site.root)
    if isinstance(found, str):
        return "", refuse("git", f"{found} The file was saved and not committed.").problems
    name = panel.pipelines[0].name if panel.pipelines else sent.title
    try:
        message = f"{panel.draft.file} saved by {viewer.name}"
        return found.commit(panel.draft.file, panel.text, branch_of(name), viewer.name, message), ()
    except DrawloomError as error:
        return "", error.problems


def _saved(request: Request, site: Site, file: str, commit: str, problems: Sequence[Problem]) -> Response:
    project = site.project
    text = read_spec_text(site.root, file)
    if text is None:
        raise refuse("unknown-name", f"file == {file!r:.120}, must be a spec file.", None, "The page of specs has all.")
    found = find_git(site.root)
    pipeline = _pipeline_of(project, file)
    tables = site.status.tables
    return render(
        request,
        "autodag_saved.html",
        file=file,
        problems=[*problems, *(problem for problem in project.check() if problem.where.file == file)],
        difference_lines=marked_diff(diff_text(found.committed(file), text, file)) if isinstance(found, Git) else [],
        git=found,
        commit=commit,
        branch=branch_of(pipeline.name) if pipeline else "",
        pipeline=pipeline,
        states=[(tables[one], status_strip(tables[one].spans)) for one in pipeline.tables if one in tables]
        if pipeline
        else [],
        next_run=_next_run(project, pipeline) if pipeline else "",
    )


def _next_run(project: Project, pipeline: Pipeline) -> str:
    """Which day is filled next, in words."""
    end = project.history.end
    _, day = pipeline.schedule.interval(end + timedelta(days=1))
    if pipeline.until and day > pipeline.until:
        return f"none: it is scheduled until {pipeline.until}"
    if project.config.end:
        return f"none: the project ends on {project.config.end}, as drawloom.yml says"
    return f"fills {day}, once that day is over"


def _renewal(project: Project, pipeline: Pipeline | None) -> date | None:
    """The end to which a pipeline that is over, or soon will be, can be renewed."""
    if pipeline is None or pipeline.until is None or pipeline.until > date.today() + EXPIRES_SOON:
        return None
    return renewed_until(pipeline.start or project.history.start, pipeline.until, date.today())


def _pipeline_of(project: Project, file: str) -> Pipeline | None:
    return next((one for one in project.pipelines if file and one.spec.file == file), None)


def _autodags(project: Project) -> list[Pipeline]:
    found = [one for one in project.pipelines if one.kind == "autodag"]
    return sorted(found, key=lambda one: one.name)[:LISTED]


def _file_of(project: Project, name: str) -> str:
    """The spec file of a pipeline or a table.

    Raises:
        InputError: there is none, or it is written in Python, which would be run here.
    """
    unread = BrokenText(project.config.root, broken_files(project.check()))
    known = next((p.spec.file for p in project.pipelines if name in {p.name, *p.tables}), None)
    file = known or unread.file_of(name) or project.find(name).spec.file or ""
    if file.endswith(".py"):
        fix = "Edit it where it is: code that is saved here would be run."
        raise refuse("bad-file", f"{file} is written in Python, must be SQL or YAML to be edited here.", None, fix)
    return file
