"""``drawloom ui export`` and ``drawloom docs build``: pages as files, for people who only look. They need no server."""

from __future__ import annotations

import asyncio
import html
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message

from drawloom.model import RunError, refuse
from drawloom.web.app import create_app
from drawloom.web.docs import follow_columns
from drawloom.web.export_folder import ExportFolder
from drawloom.web.export_names import DOCS, PAGES, ExportKind
from drawloom.web.gate import Viewer
from drawloom.web.site import Site

PART = re.compile(r"/show/[^/]+/[^/]+")
LINKS = re.compile(r'(?P<key>href|src)="(?P<address>[^"]*)"')
ANCHOR = re.compile(r'<a [^>]*?href="(?P<address>/[^"]*)"[^>]*>(?P<text>.*?)</a>', re.DOTALL)
FORM = re.compile(r"<form .*?</form>", re.DOTALL)  # there is nobody to answer it
MOST_PAGES = 20_000


@dataclass(frozen=True, slots=True)
class ExportGate:
    """Lets the export in, which may only look."""

    kind: ExportKind

    def viewer(self, connection: HTTPConnection) -> Viewer | None:  # noqa: ARG002 - what a gate is asked
        """The export."""
        return Viewer("", "", is_export=True, is_docs=self.kind is DOCS)


@dataclass(frozen=True, slots=True)
class Exported:
    """How many files were written, and the pages that could not be, with why."""

    files: int
    failed: dict[str, str]


def export_pages(
    site: Site, folder: Path, report: Callable[[str], None] = lambda _: None, kind: ExportKind = PAGES
) -> Exported:
    """Write all pages that can be reached from the first one: each spec, table and choice of a page.

    Args:
        site: the project.
        folder: a new folder, an empty one, or one of an earlier export.
        report: called with how many files are written, and the next one.
        kind: which pages: those of the UI, or the documentation of the project.

    Raises:
        InputError: the folder has other files.
        RunError: there are too many pages.
    """
    target = ExportFolder(folder)
    if kind is DOCS:
        follow_columns(site.project, report)
    app = create_app(site, ExportGate(kind))
    waiting, seen, failed, done = deque([kind.start]), {kind.start}, {}, 0
    while waiting:
        address = waiting.popleft()
        done += 1
        report(f"{done:,} of {len(seen):,} files that are known so far: {address}")
        status, body = asyncio.run(_get(app, address))
        if status != 200:
            failed[address] = f"answered with {status}"
            continue
        if kind.file_of(address).endswith(".html"):
            text = body.decode()
            found = [one for one in _links(text, kind) if one not in seen]
            seen.update(found)
            new = list(dict.fromkeys(found))
            waiting.extendleft(one for one in new if _is_part(one))  # its charts and rows, while they are at hand
            waiting.extend(one for one in new if not _is_part(one))
            body = _as_file(text, address, kind).encode()
        if len(seen) > MOST_PAGES:
            raise RunError(refuse("too-many", f"pages == {len(seen):,}, must be at most {MOST_PAGES:,}.").problems[0])
        target.write(kind.file_of(address), body)
    target.finish()
    return Exported(len(seen) - len(failed), failed)


def _links(text: str, kind: ExportKind) -> Iterator[str]:
    """The addresses on a page that are exported, too."""
    for found in LINKS.finditer(text):
        address = urldefrag(html.unescape(found["address"])).url
        if kind.has(address):
            yield address


def _as_file(text: str, page: str, kind: ExportKind) -> str:
    """The page without forms, with addresses of files in the place of those of the app; what is not exported is no link."""
    here = Path(kind.file_of(page)).parent

    def keep_exported(found: re.Match[str]) -> str:
        return found[0] if kind.has(html.unescape(found["address"])) else found["text"]

    def make_relative(found: re.Match[str]) -> str:
        address, fragment = urldefrag(html.unescape(found["address"]))
        if not address.startswith("/"):
            return found[0]
        relative = os.path.relpath(kind.file_of(address), here).replace(os.sep, "/")
        return f'{found["key"]}="{html.escape(relative + (f"#{fragment}" if fragment else ""))}"'

    return LINKS.sub(make_relative, ANCHOR.sub(keep_exported, FORM.sub("", text)))


def _is_part(address: str) -> bool:
    """Whether it is a chart or the rows of a page."""
    return PART.fullmatch(urlsplit(address).path) is not None


async def _get(app: ASGIApp, address: str) -> tuple[int, bytes]:
    """What the app answers to one request of our own."""
    parts = urlsplit(address)
    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(b"host", b"export")],
        "server": ("export", 80),
        "client": None,
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }
    status, chunks = 0, []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(chunks)
