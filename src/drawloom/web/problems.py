"""All problems of the specs, by file."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter, Request
from starlette.responses import Response

from drawloom.model import Problem
from drawloom.web.context import TheSite
from drawloom.web.templating import render

router = APIRouter()


@router.get("/problems")
def list_problems(request: Request, site: TheSite) -> Response:
    """The problems of each file, the broken files first."""
    found = sorted(site.project.check(), key=_file)
    files = [(file, list(problems)) for file, problems in groupby(found, key=_file)]
    files.sort(key=lambda pair: all(problem.severity != "error" for problem in pair[1]))
    return render(request, "problems.html", files=files, count=len(found))


def _file(problem: Problem) -> str:
    return problem.where.file or "drawloom.yml"
