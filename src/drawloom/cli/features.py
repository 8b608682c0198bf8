"""``drawloom features``: training sets of the feature repository."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.activity import Activity
from drawloom.cli.options import Day, First, Folder, Last, OutFormat, day_of, days_of, open_project
from drawloom.cli.output import Format, console, grid, number, pluralize, print_json
from drawloom.model import refuse

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.features.proof import Proof
    from drawloom.run.features.training_set import TrainingSet
    from drawloom.run.project import Project


class Accuracy(StrEnum):
    """What counts for features as of a moment."""

    TEMPORAL = "temporal"
    SNAPSHOT = "snapshot"


class Tail(StrEnum):
    """Where windows begin."""

    EXACT = "exact"
    DAY = "day"


def training_set(
    context: typer.Context,
    more: Annotated[
        list[str] | None, typer.Argument(metavar="[FEATURES]...", help="More features.", show_default=False)
    ] = None,
    spine: Annotated[
        str | None,
        typer.Option(help="The rows: a file (.parquet, .csv, .arrow, .jsonl) or a SELECT.", show_default=False),
    ] = None,
    features: Annotated[
        list[str] | None,
        typer.Option(help="Features like 'rider_activity.*' or rider_activity.rides_count_7d.", show_default=False),
    ] = None,
    accuracy: Annotated[
        Accuracy, typer.Option(help="Count all events before the moment, or those of whole days before it.")
    ] = Accuracy.TEMPORAL,
    tail: Annotated[
        Tail, typer.Option(help="Windows begin so many days before the very moment, or with that day.")
    ] = Tail.EXACT,
    as_known: Annotated[
        bool, typer.Option("--as-known", help="Only count events that had arrived before the moment.")
    ] = False,
    label: Annotated[
        list[str] | None, typer.Option(help="A label of a set, like rider_activity.came_back.", show_default=False)
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="The column of the spine with the moment.", show_default=False)
    ] = None,
    assume_utc: Annotated[bool, typer.Option("--assume-utc", help="Take moments without a zone as UTC.")] = False,
    population: Annotated[
        str | None,
        typer.Option(
            help="Instead of a spine: a SELECT of entities, for each day from --from to --to; {{ ds }} is the day.",
            show_default=False,
        ),
    ] = None,
    first: First = None,
    last: Last = None,
    verify: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Compute this share of the entities by the definition, too; exit 1 if one differs.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Make the training set in a folder again; exit 1 if it differs.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="The folder to write.", show_default=False)
    ] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Add features to the rows of a spine, as they were at the moment of each row, and write what they were made of."""
    from drawloom.frameworks.features.training import AsOf
    from drawloom.run.features.proof import prove_training_set
    from drawloom.run.features.training_set import Request, call_hooks, make_training_set

    project = open_project(context, folder)
    if check:
        _check(project, check, format)
        return
    if output is None:
        raise refuse("no-output", "-o is missing, must be the folder to write.", None, "Like -o training.")
    as_of = AsOf(accuracy.value, tail.value, as_known)
    request = Request((*(features or ()), *(more or ())), tuple(label or ()), as_of, time, assume_utc)
    with Activity() as activity:
        activity("reading the spine")
        rows = _rows(project, spine, population, (first, last))
        activity("computing features")
        made = make_training_set(project, rows, request)
        activity("comparing with the definition")
        proof = prove_training_set(project, made, request, verify) if verify else None
    call_hooks(project, made)
    made.write(output)
    if format is Format.JSON:
        print_json({"folder": str(output), **made.manifest.to_json(), "proof": _proof_json(proof)})
    else:
        _print(made, output)
        _print_proof(proof)
    raise typer.Exit(0 if proof is None or proof.is_equal else 1)


def verify(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A set of features.", show_default=False)],
    sample: Annotated[float, typer.Option(min=0, max=1, help="The share of entities to compute again.")] = 0.01,
    ds: Annotated[
        str | None, typer.Option("--ds", help="The day; the newest one otherwise.", show_default=False)
    ] = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Compute the features of a day again for a sample of entities, from all events; exit 1 if one differs."""
    from drawloom.run.features.proof import prove_day

    project = open_project(context, folder)
    with Activity() as activity:
        activity("comparing with the definition")
        day, proof = prove_day(project, name, day_of(ds, "--ds"), sample)
    if format is Format.JSON:
        print_json({"day": str(day), **(_proof_json(proof) or {})})
    else:
        console().print(f"{name} on {day}", markup=False, highlight=False)
        _print_proof(proof)
    raise typer.Exit(0 if proof.is_equal else 1)


def _check(project: Project, folder: Path, format: Format) -> None:  # noqa: A002
    from drawloom.run.features.check import check_training_set

    with Activity() as activity:
        activity("making the training set again")
        found = check_training_set(project, folder)
    if format is Format.JSON:
        print_json({"folder": str(folder), "differences": found})
    else:
        for line in found or [f"{folder} is the same, made again"]:
            console().print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if found else 0)


def _proof_json(proof: Proof | None) -> dict[str, object] | None:
    return {**asdict(proof), "equal": proof.is_equal} if proof else None


def _print_proof(proof: Proof | None) -> None:
    if proof is None:
        return
    out = console()
    wrong = [one for one in proof.features if not one.is_equal]
    if wrong:
        table = grid("feature", ">rows", ">mismatches", ">missing", ">extra", ">SMAPE")
        for one in wrong:
            smape = "" if one.smape is None else f"{one.smape:.4f}"
            table.add_row(one.feature, *map(number, (one.rows, one.mismatches, one.missing, one.extra)), smape)
        out.print(table)
    rows = f", {number(proof.missing)} missing, {number(proof.extra)} extra" if proof.missing or proof.extra else ""
    text = f"compared {pluralize(len(proof.features), 'feature')} of {number(proof.entities)} entities with their definition: "
    out.print(f"{text}{len(wrong)} differ{rows}", markup=False, highlight=False, soft_wrap=True)


def push(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The set of features.")],
    ds: Day = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Push the newest day of a set, or --ds, to the online store that its spec names: readers see the old or the new version, whole."""
    from drawloom.run.features.online import push_features

    project = open_project(context, folder)
    with Activity() as activity:
        activity(f"pushing {name}")
        pushed = push_features(project, name, day_of(ds, "--ds"))
    if format is Format.JSON:
        print_json(asdict(pushed))
    else:
        text = f"pushed {pluralize(pushed.rows, 'row')} of {pushed.set} {pushed.ds} to {pushed.store} {pushed.table}"
        console().print(text, markup=False, highlight=False, soft_wrap=True)


def export_feast(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one of an earlier export.")],
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Write all sets as a repository of Feast, with a copy of their rows, each with the midnight from which it is valid."""
    from drawloom.run.features.feast import export_feast as export

    project = open_project(context, folder)
    with Activity() as activity:
        activity("exporting features")
        exported = export(project, output)
    if format is Format.JSON:
        print_json([asdict(one) for one in exported])
        return
    for one in exported:
        text = f"exported {one.set}: {pluralize(one.rows, 'row')} of {pluralize(len(one.days), 'day')}"
        console().print(text, markup=False, highlight=False, soft_wrap=True)


def _rows(project: Project, spine: str | None, population: str | None, days: tuple[str | None, str | None]) -> pa.Table:
    from drawloom.run.features.spine import load_rows, population_rows

    if (spine is None) == (population is None):
        fix = "Give --spine FILE, or --population SELECT with --from and --to."
        raise refuse("no-spine", "There must be one of --spine and --population.", None, fix)
    first, last = days_of(None, *days)
    if spine is not None:
        if first or last:
            raise refuse("bad-range", "--from and --to must be given with --population only.")
        return load_rows(project, spine)
    if first is None or last is None:
        raise refuse("bad-range", "--population needs --from and --to, must have a first and a last day.")
    return population_rows(project, population or "", first, last)


def _print(made: TrainingSet, folder: Path) -> None:
    count = pluralize(len(made.manifest.features), "feature")
    text = f"wrote {number(made.rows.num_rows)} rows with {count} to {folder}"
    console().print(text, markup=False, highlight=False, soft_wrap=True)
