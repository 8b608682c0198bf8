"""Who is looking, and what they may do: view, save specs, run. One gate for each place where the UI lives."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from starlette.requests import HTTPConnection, Request

from drawloom.model import refuse

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
FORM_FIELD, FORM_HEADER = "form_token", "x-form-token"
FORWARDED_USER = "x-forwarded-user"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who may look. ``form_token`` is in every form that they are shown, and must come back with it."""

    name: str
    form_token: str
    may_save: bool = False
    may_run: bool = False
    is_script: bool = False  # signed in by a header that no browser sends by itself
    is_export: bool = False  # pages become files: they have no forms


class Gate(Protocol):
    """Says who is looking."""

    def viewer(self, connection: HTTPConnection) -> Viewer | None:
        """Who sent this request; None for somebody who may not look."""
        ...


@dataclass(slots=True)
class TokenGate:
    """Lets in whoever has the token that was printed when the UI began. They exchange it for a cookie."""

    user: str
    read_only: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    cookie: str = "drawloom"
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def viewer(self, connection: HTTPConnection) -> Viewer | None:
        """The owner of the token, by cookie or by ``Authorization: Bearer``."""
        session = self._session(connection.cookies.get(self.cookie, ""))
        script = self.is_token(connection.headers.get("authorization", "").removeprefix("Bearer "))
        if session is None and not script:
            return None
        may = not self.read_only
        return Viewer(self.user, self._sign(f"form:{session}"), may, may, is_script=session is None)

    def is_token(self, text: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(text.encode(), self.token.encode())

    def new_cookie(self) -> str:
        """The value of a cookie that lets in."""
        session = secrets.token_urlsafe(18)
        return f"{session}.{self._sign(session)}"

    def _session(self, value: str) -> str | None:
        session, _, signature = value.partition(".")
        return session if signature and hmac.compare_digest(signature, self._sign(session)) else None

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), sha256).hexdigest()


@dataclass(slots=True)
class HeaderGate:
    """Believes the name that a proxy in front gives, where the request comes from one of these proxies.

    ``savers`` and ``runners`` are the names that may save specs and run them; None is everybody.
    """

    proxies: Collection[str]
    savers: Collection[str] | None = None
    runners: Collection[str] | None = None
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def __post_init__(self) -> None:
        """Refuse to believe everybody."""
        if not self.proxies:
            raise refuse(
                "bad-proxy",
                "proxy == none, must be the address of the proxy that signs people in.",
                None,
                "Add --proxy 10.0.0.5.",
            )

    def viewer(self, connection: HTTPConnection) -> Viewer | None:
        """The user whom the proxy names."""
        name = connection.headers.get(FORWARDED_USER, "").strip()
        if not name or connection.client is None or connection.client.host not in self.proxies:
            return None
        form = hmac.new(self._secret, name.encode(), sha256).hexdigest()
        return Viewer(name, form, _among(name, self.savers), _among(name, self.runners))


def _among(name: str, names: Collection[str] | None) -> bool:
    return names is None or name in names


def is_from_here(request: Request, viewer: Viewer, given: str) -> bool:
    """Whether a request that changes something comes from a page of ours, and not from another site.

    The browser must say that it does (``Sec-Fetch-Site``, or ``Origin`` where a browser is too old for that), and the
    token of the form must be the viewer's.
    """
    if viewer.is_script:
        return True
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    same = site == "same-origin" if site else origin.partition("://")[2] == request.headers.get("host")
    return same and hmac.compare_digest(given.encode(), viewer.form_token.encode())
