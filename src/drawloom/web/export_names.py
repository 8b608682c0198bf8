"""Which pages become files in an export, and how these files are named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag, urlsplit

STATIC = r"static/[^?]+(\?.*)?"


@dataclass(frozen=True, slots=True)
class ExportKind:
    """The address of the first page, which becomes ``index.html``, and a pattern of all addresses that are exported."""

    start: str
    pattern: re.Pattern[str]

    def has(self, address: str) -> bool:
        """Whether an address, with what is chosen on its page, becomes a file."""
        return self.pattern.fullmatch(urldefrag(address).url) is not None

    def file_of(self, address: str) -> str:
        """The file of an address: its path, with the choices in the name."""
        parts = urlsplit(urldefrag(address).url)
        if parts.path == self.start and not parts.query:
            return "index.html"
        path = unquote(parts.path).strip("/")
        if path.startswith("static/") or path.endswith(".js"):
            return path
        name = re.sub(r"[^\w./-]+", "_", path or "index")
        query = re.sub(r"[^\w.-]+", "_", parts.query)
        stem, dot, kind = name.rpartition(".")
        if name.startswith("show/") and name.count("/") == 2 and dot:
            return f"{stem}--{query}.{kind}" if query else name
        return f"{name}--{query}.html" if query else f"{name}.html"


_SHOWN = "|problems|partitions|partitions/[^/?]+|tables|tables/[^/?]+|features|anomalies|macros|show/[^/?]+(/[^/?]+\\.(csv|svg|sql))?"
PAGES = ExportKind("/", re.compile(rf"/({_SHOWN})(\?.*)?|/{STATIC}"))
DOCS = ExportKind("/docs", re.compile(rf"/(docs|docs/search-index\.js|macros|tables/[^/?]+)|/{STATIC}"))
