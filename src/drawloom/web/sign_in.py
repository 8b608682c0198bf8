"""Signing in with the printed token: it is exchanged for a cookie, so that it stays in no address."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from drawloom.web.context import TheViewer, find_web
from drawloom.web.gate import TokenGate, is_same_origin
from drawloom.web.templating import link

router = APIRouter()


@router.get("/sign-in")
def sign_in(request: Request, token: str = "") -> Response:
    """Take the token, give the cookie unless there is one, go to the first page.

    Raises:
        HTTPException: it is not the token, or no token is needed here.
    """
    gate = find_web(request).gate
    if not isinstance(gate, TokenGate):
        raise HTTPException(404)
    if not gate.is_token(token):
        raise HTTPException(
            401, "This token is not that of the running UI. Open the address that `drawloom ui` printed last."
        )
    answer = RedirectResponse(link(request, ""), 303)
    if gate.has_session(request):
        return answer  # forms that are open belong to it
    secure = request.url.scheme == "https"
    answer.set_cookie(
        gate.cookie,
        gate.new_cookie(),
        httponly=True,
        samesite="strict",
        secure=secure,
        path=request.scope.get("root_path") or "/",
    )
    return answer


@router.get("/form-token")
def form_token(request: Request, viewer: TheViewer) -> Response:
    """The token that forms need now, for the script of a page that was open when its viewer signed in again.

    Raises:
        HTTPException: another site asks.
    """
    if not is_same_origin(request):
        raise HTTPException(403, "Only pages of this app have forms of this app.")
    return PlainTextResponse(viewer.form_token)
