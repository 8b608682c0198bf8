"""The page of alerts: what is odd, the worst first, and buttons to say something of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from drawloom.run.anomalies.incidents import MUTE_DAYS, answer, find_incidents
from drawloom.run.anomalies.watched import anomaly_specs
from drawloom.web.audit import noted
from drawloom.web.context import Saver, TheSite
from drawloom.web.templating import link, render

router = APIRouter(prefix="/anomalies")
DAYS = 28
BUTTONS = {"ack": "Acknowledge", "expected": "Expected", "wrong": "Not odd", "mute": f"Mute {MUTE_DAYS} days"}


@router.get("")
def list_alerts(request: Request, site: TheSite) -> Response:
    """Alerts of four weeks, open ones first, each below that of the table upstream."""
    found = find_incidents(site.project, DAYS)
    depth: dict[str, int] = {}
    for one in found:
        depth[one.id] = depth.get(one.parent, -1) + 1 if one.parent else 0
    names = {table for pipeline in site.project.pipelines for table in pipeline.tables} | set(site.project.sources)
    return render(
        request,
        "anomalies.html",
        alerts=found,
        depth=depth,
        tables=names,
        count=sum(one.is_open for one in found),
        specs=[spec.name for spec in anomaly_specs(site.project)],
        buttons=BUTTONS,
        days=DAYS,
    )


@router.post("/{id}")
def answer_alert(
    request: Request,
    site: TheSite,
    viewer: Saver,
    id: str,  # noqa: A002
    verdict: Annotated[Literal["ack", "mute", "expected", "wrong"], Form()],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Say something of an alert: a line in the feedback of its spec."""
    with noted(site.root, viewer.name, "anomaly", alert=id, verdict=verdict):
        answer(site.project, id, verdict, reason=reason, by=viewer.name)
    site.deploy()
    return RedirectResponse(link(request, "anomalies"), 303)
