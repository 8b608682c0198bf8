"""Checks across all pipelines of a project: table owners, unknown tables, circles."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from drawloom.model import Edit, Fix, InputError, Pipeline, Problem, Read, Step, Where
from drawloom.model.pipeline import sort_names
from drawloom.specs.validation import did_you_mean, did_you_mean_name

_DECLARE = "Write a spec that fills it, land it with `drawloom land`, or declare it under `sources` in drawloom.yml."


def check_project(
    pipelines: Sequence[Pipeline],
    sources: Collection[str] = (),
    lake_tables: Collection[str] = (),
    is_broken: Callable[[str], bool] = lambda _table: False,
) -> list[Problem]:
    """The problems between pipelines, in the order of the pipelines.

    Args:
        pipelines: all of the project, with the reads of their steps filled in.
        sources: names of the declared external tables.
        lake_tables: names of the tables that are in the lake, such as landed ones.
        is_broken: whether a table is one that a spec with errors would fill: those who read it are not told of it again.
    """
    steps = [step for pipeline in pipelines for step in pipeline.steps]
    return [
        *_same_names(pipelines),
        *_hidden_tables(steps),
        *_two_owners(steps, sources),
        *_unknown_tables(steps, [*sources, *lake_tables], is_broken),
        *_unused_overrides(steps),
        *_reads_of_own_day(steps),
        *_landed_ranges(steps),
        *_cycles(steps),
    ]


def _same_names(pipelines: Iterable[Pipeline]) -> Iterator[Problem]:
    first: dict[str, Pipeline] = {}
    for pipeline in pipelines:
        other = first.setdefault(pipeline.name.lower(), pipeline)
        if other is not pipeline and not _fill_same_table(other, pipeline):
            message = f"name == {pipeline.name}, must not be that of the pipeline in {other.spec}."
            yield Problem("same-name", "error", message, pipeline.spec, Fix("Give one of them another name."))


def _hidden_tables(steps: Iterable[Step]) -> Iterator[Problem]:
    """Spark, Hive and our lake pass over folders that begin with an underscore."""
    for step in steps:
        if any(part.startswith("_") for part in step.into.name.split(".")):
            message = f"table == {step.into.name}, must be schema.table, neither of them beginning with a _."
            yield Problem("bad-table", "error", message, step.where, Fix("Name it like core.rides."))


def _fill_same_table(one: Pipeline, other: Pipeline) -> bool:
    """Whether two pipelines fill the same table, which is a problem of its own."""
    return bool({name.lower() for name in one.tables} & {name.lower() for name in other.tables})


def _two_owners(steps: Iterable[Step], sources: Collection[str]) -> Iterator[Problem]:
    declared = {name.lower() for name in sources}
    first: dict[str, Step] = {}
    for step in steps:
        name = step.into.name
        other = first.setdefault(name.lower(), step)
        if other is not step:  # told at both, so that neither is taken for the right one
            yield _second_owner(other, step)
            yield _second_owner(step, other)
        if name.lower() in declared:
            message = f"table == {name}, must have one owner: it is also a source in drawloom.yml."
            yield Problem("two-owners", "error", message, step.where, Fix("Remove the source, or name another table."))


def _second_owner(step: Step, other: Step) -> Problem:
    name = step.into.name
    spelling = "" if other.into.name == name else f" (as {other.into.name})"
    message = f"table == {name}, must have one owner: it is also filled by {other.where}{spelling}."
    return Problem("two-owners", "error", message, step.where, Fix("Remove one, or give it another table."))


def _unknown_tables(
    steps: Sequence[Step], others: Iterable[str], is_broken: Callable[[str], bool]
) -> Iterator[Problem]:
    names = sorted({*others, *(step.into.name for step in steps)})
    known = {name.lower() for name in names}
    for step in steps:
        for read in step.reads:
            if read.table.lower() not in known and not is_broken(read.table):
                offer = did_you_mean(read.table, names)
                where, edits = _mentions(step, read.table, did_you_mean_name(read.table, names))
                fix = Fix(f"{offer} Or: {_DECLARE[0].lower()}{_DECLARE[1:]}" if offer else _DECLARE, edits)
                message = f"{step.into.name} reads {read.table}, which is not a table of a spec, the lake or a source."
                yield Problem("unknown-table", "error", message, where, fix)


def _mentions(step: Step, table: str, meant: str | None) -> tuple[Where, tuple[Edit, ...]]:
    """Where a SQL file names a table, and the edits that name another one in its place."""
    sql = step.sql or ""
    found = [hit.start() for hit in re.finditer(rf"(?<![\w.\"]){re.escape(table)}(?!\w)", sql, re.IGNORECASE)]
    if not found or not (step.where.file or "").endswith(".sql"):
        return step.where, ()
    above = sql[: found[0]]
    where = Where(step.where.file, above.count("\n") + 1, len(above) - above.rfind("\n"))
    is_plain = meant is not None and meant.replace(".", "_").isidentifier()
    return where, tuple(Edit(at, at + len(table), meant or "") for at in found) if is_plain else ()


def _unused_overrides(steps: Iterable[Step]) -> Iterator[Problem]:
    for step in steps:
        reads = {read.table.lower(): read.table for read in step.reads}
        for table in step.depends_on if step.fingerprint else ():  # without one, its SQL could not be analyzed
            if table.lower() not in reads:
                offer = did_you_mean(table, reads.values())
                message = f"depends_on == {table}, must be a table that the SQL of {step.into.name} reads."
                yield Problem("unknown-table", "error", message, step.where, Fix(offer) if offer else None)


def _reads_of_own_day(steps: Iterable[Step]) -> Iterator[Problem]:
    for step in steps:
        for read in step.reads:
            if read.table.lower() == step.into.name.lower() and _may_read_run_day(read):
                message = f"{step.into.name} reads its own day; it can only read earlier days of itself."
                fix = Fix("Bound it, like ds = DATE '{{ ds }}' - 1 or ds < DATE '{{ ds }}'.")
                yield Problem("cycle", "error", message, step.where, fix)


def _landed_ranges(steps: Iterable[Step]) -> Iterator[Problem]:
    for step in steps:
        if step.landed and step.backfill_sql:
            message = f"{step.into.name} is landed and cannot have backfill SQL: its past days cannot be computed."
            yield Problem(
                "landed-range", "error", message, step.where, Fix("Let another step build on what was landed.")
            )


def _cycles(steps: Sequence[Step]) -> Iterator[Problem]:
    """The circles of tables that wait for the same day of each other: each is told in every file that is part of it."""
    owners = {step.into.name.lower(): step for step in steps}
    while found := _cycle(owners):
        problem, names = found
        places = {owners[name].where.file: owners.pop(name).where for name in names}
        yield from (replace(problem, where=where) for where in places.values())


def _cycle(owners: Mapping[str, Step]) -> tuple[Problem, list[str]] | None:
    """A circle, and its tables; None without one."""
    edges = [
        (read.table.lower(), name)
        for name, step in owners.items()
        for read in step.reads
        if read.table.lower() in owners and read.table.lower() != name and _may_read_run_day(read)
    ]
    try:
        sort_names(owners, edges, Where())
    except InputError as error:
        (problem,) = error.problems
        circle, _, _ = problem.message.removeprefix("steps == ").partition(", must")
        return problem, list(dict.fromkeys(circle.split(" -> ")))
    return None


def _may_read_run_day(read: Read) -> bool:
    """Whether a run may read its own day of another table."""
    if read.how == "offset":
        return any(last is None or last >= 0 for _, last in read.days.spans)
    return read.how == "all"
