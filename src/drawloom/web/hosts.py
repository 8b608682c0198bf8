"""The names under which the UI may be asked for: other sites could have their own name lead here."""

from __future__ import annotations

from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class KnownHosts:
    """Answers requests with one ``Host``, which is one of these names, with or without a port; refuses others."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            given = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]
            if len(given) != 1 or host_of(given[0]) not in self.hosts:
                text = f"host == {', '.join(given)!r:.120}, must be one of {', '.join(sorted(self.hosts))}."
                await PlainTextResponse(text, 400)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def host_of(text: str) -> str:
    """The name in a ``Host``, in lower case and without its port; of IPv6 without brackets. Empty where it is none."""
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        port = port.removeprefix(":") if bracket and port[:1] in {"", ":"} else "none"
    else:
        name, _, port = text.partition(":")
    return name.lower() if not port or (port.isascii() and port.isdigit()) else ""
