"""The page of macros: what each takes and gives, what it is for, and who uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from drawloom.model import Where
from drawloom.run.compile_project import macros_in
from drawloom.run.project import Project
from drawloom.sql.template.signatures import Signature
from drawloom.web.context import TheSite
from drawloom.web.templating import render

router = APIRouter()


@dataclass(frozen=True, slots=True)
class MacroView:
    """One macro as the page shows it. ``tables`` are those whose texts use it, ``macros`` the macros that name it."""

    signature: Signature
    source: str
    where: Where
    tables: Sequence[str]
    macros: Sequence[str]


@router.get("/macros")
def show_macros(request: Request, site: TheSite) -> Response:
    """All macros of the project."""
    return render(request, "macros.html", macros=view_macros(site.project))


def view_macros(project: Project) -> list[MacroView]:
    """The macros of a project by name, with their users."""
    known = project.compiled.macros
    uses = {step.into.name: macros_in(known, step) for p in project.pipelines for step in p.steps}
    names = {name: known.names_in(source, deep=False) - {name} for name, source in known.sources.items()}
    return [
        MacroView(
            known.signatures[name],
            known.sources[name],
            known.places[name],
            sorted(table for table, used in uses.items() if name in used),
            sorted(other for other, used in names.items() if name in used),
        )
        for name in sorted(known.sources)
    ]
