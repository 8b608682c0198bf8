"""Compiling an experiment to its steps: units, counts, statistics, results, health."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.experiments.find_metrics import find_activation, find_metrics
from drawloom.frameworks.experiments.health import health
from drawloom.frameworks.experiments.results import results
from drawloom.frameworks.experiments.spec import COHORTS, Experiment
from drawloom.frameworks.experiments.tables import experiment_table
from drawloom.frameworks.experiments.values import UsedMetric, Values
from drawloom.frameworks.fields import condition_problems
from drawloom.model import Days, Fix, InputError, Problem, Read, Step, digest
from drawloom.specs.validation import did_you_mean

FOLDER = Path(__file__).parent
TODAY = Days.of(0)
FORMULAS = "1"  # raise it when the Python steps compute other results: all of them become stale


def compile_experiment(spec: Experiment, project: ProjectContext) -> Iterator[Step]:
    """The steps that fill the tables of an experiment.

    Raises:
        InputError: a metric, a subject or a cut is unknown, a condition is invalid, or another experiment has the same rows.
    """
    problems = [*_package_problems(spec), *_condition_problems(spec), *_overlap_problems(spec, project)]
    problems += [*_strata_problems(spec), *_schedule_problems(spec, project)]
    used: tuple[UsedMetric, ...] = ()
    activated_by = None
    if not spec.statistics.table:
        used, wrong = find_metrics(spec, project)
        activated_by, unknown = find_activation(spec, project)
        problems += [*wrong, *unknown, *_cut_problems(spec, used), *_cap_problems(spec, used)]
    if problems:
        raise InputError(*problems)
    yield from _steps(spec, Values(spec, used, activated_by), project)


def _steps(spec: Experiment, values: Values, project: ProjectContext) -> Iterator[Step]:
    if spec.statistics.table:
        yield _sql_step(spec, values, project, "_statistics", "summaries.sql")
        yield from _python_steps(spec, values, project, ())
        return
    for ending in ("_units", "_counts"):
        yield _sql_step(spec, values, project, ending, f"{ending[1:]}.sql")
    yield replace(_sql_step(spec, values, project, "_statistics", "statistics.sql"), slices=values.slices)
    yield from _python_steps(spec, values, project, (f"{spec.table}_counts",))


def _sql_step(spec: Experiment, values: Values, project: ProjectContext, ending: str, file: str) -> Step:
    into = experiment_table(spec, project, ending)
    return Step(into.name, into, sql=sqlfiles.render_sql(FOLDER / file, e=values), where=spec.where)


def _python_steps(spec: Experiment, values: Values, project: ProjectContext, counts: tuple[str, ...]) -> Iterator[Step]:
    tables = (f"{spec.table}_statistics", *counts)
    reads = tuple(Read(table, TODAY, "offset") for table in tables)
    params = _params(spec, values)
    for ending, call in (("", results), ("_health", health)):
        into = experiment_table(spec, project, ending)
        fingerprint = digest([FORMULAS, into.name, json.dumps(params, sort_keys=True)])
        yield Step(into.name, into, call=call, reads=reads, params=params, fingerprint=fingerprint, where=spec.where)


def _params(spec: Experiment, values: Values) -> Mapping[str, Any]:
    """What the Python steps know of the spec; a change makes them stale."""
    types = {one.name: one.metric.type for one in values.used}
    sequential = spec.statistics.sequential
    return {
        "experiment": spec.name,
        "table": spec.table,
        "start": spec.start.isoformat(),
        "last_exposure": spec.last_exposure.isoformat(),
        "has_units": not spec.statistics.table,
        "variants": dict(spec.variants),
        "baseline": spec.control,
        "roles": spec.metrics.roles,
        "types": {name: types.get(name, "sum") for name in spec.metrics.roles},
        "quantiles": {one.name: one.metric.q for one in values.used if one.metric.type == "quantile"},
        "higher_is": {one.name: one.metric.higher_is for one in values.used},
        "cuped": spec.pre_period > 0 and not spec.statistics.table,
        "alpha": spec.statistics.alpha,
        "test": spec.statistics.test,
        "prior": spec.statistics.prior,
        "correction": spec.statistics.correction,
        "sequential": sequential.n if sequential else None,
        "looks": list(sequential.looks) if sequential and sequential.looks else None,
        "spending": sequential.spending if sequential else None,
        "post_stratify": spec.statistics.post_stratify,
        "traffic": spec.traffic,
        "window": spec.window,
        "activation": values.activation is not None,
    }


def _package_problems(spec: Experiment) -> Iterator[Problem]:
    """Projects without experiments need no packages for statistics."""
    missing = [name for name in ("numpy", "scipy") if find_spec(name) is None]
    if missing:
        message = f"kind == experiment, must have {' and '.join(missing)} installed to be computed."
        yield Problem("missing-package", "error", message, spec.where, Fix("pip install 'drawloom[statistics]'"))


def _condition_problems(spec: Experiment) -> Iterator[Problem]:
    if spec.assignments:
        rows = spec.assignments
        yield from condition_problems(spec, "assignments", {"where": rows.where}, rows.table)
    if spec.statistics.table:
        given = spec.statistics
        yield from condition_problems(spec, "statistics", {"where": given.where}, spec.statistics.table)


def _overlap_problems(spec: Experiment, project: ProjectContext) -> Iterator[Problem]:
    for other in project.written("experiment"):
        if not isinstance(other, Experiment) or not spec.assignments or not other.assignments:
            continue
        same = (other.assignments.table, other.assignments.where) == (spec.assignments.table, spec.assignments.where)
        if same and other.start <= spec.last_exposure and spec.start <= other.last_exposure:
            message = (
                f"assignments.where == {spec.assignments.where!r}, must not be that of {other.name} "
                f"({other.start} to {other.last_exposure}) on the same days: it is another experiment."
            )
            fix = Fix("Filter on the experiment's own rows, like experiment = 'pink_button'.")
            yield Problem("overlap", "error", message, spec.place("assignments", "where"), fix)


def _cut_problems(spec: Experiment, used: tuple[UsedMetric, ...]) -> Iterator[Problem]:
    rows = spec.assignments
    known = {*(rows.dimensions if rows else ()), *COHORTS}
    known |= {name for one in used for part in one.parts for name in part.spec.dimensions}
    for number, name in enumerate(spec.cuts):
        if name not in known:
            fix = Fix(did_you_mean(name, known) or f"There are: {', '.join(sorted(known))}.")
            message = f"cuts == {name}, must be a dimension of the assignments or of a metric, or day or week."
            yield Problem("unknown-name", "error", message, spec.place("cuts", number), fix)


def _strata_problems(spec: Experiment) -> Iterator[Problem]:
    name = spec.statistics.post_stratify
    known = [*(spec.assignments.dimensions if spec.assignments else ()), *COHORTS]
    place = spec.place("statistics", "post_stratify")
    if name is None:
        return
    if spec.statistics.table or name not in known:
        fix = Fix(did_you_mean(name, known) or f"There are: {', '.join(known)}.")
        message = f"statistics.post_stratify == {name}, must be a dimension of the assignments, or day or week."
        yield Problem("unknown-name", "error", message, place, fix)
    elif name not in spec.cuts:
        message = f"statistics.post_stratify == {name}, must be one of `cuts`: its values are the strata."
        yield Problem("invalid", "error", message, place, Fix(f"Write cuts: [{', '.join([*spec.cuts, name])}]."))


def _cap_problems(spec: Experiment, used: tuple[UsedMetric, ...]) -> Iterator[Problem]:
    known = {name for one in used for part in one.parts for name in (part.key, f"{part.spec.name}.{part.key}")}
    known |= {one.name for one in used if one.metric.type not in {"ratio", "quantile"}}
    for name in spec.cap:
        if name not in known:
            fix = Fix(did_you_mean(name, known) or f"There are: {', '.join(sorted(known))}.")
            message = f"cap == {name}, must be a metric that the experiment uses, and no ratio or quantile."
            yield Problem("unknown-name", "error", message, spec.place("cap", name), fix)


def _schedule_problems(spec: Experiment, project: ProjectContext) -> Iterator[Problem]:
    schedule = project.schedule(spec)
    if schedule.grain != "day":
        message = f"schedule == {schedule.text}, must be @daily: results are as of each day."
        yield Problem("invalid", "error", message, spec.place("schedule"), Fix("Leave it out, or write @daily."))
