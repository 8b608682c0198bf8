"""The page of all features: a search over every set."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from drawloom.run.features.find import find_features
from drawloom.web.context import TheSite
from drawloom.web.parameters import PageNumber
from drawloom.web.templating import render

router = APIRouter()
PAGE = 100  # features


@router.get("/features")
def list_features(request: Request, site: TheSite, q: str = "", page: PageNumber = 1) -> Response:
    """All features, searchable by name, definition, description, entity, source and owner."""
    found = find_features(site.project, q)
    shown = found[(page - 1) * PAGE : page * PAGE]
    return render(request, "features.html", features=shown, count=len(found), q=q, page=page, size=PAGE)
