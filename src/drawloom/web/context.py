"""What every route has: the project, who is looking, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from drawloom.web.gate import FORM_FIELD, FORM_HEADER, Gate, Viewer, is_from_here, is_same_origin
from drawloom.web.site import Site
from drawloom.web.starter import Starter

SIGN_IN = "Open the address that `drawloom ui` printed, or sign in where this page is served."


class OldForm(HTTPException):
    """A form of ours from before its sender signed in again: it may be sent once more by hand, with what was typed."""


@dataclass(frozen=True, slots=True)
class Web:
    """The project and the gate of one app, and what starts runs for it, where anything does."""

    site: Site
    gate: Gate
    starter: Starter | None = None


def find_web(connection: HTTPConnection) -> Web:
    """The project and the gate of the app that was asked."""
    found: Web = connection.app.state.web
    return found


def find_site(request: Request) -> Site:
    """The project of the app that was asked."""
    return find_web(request).site


def find_starter(request: Request) -> Starter | None:
    """What starts runs for the app that was asked."""
    return find_web(request).starter


def require_viewer(connection: HTTPConnection) -> Viewer:
    """Who is looking.

    Raises:
        HTTPException: nobody whom the gate lets in (401).
    """
    viewer = find_web(connection).gate.viewer(connection)
    if viewer is None:
        raise HTTPException(401, SIGN_IN)
    connection.state.viewer = viewer
    return viewer


async def read_form(request: Request) -> FormData:
    """What was sent as a form.

    Raises:
        HTTPException: it cannot be read, as what it says of its letters or parts is wrong (400).
    """
    try:
        return await request.form()
    except (LookupError, ValueError) as error:
        raise HTTPException(400, f"The form that was sent cannot be read: {error}.") from error


async def require_own_form(request: Request) -> Viewer:
    """Who sent a form of ours.

    Raises:
        OldForm: it is older than the sign-in (403).
        HTTPException: another site sent it (403).
    """
    viewer = require_viewer(request)
    given = request.headers.get(FORM_HEADER) or str((await read_form(request)).get(FORM_FIELD, ""))
    if is_from_here(request, viewer, given):
        return viewer
    if given and is_same_origin(request):
        raise OldForm(403, "This form is older than your sign-in.")
    raise HTTPException(403, "This form was not sent by a page of this app. Open the page again.")


def require_saver(viewer: Annotated[Viewer, Depends(require_own_form)]) -> Viewer:
    """Who sent a form of ours and may save specs.

    Raises:
        HTTPException: they may not (403).
    """
    if not viewer.may_save:
        raise HTTPException(403, f"{viewer.name} may look, but not save specs.")
    return viewer


def require_runner(viewer: Annotated[Viewer, Depends(require_own_form)]) -> Viewer:
    """Who sent a form of ours and may run pipelines.

    Raises:
        HTTPException: they may not (403).
    """
    if not viewer.may_run:
        raise HTTPException(403, f"{viewer.name} may look, but not run pipelines.")
    return viewer


TheSite = Annotated[Site, Depends(find_site)]
TheStarter = Annotated[Starter | None, Depends(find_starter)]
TheViewer = Annotated[Viewer, Depends(require_viewer)]
Saver = Annotated[Viewer, Depends(require_saver)]
Runner = Annotated[Viewer, Depends(require_runner)]
