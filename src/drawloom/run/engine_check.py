"""Binds the SQL of steps on the engine that runs them, to its own catalog: no row is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from drawloom.model import DrawloomError, Inputs, Pipeline, Problem, Step, Where

if TYPE_CHECKING:
    from drawloom.engines.base import Engine
    from drawloom.model import Column
    from drawloom.run.project import Project

CONFIG = Where("drawloom.yml")
_REFUSED = {"engine-error", "unsupported-sql", "not-select"}


def check_on_engine(project: Project) -> list[Problem]:
    """What the engine of a project refuses of the steps that have no error otherwise, and a note on what was asked.

    DuckDB has been asked already, when the project was compiled.
    """
    kind = project.settings.engine.kind
    if kind == "duckdb":
        return []
    try:
        engine, pipelines = project.engine, project.valid_pipelines
    except DrawloomError as error:
        reason = str(error.problems[0].message).partition("\n")[0]
        message = f"{kind} was not asked, only DuckDB: {reason}"
        return [Problem("not-bound", "info", message, CONFIG)]
    undated = {name: {"": ""} for name, source in project.config.sources.items() if not source.partitioned}
    columns = {**project.registry.columns(), **project.compiled.columns}
    day = project.history.end
    return list(bind_on_engine(engine, pipelines, columns, undated, day))


def bind_on_engine(
    engine: Engine,
    pipelines: Iterable[Pipeline],
    columns: Mapping[str, tuple[Column, ...]],
    undated: Inputs,
    day: date,
) -> Iterator[Problem]:
    """The problem of each step whose SELECT the engine does not bind.

    Args:
        engine: the engine.
        pipelines: whose steps to bind.
        columns: the columns of tables that may not exist yet.
        undated: the tables without days.
        day: the day for which the texts are rendered.
    """
    from drawloom.run.step_runner import StepRunner  # the parser, which a check on DuckDB does not need

    runner = StepRunner(engine, columns)
    for pipeline in pipelines:
        run_day = pipeline.schedule.last_run_day(day)
        for step in pipeline.steps:
            if step.sql is None:
                continue
            try:
                runner.preview(step, pipeline.schedule, run_day, _inputs(step, undated), 0)
            except DrawloomError as error:
                if (
                    error.problems[0].code in _REFUSED
                ):  # others: the engine is busy or away, or a table is not there yet
                    yield _problem(error, step, engine.dialect)


def _inputs(step: Step, undated: Inputs) -> Inputs:
    reads = {read.table for read in step.reads}
    return {table: days for table, days in undated.items() if table in reads}


def _problem(error: DrawloomError, step: Step, engine: str) -> Problem:
    problem = error.problems[0]
    reason = problem.message.partition("\n")[0].rstrip(".")
    message = f"The SQL of {step.into.name} does not bind on {engine}: {reason}."
    where = problem.where if problem.where.file else step.where
    return replace(problem, code="does-not-bind", severity="error", message=message, where=where)
