"""The families of a project: which tables belong to them, and the steps that read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from drawloom.model import Column, Family, Fix, Member, Pipeline, Problem, Read, Step
from drawloom.model.table import Constant

if TYPE_CHECKING:
    from drawloom.engines.base import Task


def collect_families(
    pipelines: Iterable[Pipeline], others: Collection[str] = ()
) -> tuple[dict[str, Family], list[Problem]]:
    """The families that tables are members of, by name in lower case, and their problems.

    Args:
        pipelines: all of the project.
        others: names of sources and landed tables.
    """
    steps = [step for pipeline in pipelines for step in pipeline.steps]
    members = [step for step in steps if step.into.member_of]
    taken = {name.lower(): "another table" for name in others}
    taken |= {step.into.name.lower(): str(step.where) for step in steps}
    families: dict[str, Family] = {}
    problems: list[Problem] = []
    for name, group in groupby(sorted(members, key=_family_name), key=_family_name):
        of_family = list(group)
        found = list(_problems(of_family, taken.get(name)))
        problems += found
        if not found:
            families[name] = _family(of_family)
    return families, problems


def unsure_families(pipelines: Iterable[Pipeline], files: Sequence[str]) -> Iterator[Problem]:
    """The problem of each step that reads a family while the specs of these files could not be compiled.

    One of them may be a member: without it, the step would be written again, without the member's rows.
    """
    for step in (step for pipeline in pipelines for step in pipeline.steps):
        for family in step.families if files else ():
            message = f"{step.into.name} reads the family {family.name}, of which a member may be missing: {files[0]} has errors."
            yield Problem("unsure-family", "error", message, step.where, Fix("Correct that file first."))


def read_families(step: Step, names: Collection[str], families: Mapping[str, Family]) -> Step:
    """The step, with what it reads of families: declared reads of a family become reads of its members.

    Args:
        step: with its reads filled in.
        names: the families that its SQL reads.
        families: all of the project, by name in lower case.
    """
    declared = {read.table.lower(): read for read in step.reads if read.table.lower() in families}
    reads = tuple(one for read in step.reads for one in _expand(read, families))
    waits = {
        member.table: days
        for table, days in step.depends_on.items()
        if table.lower() in families
        for member in families[table.lower()].members
    }
    waits |= {table: days for table, days in step.depends_on.items() if table.lower() not in families}
    tables = {read.table for read in reads} | {read.table for read in step.backfill_reads or ()}
    used = [families[name] for name in sorted({name.lower() for name in names} | set(declared))]
    pruned = tuple(replace(f, members=tuple(m for m in f.members if m.table in tables)) for f in used)
    return replace(
        step, reads=reads, depends_on={t: d for t, d in waits.items() if t in tables or not pruned}, families=pruned
    )


def _expand(read: Read, families: Mapping[str, Family]) -> Iterator[Read]:
    family = families.get(read.table.lower())
    if family is None:
        yield read
    else:
        yield from (replace(read, table=member.table) for member in family.members)


def _family_name(step: Step) -> str:
    assert step.into.member_of
    return step.into.member_of.family.lower()


def _family(steps: Sequence[Step]) -> Family:
    members = tuple(
        Member(step.into.name, step.into.member_of.constants, step.into.columns)
        for step in steps
        if step.into.member_of
    )
    columns = {column.name.lower(): column for member in members for column in member.columns}
    first = steps[0].into.member_of
    return Family(first.family if first else "", tuple(columns.values()), members)


def _problems(steps: Sequence[Step], owner: str | None) -> Iterator[Problem]:
    first = steps[0].into.member_of
    assert first
    if owner is not None:
        message = f"family == {first.family}, must not have the name of a table: it is filled by {owner}."
        yield Problem("two-owners", "error", message, steps[0].where, Fix("Give the family or the table another name."))
    keys = [name.lower() for name, _ in first.constants]
    seen: dict[tuple[Constant, ...], Step] = {}
    types: dict[str, tuple[Column, Step]] = {}
    for step in steps:
        membership = step.into.member_of
        assert membership
        if [name.lower() for name, _ in membership.constants] != keys:
            names = ", ".join(name for name, _ in membership.constants)
            message = f"constants of {step.into.name} == {names}, must be those of the family {first.family}: {', '.join(keys)}."
            yield Problem("family-columns", "error", message, step.where)
            continue
        twin = seen.setdefault(tuple(value for _, value in membership.constants), step)
        if twin is not step:
            values = ", ".join(f"{name} = {value}" for name, value in membership.constants)
            message = f"{step.into.name} == {values}, must differ from {twin.into.name} in the family {first.family}."
            yield Problem("family-columns", "error", message, step.where, Fix("Rename one of them."))
        for column in step.into.columns:
            known, other = types.setdefault(column.name.lower(), (column, step))
            if known.type.upper() != column.type.upper():
                message = (
                    f"{step.into.name}.{column.name} == {column.type}, must be {known.type} as in {other.into.name}: "
                    f"both are in the family {first.family}."
                )
                yield Problem("family-columns", "error", message, step.where)


def add_families(task: Task, families: Iterable[Family], tables: Collection[str]) -> None:
    """Make families readable in a task as all rows of those of their members that it sees."""
    for family in families:
        from drawloom.sql.families import family_sql

        task.add_query(family.name, family_sql(family, tables), family.columns)
