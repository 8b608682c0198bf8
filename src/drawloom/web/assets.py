"""The style sheet and the script."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from drawloom.web.templating import STATIC

router = APIRouter(prefix="/static")
TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "json": "application/json",
    "txt": "text/plain",
}
YEAR = 365 * 86400


@router.get("/{path:path}")
def asset(path: str) -> Response:
    """A static file. Its address changes with its contents, so it may be kept."""
    found = STATIC
    for part in path.split("/"):
        if part in {"", ".", ".."} or not found.is_dir():
            raise HTTPException(404)
        found = found / part
    kind = TYPES.get(path.rpartition(".")[2])
    if kind is None or not found.is_file():
        raise HTTPException(404)
    headers = {"cache-control": f"private, max-age={YEAR}, immutable"}
    return Response(found.read_bytes(), media_type=kind, headers=headers)
