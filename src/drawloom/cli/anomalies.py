"""``drawloom anomalies``: open alerts, the worst first, and what people say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.activity import Activity
from drawloom.cli.options import Folder, OutFormat, day_of, open_project
from drawloom.cli.output import Format, console, pluralize, print_json

if TYPE_CHECKING:
    from drawloom.run.anomalies.incidents import Incident

Id = Annotated[str, typer.Argument(metavar="ID", help="The alert, or the first letters of its id.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why, for those who read it later.", show_default=False)]
OneSeries = Annotated[
    str, typer.Option("--series", help="Only of one of its series, like fare or country=US.", show_default=False)
]


def anomalies(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, help="How many days are looked at.")] = 7,
    all: Annotated[bool, typer.Option("--all", help="Also what is answered, held or resolved.")] = False,  # noqa: A002
    fail: Annotated[bool, typer.Option("--fail", help="Exit 1 if an alert is open.")] = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Show open alerts, the worst first: odd series, and partitions that are missing, late, empty, doubled or restated."""
    if context.invoked_subcommand:
        context.obj = folder or context.obj
        return
    from drawloom.cli.run_output import left_out_json, print_left_out
    from drawloom.run.anomalies.incidents import find_incidents
    from drawloom.run.anomalies.watched import anomaly_specs

    project = open_project(context, folder)
    with Activity() as activity:
        activity("looking for alerts")
        found = find_incidents(project, days)
    shown = [one for one in found if all or one.is_open]
    if format is Format.JSON:
        print_json({"alerts": [asdict(one) for one in shown], **left_out_json(project)})
    else:
        _print(shown, len(found) - len(shown), has_specs=bool(anomaly_specs(project)))
        print_left_out(project, [one.table for one in shown])
    raise typer.Exit(1 if fail and any(one.is_open for one in found) else 0)


def _print(shown: Sequence[Incident], hidden: int, *, has_specs: bool) -> None:
    out = console()
    if not has_specs:
        out.print("Nothing is watched: there is no spec of kind anomalies.", markup=False)
        return
    depth: dict[str, int] = {}
    for one in shown:
        depth[one.id] = depth.get(one.parent, -1) + 1 if one.parent else 0
        indent = "  " * depth[one.id]
        status = "" if one.is_open else f" ({one.status})"
        days = f"{one.first_seen}" if one.first_seen == one.last_seen else f"{one.first_seen} .. {one.last_seen}"
        out.print(f"{indent}{one.severity:5}  {one.id}  {days}{status}", markup=False, highlight=False)
        out.print(f"{indent}       {one.summary}", markup=False, highlight=False, soft_wrap=True)
    more = f"; {hidden} more with --all" if hidden else ""
    out.print(f"{pluralize(len(shown), 'alert')}{more}", markup=False, highlight=False)


def ack(context: typer.Context, id: Id, reason: Reason = "", folder: Folder = None) -> None:  # noqa: A002
    """Acknowledge an alert: somebody looks after it."""
    _say(context, folder, id, "ack", reason)


def mute(
    context: typer.Context,
    id: Id,  # noqa: A002
    until: Annotated[str | None, typer.Option(help="The last day; four weeks otherwise.", show_default=False)] = None,
    reason: Reason = "",
    series: OneSeries = "",
    folder: Folder = None,
) -> None:
    """Mute the series of an alert until a day: they are judged, and nobody is told."""
    _say(context, folder, id, "mute", reason, series, until)


def expected(
    context: typer.Context,
    id: Id,  # noqa: A002
    reason: Reason = "",
    series: OneSeries = "",
    folder: Folder = None,
) -> None:
    """Say that what happened was expected: its days are no history of its series."""
    _say(context, folder, id, "expected", reason, series)


def wrong(
    context: typer.Context,
    id: Id,  # noqa: A002
    reason: Reason = "",
    series: OneSeries = "",
    folder: Folder = None,
) -> None:
    """Say that nothing was odd: its series must be a quarter further off from now on, at most twice as far."""
    _say(context, folder, id, "wrong", reason, series)


def _say(
    context: typer.Context,
    folder: Folder,
    id: str,  # noqa: A002
    verdict: str,
    reason: str,
    series: str = "",
    until: str | None = None,
) -> None:
    from drawloom.run.anomalies.incidents import SAID, answer

    project = open_project(context, folder)
    one, file = answer(project, id, verdict, until=day_of(until, "--until"), reason=reason, series=series)
    out = console()
    out.print(f"{one.id} is {SAID[verdict]}: {one.summary}", markup=False, highlight=False, soft_wrap=True)
    place = file.relative_to(project.config.root)
    out.print(f"Kept in {place}; `drawloom run {one.spec}` judges by it.", markup=False, highlight=False)
