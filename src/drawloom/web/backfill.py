"""The page of backfills: a range, what would run and what that costs, the question whether to run it, and the start."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from drawloom.model import InputError, refuse
from drawloom.run.as_json import by_table
from drawloom.run.background import RunRequest
from drawloom.run.background.request import plan_digest
from drawloom.run.plan import Plan, State
from drawloom.run.plan_cost import cost_of
from drawloom.run.spans import find_spans
from drawloom.web.context import Runner, TheSite, TheStarter
from drawloom.web.parameters import Day
from drawloom.web.site import Site
from drawloom.web.starter import start_run
from drawloom.web.templating import link, render

router = APIRouter(prefix="/backfill")
TABLES = 60  # on a page
SPANS = 4  # of each table
NAMES = 2000  # that the form offers


class Asked(BaseModel):
    """The fields of the form. ``name`` may be several names or selectors with spaces between them; without one it is all pipelines."""

    name: str = Field("", max_length=10_000)
    first: Day = Field(None, alias="from")
    last: Day = Field(None, alias="to")
    only: bool = False
    force: bool = False
    show: bool = False

    @property
    def request(self) -> RunRequest:
        """What is asked for."""
        names = tuple(re.sub(r",\s", " ", self.name).split())  # a comma without space is that of a selector
        return RunRequest(names, self.first, self.last, upstream=not self.only, force=self.force)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields as an address or another form has them."""
        given = {"name": self.name, "from": self.first, "to": self.last}
        return given | {"only": "1" if self.only else "", "force": "1" if self.force else ""}


class Confirmed(Asked):
    """The fields of the question, with what the plan was when it was asked."""

    digest: str = Field("", max_length=100)
    form_token: str = ""


@router.get("")
def show_backfill(request: Request, site: TheSite, starter: TheStarter, asked: Annotated[Asked, Query()]) -> Response:
    """The form, and what would run."""
    shown: dict[str, Any] = {"plan": None, "problems": []}
    if asked.name or asked.show:
        try:
            _check_range(asked)
            shown |= _what(site, asked.request)
        except InputError as error:
            shown["problems"] = error.problems
    names = sorted({name for pipeline in site.project.pipelines for name in (pipeline.name, *pipeline.tables)})
    code = 400 if shown["problems"] else 200
    history = site.project.history
    return render(
        request, "backfill.html", code=code, asked=asked, names=names[:NAMES], history=history, starter=starter, **shown
    )


@router.get("/confirm")
def ask(request: Request, site: TheSite, starter: TheStarter, asked: Annotated[Asked, Query()]) -> Response:
    """The question whether to run it."""
    _check_range(asked)
    return _question(request, asked, starter, _what(site, asked.request), changed=False)


@router.post("")
def start(
    request: Request, site: TheSite, starter: TheStarter, viewer: Runner, asked: Annotated[Confirmed, Form()]
) -> Response:
    """Start it, unless it would write something else than what was confirmed."""
    wanted = asked.request
    plan = wanted.plan(site.project)
    if starter and plan_digest(plan) != asked.digest:
        return _question(request, asked, starter, _what(site, wanted, plan), changed=True)
    address = start_run(starter, site, wanted, plan, viewer.name)
    return RedirectResponse(address if "://" in address else link(request, address), 303)


def _check_range(asked: Asked) -> None:
    """Refuse a range that ends before it begins.

    Raises:
        InputError: it does.
    """
    if asked.first and asked.last and asked.first > asked.last:
        message = f"from == {asked.first}, must not be after to == {asked.last}."
        raise refuse("bad-range", message, None, "Exchange the two days.")


def _question(request: Request, asked: Asked, starter: object, what: dict[str, Any], *, changed: bool) -> Response:
    code = 409 if changed else 200
    return render(request, "backfill_confirm.html", code=code, asked=asked, starter=starter, changed=changed, **what)


def _what(site: Site, wanted: RunRequest, plan: Plan | None = None) -> dict[str, Any]:
    """What a request would write, and what that costs.

    Raises:
        InputError: a name is unknown or its spec has an error, or the days lie outside the history.
    """
    plan = plan or site.plan(wanted)
    waiting = by_table(plan.waiting)
    return {
        "plan": plan,
        "wanted": wanted,
        "cost": cost_of(plan, site.status.snapshot),
        "digest": plan_digest(plan),
        "fresh": sum(partition.state is State.FRESH for partition in plan.partitions),
        "waiting": len(plan.waiting),
        "why_waiting": [(table, span) for table, found in waiting[:SPANS] for span in find_spans(found)[:SPANS]],
        "tables": TABLES,
        "spans": SPANS,
    }
