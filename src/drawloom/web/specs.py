"""The page of all spec files: what each describes, who owns it, how it is, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from drawloom.model import Pipeline, errors
from drawloom.run.plan import State
from drawloom.run.spec_files import list_spec_files
from drawloom.web.context import TheSite
from drawloom.web.parameters import PageNumber
from drawloom.web.search import matches
from drawloom.web.site import Status
from drawloom.web.templating import render

router = APIRouter()
PAGE = 100  # files


@dataclass(frozen=True, slots=True)
class SpecFile:
    """One file with its pipelines, its errors, and how many partitions are in each state."""

    file: str
    pipelines: Sequence[Pipeline]
    errors: int
    states: Mapping[State, int]

    @property
    def owners(self) -> list[str]:
        """Who owns its pipelines."""
        return sorted({one.owner for one in self.pipelines if one.owner})

    @property
    def kinds(self) -> list[str]:
        """The kinds of its pipelines."""
        return sorted({one.kind for one in self.pipelines})

    def is_found(self, text: str, kind: str, owner: str) -> bool:
        """Whether a search finds it: by its file, or by what matters of one of its pipelines."""
        if not (kind or owner) and all(word in self.file.lower() for word in text.lower().split()):
            return True
        return any(matches(one, (*one.tables, self.file), text, owner, kind) for one in self.pipelines)


@router.get("/specs")
def list_specs(
    request: Request, site: TheSite, q: str = "", kind: str = "", owner: str = "", page: PageNumber = 1
) -> Response:
    """All spec files, those with errors first."""
    project = site.project
    wrong = errors(project.check())
    found = _files(list_spec_files(site.root), project.pipelines, Counter(one.where.file for one in wrong), site.status)
    names = {one.file for one in found}
    chosen = [one for one in found if one.is_found(q, kind, owner)]
    return render(
        request,
        "specs.html",
        files=chosen[(page - 1) * PAGE : page * PAGE],
        count=len(chosen),
        all=len(found),
        problems=[one for one in wrong if one.where.file not in names],
        q=q,
        kind=kind,
        kinds=sorted({one.kind for one in project.pipelines}),
        owner=owner,
        owners=sorted({one.owner for one in project.pipelines if one.owner}),
        page=page,
        size=PAGE,
    )


def _files(
    files: Sequence[str], pipelines: Sequence[Pipeline], wrong: Mapping[str | None, int], status: Status
) -> list[SpecFile]:
    """The files, those with errors first."""
    by_file: dict[str, list[Pipeline]] = {}
    for pipeline in pipelines:
        by_file.setdefault(pipeline.spec.file or "", []).append(pipeline)

    def states(of: Sequence[Pipeline]) -> Mapping[State, int]:
        tables = [status.tables[table] for one in of for table in one.tables if table in status.tables]
        return {state: n for state in State if (n := sum(table.counts.get(state, 0) for table in tables))}

    found = [SpecFile(one, by_file.get(one, []), wrong.get(one, 0), states(by_file.get(one, []))) for one in files]
    return sorted(found, key=lambda one: (-one.errors, one.file))
