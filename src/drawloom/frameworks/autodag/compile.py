"""Compiling an AutoDAG spec to its one step."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from drawloom.frameworks.autodag.guard import guard
from drawloom.frameworks.autodag.spec import AutoDag
from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.data_checks import compile_checks
from drawloom.frameworks.pipeline_json import function_name
from drawloom.model import Days, InputError, Problem, Read, Step, Table, digest
from drawloom.model.step import Call


def compile_autodag(spec: AutoDag, project: ProjectContext) -> tuple[Step]:
    """The one step that fills the spec's table.

    Raises:
        InputError: the SQL is not one SELECT, or the spec's fields do not fit together.
    """
    schedule = project.schedule(spec)
    text, problems = guard(spec.sql, spec.table, spec.dialect) if spec.sql is not None else (None, ())
    step = Step(
        name=spec.table,
        into=_table(spec, project),
        sql=None if text is None else _keep_line_numbers(spec, text),
        call=cast("Call | None", spec.call),
        reads=tuple(Read(table, Days.parse(days), "offset") for table, days in sorted(spec.reads.items())),
        checks=compile_checks(spec.checks, spec.table, spec.place, project.cache),
        dialect=spec.dialect,
        params=spec.params,
        depends_on={table: None if days == "none" else Days.parse(days) for table, days in spec.depends_on.items()},
        fingerprint=_call_fingerprint(spec),
        where=spec.where,
    )
    wrong = [*(_placed(spec, problem) for problem in problems), *_field_problems(spec, schedule.grain)]
    if wrong:
        raise InputError(*wrong)
    return (step,)


def _table(spec: AutoDag, project: ProjectContext) -> Table:
    return Table(
        name=spec.table,
        columns=tuple(column for column in spec.columns if column.type),
        described=tuple(column for column in spec.columns if not column.type),
        cluster=spec.cluster,
        unique=next((check.unique for check in spec.checks if check.unique and check.severity == "error"), ()),
        owner=project.owner(spec),
        description=spec.description,
        keep=spec.keep,
    )


def _keep_line_numbers(spec: AutoDag, text: str) -> str:
    """The SQL below as many blank lines as it has lines above it, so that its line numbers are those of the user's file."""
    return "\n" * ((spec.line("sql") or 1) - 1) + text


def _placed(spec: AutoDag, problem: Problem) -> Problem:
    line = spec.line("sql")
    where = (
        replace(problem.where, file=spec.where.file, line=line + (problem.where.line or 1) - 1) if line else spec.where
    )
    return replace(problem, where=where)


def _call_fingerprint(spec: AutoDag) -> str:
    """A digest of the function's own source and its reads; a change of a helper that it calls is not noticed."""
    if spec.call is None:
        return ""
    reads = [f"{table}={days}" for table, days in sorted(spec.reads.items())]
    return digest([function_name(spec.call), inspect.getsource(spec.call), *reads])


def _field_problems(spec: AutoDag, grain: str) -> Iterator[Problem]:
    names = {column.name.lower() for column in spec.columns} | {"ds"}
    for column in spec.cluster:
        if any(one.type for one in spec.columns) and column.lower() not in names:
            yield spec.problem(("cluster",), column, "must name columns of the table")
    for number, check in enumerate(spec.checks):
        if check.same_weekday and grain == "month":
            rule = "must not be used on a monthly table"
            yield spec.problem(("checks", number), "same_weekday", rule, "Use rows: {min: ..., max: ...}.")
