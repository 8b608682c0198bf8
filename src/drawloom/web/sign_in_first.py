"""Whoever is not signed in is answered before anything of what they sent is read."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from drawloom.web.gate import Gate


class SignInFirst:
    """Lets only viewers through, and everybody to the addresses that are public."""

    def __init__(self, app: ASGIApp, gate: Gate, public: frozenset[str], refuse: Callable[[Request], Response]) -> None:
        self.app = app
        self.gate = gate
        self.public = public
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_asked = scope["type"] == "http" and _path(scope) not in self.public
        if is_asked and self.gate.viewer(HTTPConnection(scope)) is None:
            await self.refuse(Request(scope))(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _path(scope: Scope) -> str:
    """The path below where the app is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
