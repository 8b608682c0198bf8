"""``drawloom ui``: the pages of a project in a browser."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Collection
from contextlib import closing
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.activity import Activity
from drawloom.cli.options import Folder, open_project
from drawloom.cli.output import console, pluralize
from drawloom.model import refuse

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from drawloom.web.export_names import ExportKind
    from drawloom.web.gate import Gate

PORT = 8400
STREAMS = 1  # seconds for open streams to end after Ctrl-C


def ui(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="The address to listen on; one of this machine only, without --proxy.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = PORT,
    read_only: Annotated[bool, typer.Option("--read-only", help="Let nobody save specs or run pipelines.")] = False,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="The address of a proxy that signs people in and names them in X-Forwarded-User."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="A name under which the proxy asks for it, such as ui.example.com.")
    ] = None,
    folder: Folder = None,
) -> None:
    """Open the pages of the project: what is fresh, what is late and why, how activity grows, what experiments say."""
    if context.invoked_subcommand:
        context.obj = folder or context.obj
        return
    _require_packages()
    import uvicorn

    from drawloom.web.app import create_app
    from drawloom.web.gate import LOOPBACK, TokenGate
    from drawloom.web.site import Site
    from drawloom.web.starter import LocalStarter

    root = open_project(context, folder).config.root
    if host not in LOOPBACK and not proxy:
        rule = "must be of this machine (127.0.0.1) unless a proxy signs people in"
        raise refuse("bad-host", f"host == {host!r}, {rule}.", None, "Add --proxy ADDRESS, or leave --host out.")
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    gate = make_gate(proxy or (), port, read_only=read_only)
    shown = f"[{host}]" if ":" in host else host
    out = console()
    address = f"http://{shown}:{port}/"
    out.print(
        f"{address}sign-in?token={gate.token}" if isinstance(gate, TokenGate) else address, markup=False, soft_wrap=True
    )
    out.print("Ctrl-C ends it.", style="dim")
    app = create_app(Site(root), gate, hosts={host, *LOOPBACK, *(name or ())}, starter=LocalStarter())
    uvicorn.Server(server_config(app)).run(sockets=[listener])


def export(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="The folder to write: a new one, or that of an earlier export.")],
    folder: Folder = None,
) -> None:
    """Write the pages as files, which any web server can serve to people who only look."""
    _require_packages()
    from drawloom.web.export_names import PAGES

    _write_pages(context, folder, target, PAGES)


def build_docs(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="The folder to write: a new one, or that of an earlier build.")],
    folder: Folder = None,
) -> None:
    """Write what the project is as pages that open without a server: tables, columns, lineage, SQL, checks, tests, a search."""
    _require_packages()
    from drawloom.web.export_names import DOCS

    _write_pages(context, folder, target, DOCS)
    console().print(f"Open {target / 'index.html'}", markup=False, soft_wrap=True)


def _write_pages(context: typer.Context, folder: Path | None, target: Path, kind: ExportKind) -> None:
    from drawloom.web.export import export_pages
    from drawloom.web.site import Site

    site = Site(open_project(context, folder).config.root)
    with closing(site), Activity() as activity:
        exported = export_pages(site, target, activity, kind)
    out = console()
    for address, why in exported.failed.items():
        out.print(f"left out {address}: {why}", markup=False)
    out.print(f"{pluralize(exported.files, 'file')} in {target}", markup=False)


def make_gate(proxies: Collection[str], port: int, *, read_only: bool) -> Gate:
    """Who says who is looking: the proxies, or without any the token that is printed.

    Raises:
        InputError: a proxy is no address.
    """
    from drawloom.web.gate import HeaderGate, TokenGate

    for proxy in proxies:
        try:
            ip_address(proxy)
        except ValueError:
            raise refuse("bad-proxy", f"proxy == {proxy!r:.100}, must be an address, such as 10.0.0.5.") from None
    nobody = () if read_only else None
    if proxies:
        return HeaderGate(proxies, savers=nobody, runners=nobody)
    # Browsers do not tell the ports of one host apart: two UIs need two cookies.
    return TokenGate(getpass.getuser(), read_only, cookie=f"drawloom-{port}")


def server_config(app: FastAPI) -> uvicorn.Config:
    """How it is served: addresses in headers are not believed, and headers are bounded, as h11 does."""
    import uvicorn

    config = uvicorn.Config(
        app, http="h11", ws="none", proxy_headers=False, log_level="warning", access_log=False, server_header=False
    )
    config.timeout_graceful_shutdown = STREAMS  # pages that follow a run would keep it open
    return config


def _require_packages() -> None:
    """Refuse to go on without the packages of the UI."""
    missing = [name for name in ("fastapi", "uvicorn", "python_multipart") if find_spec(name) is None]
    if missing:
        message = f"{missing[0]} is not installed; the UI needs it."
        raise refuse("no-ui", message, None, "Run pip install 'drawloom[ui]'; in a clone pip install '.[ui]'.")


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InputError: the port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # so that the address that is printed answers at once
    except OSError as error:
        listener.close()
        message = f"port == {port}, must be free on {host}: {error.strerror}."
        raise refuse("port-taken", message, None, "Give another --port; 0 takes a free one.") from error
    return listener
