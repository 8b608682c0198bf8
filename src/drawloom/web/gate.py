"""Who is looking, and what they may do: view, save specs, run. One gate for each place where the UI lives."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
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
    is_docs: bool = False  # they are the documentation of the project: what it is, not what its data says


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
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        script = scheme.lower() == "bearer" and self.is_token(given)
        if session is None and not script:
            return None
        may = not self.read_only
        return Viewer(self.user, self._sign(f"form:{session}"), may, may, is_script=session is None)

    def is_token(self, text: str) -> bool:
        """Whether this is the token."""
        return _equal(text, self.token)

    def has_session(self, connection: HTTPConnection) -> bool:
        """Whether somebody has a cookie that lets in."""
        return self._session(connection.cookies.get(self.cookie, "")) is not None

    def new_cookie(self) -> str:
        """The value of a cookie that lets in."""
        session = secrets.token_urlsafe(18)
        return f"{session}.{self._sign(session)}"

    def _session(self, value: str) -> str | None:
        session, _, signature = value.partition(".")
        return session if signature and _equal(signature, self._sign(session)) else None

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, _bytes(text), sha256).hexdigest()


@dataclass(slots=True)
class HeaderGate:
    """Believes the name that a proxy in front gives, where the request comes from one of these proxies.

    ``savers`` and ``runners`` are the names that may save specs and run them; None is everybody.
    """

    proxies: Collection[str]
    savers: Collection[str] | None = None
    runners: Collection[str] | None = None
    _addresses: frozenset[str] = field(init=False)
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
        self._addresses = frozenset(map(_address, self.proxies))

    def viewer(self, connection: HTTPConnection) -> Viewer | None:
        """The user whom the proxy names."""
        if connection.client is None or _address(connection.client.host) not in self._addresses:
            return None
        name = _only_name(connection.headers.getlist(FORWARDED_USER))
        if name is None:
            return None
        form = hmac.new(self._secret, name.encode(), sha256).hexdigest()
        return Viewer(name, form, _among(name, self.savers), _among(name, self.runners))


def _address(text: str) -> str:
    """An address as it is compared: IPv4 within IPv6 is IPv4."""
    try:
        found = ip_address(text)
    except ValueError:
        return text
    return str(getattr(found, "ipv4_mapped", None) or found)


def _only_name(headers: Sequence[str]) -> str | None:
    """The name in the header, in UTF-8; None where there is none, or two: then somebody adds to what the proxy says."""
    try:
        (name,) = (header.encode("latin-1").decode().strip() for header in headers)
    except ValueError:
        return None
    return name if name and name.isprintable() else None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _equal(given: str, known: str) -> bool:
    """Whether they are equal, in a time that does not tell how far; texts that are not ASCII cannot be compared so."""
    return hmac.compare_digest(_bytes(given), _bytes(known))


def _among(name: str, names: Collection[str] | None) -> bool:
    return names is None or name in names


def is_from_here(request: Request, viewer: Viewer, given: str) -> bool:
    """Whether a request that changes something comes from a page of ours, and not from another site.

    The browser must say that it does, and the token of the form must be the viewer's.
    """
    if viewer.is_script:
        return True
    return is_same_origin(request) and _equal(given, viewer.form_token)


def is_same_origin(request: Request) -> bool:
    """Whether the browser says that a page of ours asked: ``Sec-Fetch-Site``, or ``Origin`` where it is too old for that."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    return site == "same-origin" if site else origin.partition("://")[2] == request.headers.get("host")
