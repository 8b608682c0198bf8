"""The commands on environments: promote, env list, env drop, and diff --env."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.activity import Activity
from drawloom.cli.options import Folder, Names, OutFormat, open_environment, open_project
from drawloom.cli.output import Format, console, grid, number, pluralize, print_json

if TYPE_CHECKING:
    from drawloom.run.environments.compare import DayDifference, Distribution, TableDifference
    from drawloom.run.environments.environment import Environment
    from drawloom.run.environments.promote import Promotion
    from drawloom.run.plan import Key

_SHOWN_REFUSALS = 20
_SHOWN_CHANGES = 10
EnvironmentName = Annotated[str, typer.Argument(help="The environment, like dev.")]


def promote(
    context: typer.Context,
    environment: EnvironmentName,
    names: Names = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Put back what promotions of the environment have replaced.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Promote the partitions that can be, even if others cannot.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be promoted.")] = False,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Make the partitions of an environment production's, without computing them again."""
    from drawloom.run.environments import promote as promotions
    from drawloom.run.environments.existing import find

    with Activity() as activity:
        if undo:
            project = open_project(context, folder)
            tables = [t for p in project.select(names) for t in p.tables] if names else None
            done = promotions.undo(project, find(project, environment), tables, activity)
        else:
            opened = open_environment(context, folder, environment, must_exist=True)
            done = promotions.promote(opened, names or [], partial=partial, dry_run=dry_run, report=activity)
    if format is Format.JSON:
        print_json(promotion_json(done))
    else:
        _print_promotion(done, "put back" if undo else "would be promoted" if dry_run else "promoted")
    raise typer.Exit(1 if done.refused and not (partial and done.done) else 0)


def list_(context: typer.Context, folder: Folder = None, format: OutFormat = Format.TEXT) -> None:  # noqa: A002
    """List the environments: what they hold, and when they expire."""
    project = open_project(context, folder)
    found = project.registry.environments.list()
    records = project.registry.records({stored for info in found for stored in info.tables.values()})
    held = {
        info.name: [record for stored in info.tables.values() for record in records.get(stored, {}).values()]
        for info in found
    }
    if format is Format.JSON:
        print_json(
            {
                "environments": [
                    {
                        "name": info.name,
                        "from": info.first,
                        "created": info.created,
                        "expires": info.expires,
                        "tables": dict(info.tables),
                        "partitions": len(held[info.name]),
                        "bytes": sum(record.bytes for record in held[info.name]),
                    }
                    for info in found
                ]
            }
        )
        return
    if not found:
        console().print("There is no environment. `drawloom run --env dev` makes one.")
        return
    table = grid("environment", ">tables", ">partitions", ">MB", "~from", "~expires")
    for info in found:
        size = f"{sum(record.bytes for record in held[info.name]) / 1e6:,.1f}"
        tables = sum(1 for stored in info.tables.values() if records.get(stored))
        counts = number(tables), number(len(held[info.name]))
        table.add_row(info.name, *counts, size, str(info.first or "the start"), _until(info.expires))
    console().print(table)


def drop(
    context: typer.Context,
    environment: EnvironmentName,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Drop an environment with all its partitions. What was promoted stays, without a way back."""
    from drawloom.run.environments.existing import drop as drop_environment

    info = drop_environment(open_project(context, folder), environment)
    if format is Format.JSON:
        print_json({"dropped": info.name, "tables": dict(info.tables)})
    else:
        console().print(f"dropped {info.name}: {pluralize(len(info.tables), 'table')}")


def _until(expires: datetime) -> str:
    left = expires - datetime.now(UTC)
    days = round(left / timedelta(days=1))
    return f"in {pluralize(days, 'day')}" if days > 0 else "today" if left > timedelta() else "now"


def print_changes(environment: Environment) -> None:
    """In one line, in which tables an environment differs from production."""
    from rich.markup import escape

    own = [change for change in environment.changes.values() if not change.of]
    others = len(environment.changes) - len(own)
    if not own:
        console().print(f"{environment.name} does not differ from production: there is nothing to build")
        return
    names = ", ".join(f"{change.table} ({change.why})" for change in own[:_SHOWN_CHANGES])
    more = f" and {number(len(own) - _SHOWN_CHANGES)} more" if len(own) > _SHOWN_CHANGES else ""
    depend = f"; {pluralize(others, 'table')} depend{'s' if others == 1 else ''} on that" if others else ""
    console().print(f"{environment.name} differs from production in {escape(names)}{more}{depend}", soft_wrap=True)


def promotion_json(done: Promotion) -> dict[str, Any]:
    """What was promoted and what was not, as JSON."""
    return {
        "environment": done.environment,
        "done": [{"table": table, "ds": ds} for table, ds in done.done],
        "refused": [{"table": table, "ds": ds, "why": why} for (table, ds), why in done.refused.items()],
        "copied": done.is_copy,
    }


def _print_promotion(done: Promotion, verb: str) -> None:
    from rich.markup import escape

    out = console()
    if done.done:
        table = grid("table", ">partitions", "days")
        for name, days in _by_table(done.done).items():
            table.add_row(escape(name), number(len(days)), f"{days[0]} .. {days[-1]}" if len(days) > 1 else days[0])
        out.print(table)
    how = "their rows were copied, as this engine cannot share files" if done.is_copy else "nothing was computed"
    out.print(
        f"{verb} {pluralize(len(done.done), 'partition')} of {done.environment}" + (f": {how}" if done.done else "")
    )
    if done.refused:
        out.print(f"[yellow]{pluralize(len(done.refused), 'partition')} cannot be {verb.rsplit(maxsplit=1)[-1]}[/]:")
        for (name, ds), why in list(done.refused.items())[:_SHOWN_REFUSALS]:
            out.print(f"  {escape(name)} {ds}: {escape(why)}")
        if len(done.refused) > _SHOWN_REFUSALS:
            out.print(f"  and {number(len(done.refused) - _SHOWN_REFUSALS)} more; --format json has all")
        if not done.done:
            out.print("Nothing was written. --partial promotes the others.")


def _by_table(keys: tuple[Key, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, ds in sorted(keys):
        found.setdefault(table, []).append(str(ds))
    return found


def differences_json(found: list[TableDifference]) -> dict[str, Any]:
    """All tables and days, as JSON."""
    return {"tables": [asdict(one) for one in found]}


def print_differences(found: list[TableDifference]) -> None:
    """A line for each table and day, then what changed in the newest day of each table."""
    from rich.markup import escape

    out = console()
    table = grid("table", "~day", ">rows", ">added", ">removed", ">changed", "columns")
    for one in found:
        if not one.days:
            table.add_row(escape(one.table), f"{number(one.same)} equal", "", "", "", "", one.why)
        for day in one.days:
            table.add_row(escape(one.table), str(day.ds), *_counts(day))
    out.print(table)
    for one in found:
        equal = f", {pluralize(one.same, 'day')} equal" if one.same else ""
        out.print(f"[bold]{escape(one.table)}[/] ({escape(one.why)}): {pluralize(len(one.days), 'day')} differ{equal}")
        if one.days:
            _print_day(one.days[-1])


def _counts(day: DayDifference) -> tuple[str, ...]:
    from rich.markup import escape

    if day.rows is None:
        return number(day.new_rows), "", "", "", "new partition"
    columns = [f"+{name}" for name in day.rows.columns_added] + [f"-{name}" for name in day.rows.columns_removed]
    counts = (day.new_rows, day.rows.added, day.rows.removed)
    changed = number(day.rows.changed) if day.rows.key else "no key"
    return *map(number, counts), changed, escape(" ".join(columns))


def _print_day(day: DayDifference) -> None:
    from rich.markup import escape

    out = console()
    if day.distributions:
        table = grid(str(day.ds), "", ">nulls", ">distinct", ">mean", "least", "greatest")
        for name, pair in day.distributions.items():
            for side, values in zip(("production", "environment"), pair, strict=True):
                table.add_row(escape(name) if side == "production" else "", side, *_distribution_row(values))
        out.print(table)
    if day.different:
        out.print(f"The {pluralize(len(day.different), 'most different row')} of {day.ds}:")
    for row in day.different:
        key = ", ".join(f"{name} {value}" for name, value in row.key.items()) or row.side
        texts = ", ".join(
            f"{name} {'NULL' if old is None else old} -> {'NULL' if new is None else new}"
            if row.key
            else f"{name} {old if new is None else new}"
            for name, (old, new) in row.values.items()
        )
        out.print(f"  {escape(key)}: {escape(texts)}", soft_wrap=True)


def _distribution_row(values: Distribution) -> tuple[str, ...]:
    from rich.markup import escape

    mean = "" if values.mean is None else f"{values.mean:,.6g}"
    ends = (escape(str(end)) if end is not None else "" for end in (values.least, values.greatest))
    return number(values.nulls), number(values.distinct), mean, *ends
