"""The app: its routes, who may call them, and what is answered when something is wrong."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from drawloom.model import DrawloomError, InputError, Problem
from drawloom.web.context import SIGN_IN, OldForm, Web, require_viewer
from drawloom.web.gate import FORM_FIELD, Gate
from drawloom.web.headers import SecurityHeaders
from drawloom.web.hosts import KnownHosts
from drawloom.web.limits import BodyLimit
from drawloom.web.routes import PUBLIC_ROUTERS, ROUTERS
from drawloom.web.sign_in_first import SignInFirst
from drawloom.web.site import Site
from drawloom.web.starter import Starter
from drawloom.web.templating import render

PUBLIC = frozenset({"/sign-in"})
log = logging.getLogger(__name__)
DOCUMENTS = frozenset({"document", "iframe", "frame"})  # what a form is sent to; a script asks for something else
HIDDEN = frozenset({"began_from", "digest", "whole"})  # fields that nobody typed
CODES = {
    "unknown-name": 404,
    "no-partition": 404,
    "unknown-run": 404,
    "changed-file": 409,
    "name-exists": 409,
    "busy": 409,
}


class App(FastAPI):
    """An app all of whose answers have our headers, also those to what is refused or fails."""

    known_hosts: frozenset[str] = frozenset()

    def build_middleware_stack(self) -> ASGIApp:
        """The app within the checks of every request; what catches defects is inside of them, too."""
        inner = super().build_middleware_stack()
        return SecurityHeaders(KnownHosts(inner, self.known_hosts) if self.known_hosts else inner)


def create_app(site: Site, gate: Gate, *, hosts: Collection[str] = (), starter: Starter | None = None) -> FastAPI:
    """The UI of a project.

    Args:
        site: the project.
        gate: says who is looking and what they may do; no route answers anybody else.
        hosts: the names under which it may be asked for; any where something in front (such as Airflow) sees to that.
        starter: starts runs that people ask for; without it they only see what would run.
    """

    @asynccontextmanager
    async def close_at_the_end(_: FastAPI) -> AsyncIterator[None]:
        yield
        site.close()

    # The routes of FastAPI's own documentation do not ask who is looking: ours do.
    app = App(title="drawloom", openapi_url=None, docs_url=None, redoc_url=None, lifespan=close_at_the_end)
    app.known_hosts = frozenset(hosts)
    app.state.web = Web(site, gate, starter)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(require_viewer)])
    for router in PUBLIC_ROUTERS:
        app.include_router(router)
    app.add_middleware(BodyLimit)
    app.add_middleware(SignInFirst, gate=gate, public=PUBLIC, refuse=_ask_to_sign_in)
    app.add_exception_handler(DrawloomError, _explain)
    app.add_exception_handler(HTTPException, _explain_http)
    app.add_exception_handler(OldForm, _give_back)
    app.add_exception_handler(RequestValidationError, _explain_arguments)
    app.add_exception_handler(Exception, _explain_crash)
    return app


def _is_api(request: Request) -> bool:
    return request.url.path.removeprefix(request.scope.get("root_path", "")).startswith("/api/")


def _answer(request: Request, status: int, problems: list[Problem]) -> Response:
    """The problems as a page, or as JSON where a program asked."""
    if _is_api(request):
        return JSONResponse({"problems": [problem.to_json() for problem in problems]}, status)
    return render(request, "problem.html", code=status, title=HTTPStatus(status).phrase, problems=problems)


def _explain(request: Request, error: Exception) -> Response:
    """What drawloom itself refuses: 4xx for bad input, 500 for what failed when it ran."""
    assert isinstance(error, DrawloomError)
    code = error.problems[0].code if error.problems else ""
    return _answer(request, CODES.get(code, 400 if isinstance(error, InputError) else 500), list(error.problems))


def _explain_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        text = f"There is no page {request.url.path}."
    return _answer(request, error.status_code, [Problem("http", "error", text)])


def _ask_to_sign_in(request: Request) -> Response:
    return _explain_http(request, HTTPException(401, SIGN_IN))


async def _give_back(request: Request, error: Exception) -> Response:
    """A form that is too old, as a form of now with what was typed. Files are not given back: browsers do not take them."""
    if request.headers.get("sec-fetch-dest", "document") not in DOCUMENTS or _is_api(request):
        return _explain_http(request, error)
    form = await request.form()
    typed = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name != FORM_FIELD]
    files = [one.filename for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    shown = [(name, value) for name, value in typed if value.strip() and name not in HIDDEN]
    return render(request, "old_form.html", code=403, address=request.url.path, typed=typed, shown=shown, files=files)


def _explain_arguments(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [
        Problem(
            "bad-argument", "error", f"{'.'.join(map(str, one['loc'][1:]))} == {one.get('input')!r:.200}: {one['msg']}."
        )
        for one in error.errors()
    ]
    return _answer(request, 422, found)


def _explain_crash(request: Request, error: Exception) -> Response:
    """A defect of ours: the log has where, the page says that nothing was changed by showing it."""
    log.error("a page failed", exc_info=error)
    text = f"This page failed: {type(error).__name__}. What it was and where is in the log of the UI."
    return _answer(request, 500, [Problem("defect", "error", text)])
