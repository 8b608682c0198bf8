"""Connections to a Trino server by url, and the connectors of its catalogs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
import urllib3
from trino.auth import BasicAuthentication
from trino.dbapi import Connection

from drawloom.engines.catalog.errors import unreachable
from drawloom.engines.trino.client import Client
from drawloom.engines.trino.errors import error_name
from drawloom.model import Fix, Problem, RunError, refuse

CONNECTORS = ("hive", "iceberg")
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_TIMEOUTS = (10.0, 60.0)  # seconds to connect, and for a response; the server responds every second while a query runs
_ATTEMPTS = 5
_ONLY_PROPERTY = {"hive": "insert_existing_partitions_behavior", "iceberg": "merge_manifests_on_write"}


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a url."""

    host: str
    port: int
    user: str
    password: str | None
    catalog: str
    scheme: str
    verify: bool | str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Address({self})"


def connect(url: str, settings: Mapping[str, str] | None = None) -> Client:
    """A client of a Trino server; checks that the server answers and has the catalog.

    Args:
        url: ``trino://user@host:8080/catalog``; with a password, or ``?http_scheme=https``, over TLS;
            ``?verify=false`` does not check the certificate, ``?verify=/path`` names the authorities.
        settings: session properties by name.

    Raises:
        InputError: the url is malformed.
        RunError: the server does not answer, refuses the user, or has no such catalog.
    """
    address = parse(url)
    client = Client(str(address), address.catalog, partial(_connection, address, settings or {}))
    try:
        client.connector_names = _connector_names(client)
    except RunError as error:
        if error.problems[0].code != "engine-unreachable":
            raise
        cause = error.__cause__ or error
        raise RunError(unreachable("trino", str(address), cause, "to list its catalogs")) from error
    connector_name(client, address.catalog)
    return client


def connector_name(client: Client, catalog: str) -> str:
    """The connector of a catalog: hive or iceberg.

    Raises:
        RunError: the catalog does not exist, or has another connector.
    """
    found = client.connector_names.get(catalog)
    if found is None:
        names = ", ".join(sorted(client.connector_names))
        message = f"catalog == {catalog}, must be one of trino at {client.address}: {names}."
        raise RunError(Problem("unknown-catalog", "error", message))
    found = found or _guess_connector(client, catalog)
    if found not in CONNECTORS:
        fitting = ", ".join(sorted(name for name, one in client.connector_names.items() if one in CONNECTORS)) or "none"
        message = f"catalog == {catalog}, must be of the Hive or the Iceberg connector, not of {found or 'another'}."
        raise RunError(
            Problem("unknown-catalog", "error", message, fix=Fix(f"Catalogs with these connectors: {fitting}."))
        )
    return found


def parse(url: str) -> Address:
    """The parts of a url.

    Raises:
        InputError: it is malformed, or has no catalog.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _malformed("its port is not a number") from error
    options = dict(parse_qsl(parts.query))
    catalog = parts.path.strip("/").partition("/")[0].lower()
    if parts.scheme != "trino" or not parts.hostname or not catalog:
        raise _malformed(
            "it has no host, or no catalog" if parts.scheme == "trino" else "it does not begin with trino://"
        )
    if unknown := set(options) - {"http_scheme", "verify"}:
        raise _malformed(f"there is no option {min(unknown)}")
    password = unquote(parts.password) if parts.password else None
    scheme = options.get("http_scheme", "https" if password or port == 443 else "http")
    if scheme not in ("http", "https") or (password and scheme == "http"):
        raise _malformed("a password must go over https")
    return Address(
        parts.hostname,
        port or (443 if scheme == "https" else 8080),
        unquote(parts.username or "drawloom"),
        password,
        catalog,
        scheme,
        _verify(options.get("verify", "true")),
    )


def _verify(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.lower(), text)


def _malformed(why: str) -> Exception:
    message = f"engine url must be like trino://user@host:8080/catalog; {why}."
    return refuse("bad-url", message, None, "Set `engine: {kind: trino, url: ...}` in drawloom.yml.")


def _connection(address: Address, settings: Mapping[str, str], properties: Mapping[str, str]) -> Connection:
    session = requests.Session()
    session.verify = address.verify
    if address.host in _LOCAL_HOSTS:
        session.trust_env = False  # no proxy for this machine
    if address.verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    auth: Any = BasicAuthentication(address.user, address.password) if address.password else None
    return Connection(
        host=address.host,
        port=address.port,
        user=address.user,
        source="drawloom",
        catalog=address.catalog,
        session_properties={**settings, **properties},
        http_scheme=address.scheme,
        auth=auth,
        max_attempts=_ATTEMPTS,
        request_timeout=_TIMEOUTS,
        http_session=session,
        timezone="UTC",
    )


def _connector_names(client: Client) -> dict[str, str]:
    """The catalogs and their connectors; an empty string where this user may not see them."""
    try:
        rows = client.run("SELECT catalog_name, connector_name FROM system.metadata.catalogs").rows
    except RunError as error:
        if error.problems[0].code not in ("engine-denied", "engine-error") or error_name(error) == "CATALOG_NOT_FOUND":
            raise
        return {row[0]: "" for row in client.run("SHOW CATALOGS").rows}
    return {row[0]: row[1] or "" for row in rows}


def _guess_connector(client: Client, catalog: str) -> str:
    """The connector, recognized by a session property that only it has."""
    for found, setting in _ONLY_PROPERTY.items():
        if any(row[0] == f"{catalog}.{setting}" for row in client.run("SHOW SESSION").rows):
            return found
    return ""
