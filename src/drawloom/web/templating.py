"""Templates: Jinja2 with everything escaped, and the few functions that they use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from drawloom.frameworks.page import DataColumn
from drawloom.frameworks.page_text import format_value
from drawloom.web.gate import FORM_FIELD, Viewer

STATIC = files("drawloom.web") / "static"
EXPORTED_MENU = ("", "partitions", "tables", "features", "anomalies")
DOCS_MENU = (("docs", "Tables"), ("macros", "Macros"))
MENU = (
    ("", "Home"),
    ("autodag", "AutoDAG"),
    ("partitions", "Partitions"),
    ("tables", "Tables"),
    ("features", "Features"),
    ("anomalies", "Anomalies"),
    ("runs", "Runs"),
)


class Html(HTMLResponse):
    """A page; names of files that are no text in UTF-8 are shown as far as they are."""

    def render(self, content: str) -> bytes:
        """The text in UTF-8."""
        return content.encode("utf-8", "backslashreplace")


@cache
def environment() -> Environment:
    """The environment of all templates."""
    made = Environment(
        loader=PackageLoader("drawloom.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "value": format_value,
        "count": lambda n: f"{n:,}",
        "size": size_text,
        "moment": moment_text,
        "data_columns": data_columns,
    }
    made.filters.update(filters)
    made.globals |= {"form_field": FORM_FIELD, "asset": asset, "anchor": anchor}
    return made


@cache
def asset(name: str) -> str:
    """The address of a static file: another one when its contents change, so that browsers may keep it."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"


def link(request: Request, path: str, query: Mapping[str, Any] | None = None) -> str:
    """The address of one of our pages, wherever the app is mounted."""
    given = {key: value for key, value in (query or {}).items() if value not in {None, ""}}
    root = request.scope.get("root_path", "")
    return f"{root}/{quote(path.lstrip('/'), safe='/', errors='replace')}" + (
        f"?{urlencode(given, doseq=True, errors='replace')}" if given else ""
    )


def render(
    request: Request, template: str, *, code: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """A page. Templates have ``url(path, **query)``, ``viewer`` and ``here`` (the path) besides what is given."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    text = (
        environment()
        .get_template(template)
        .render(
            url=lambda path, **query: link(request, path, query),
            static=lambda name: request.scope.get("root_path", "") + asset(name),
            viewer=viewer,
            menu=_menu(viewer),
            here=request.url.path.removeprefix(request.scope.get("root_path", "")).strip("/"),
            **values,
        )
    )
    return Html(text, code, headers)


def _menu(viewer: Viewer | None) -> Sequence[tuple[str, str]]:
    if viewer and viewer.is_docs:
        return DOCS_MENU
    return [one for one in MENU if not viewer or not viewer.is_export or one[0] in EXPORTED_MENU]


def anchor(kind: str, name: str) -> str:
    """The id of a part of a page that others link to, such as that of a column."""
    return re.sub(r"[^\w.-]+", "_", f"{kind}-{name}".lower())


def data_columns(names: Sequence[str]) -> list[DataColumn]:
    """Columns that show values as they are."""
    return [DataColumn(name) for name in names]


def size_text(size: float | None) -> str:
    """Bytes as people read them."""
    if size is None:
        return ""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def moment_text(at: datetime | date | None) -> str:
    """A moment in UTC, to the minute."""
    if isinstance(at, datetime):
        return f"{at:%Y-%m-%d %H:%M}"
    return at.isoformat() if at else ""
