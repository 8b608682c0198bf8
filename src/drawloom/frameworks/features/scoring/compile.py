"""Compiling the scoring of a set: a step for what the model is given, and a Python step for its scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.features.scoring.code import model_code
from drawloom.frameworks.features.scoring.score import score
from drawloom.frameworks.features.scoring.spec import FINGERPRINT, SCORE, VERSION, Scoring
from drawloom.frameworks.features.scoring.trained import manifest_hash
from drawloom.frameworks.features.select import SetFeature, column_names, select_features
from drawloom.frameworks.features.spec import Features
from drawloom.frameworks.features.windows import as_window
from drawloom.frameworks.fields import condition_sql
from drawloom.frameworks.pipeline_json import function_name
from drawloom.model import Check, Days, Fix, InputError, Problem, Read, Step, Table, digest
from drawloom.sql.template.rendering import render

FILE = Path(__file__).with_name("inputs.sql")
FORMULAS = "1"  # raise it when the step makes other scores of the same model and inputs: all become stale
INPUT_DAYS = 400  # days that inputs are kept which are not logged: scores of days before them cannot be made
COUNTS = frozenset({"count", "n_distinct"})
OWN = frozenset({SCORE, VERSION, FINGERPRINT, "ds"})


def feature_sets(spec: Features, project: ProjectContext) -> dict[str, Features]:
    """All sets of features of a project by name, this one first."""
    others = (other for other in project.written("features") if isinstance(other, Features))
    return {one.name: one for one in (spec, *others)}


def scoring_steps(spec: Features, scoring: Scoring, project: ProjectContext) -> Iterator[Step]:
    """The steps that fill ``<output>_inputs`` and ``<output>``.

    Raises:
        InputError: a feature is unknown, or of another entity; two have the same name; the population is no SELECT.
    """
    sets = feature_sets(spec, project)
    used, unknown = select_features(scoring.features, sets)
    problems = [spec.problem(("scoring", "features", one.number), one.pattern, one.rule, one.fix) for one in unknown]
    problems += [*_feature_problems(spec, scoring, used), *_population_problems(spec, scoring, project)]
    if problems:
        raise InputError(*problems)
    yield _inputs_step(spec, scoring, project, used)
    yield _score_step(spec, scoring, project, used)


def users_of(spec: Features, project: ProjectContext) -> dict[str, list[str]]:
    """The models that are scored with each feature of a set, by the feature's name."""
    users: dict[str, list[str]] = {}
    for other in feature_sets(spec, project).values():
        if other.scoring:
            for one in select_features(other.scoring.features, {spec.name: spec})[0]:
                users.setdefault(one.feature.name, []).append(other.scoring.model)
    return {name: sorted(set(models)) for name, models in users.items()}


def _inputs_step(spec: Features, scoring: Scoring, project: ProjectContext, used: Sequence[SetFeature]) -> Step:
    into = Table(
        f"{scoring.output}_inputs",
        cluster=spec.entity.key,
        unique=spec.entity.key,
        owner=project.owner(spec),
        description=f"What {scoring.model} was given to make {scoring.output}.",
        keep=None if scoring.log_inputs else INPUT_DAYS,
    )
    keys = [sqlfiles.quote_name(key) for key in spec.entity.key]
    nobody = " OR ".join(f"{key} IS NULL" for key in keys)
    name = f"everybody who is scored has {', '.join(spec.entity.key)}"
    place = spec.place("scoring", "population")
    check = Check(name, f"SELECT * FROM staged WHERE {nobody}", by_row=True, where=place)
    return Step(into.name, into, sql=inputs_sql(spec, scoring, used), checks=(check,), where=spec.where)


def inputs_sql(spec: Features, scoring: Scoring, used: Sequence[SetFeature]) -> str:
    """The SELECT of what a model is given on a day, a template over ``ds``."""
    keys = [sqlfiles.quote_name(key) for key in spec.entity.key]
    sets = list(dict.fromkeys(one.set.name for one in used))
    everybody = f"SELECT {', '.join(keys)} FROM {sqlfiles.quote_table(spec.table)} WHERE ds = DATE '{{{{ ds }}}}'"
    return sqlfiles.render_sql(
        FILE,
        population=(scoring.population or everybody).strip().rstrip(";"),
        keys=keys,
        all_keys=[sqlfiles.quote_name(key) for key in _all_keys(spec, used)],
        sets=[_joined(next(one.set for one in used if one.set.name == name), used) for name in sets],
        features=[
            (sets.index(one.set.name) + 1, sqlfiles.quote_name(one.feature.name), sqlfiles.quote_name(column))
            for one, column in zip(used, column_names(used), strict=True)
        ],
    )


@dataclass(frozen=True, slots=True)
class _JoinedSet:
    """A set as it is joined: its columns, each with its value where an entity has no row, and its derived features."""

    table: str
    keys: list[str]
    columns: list[tuple[str, int | None]]
    derived: list[tuple[str, str]]


def _joined(features: Features, used: Sequence[SetFeature]) -> _JoinedSet:
    """Derived features are computed again: of who has no row they follow from its empty features, too."""
    wanted = {one.feature.name for one in used if one.set is features}
    derived = {name: sql for name, sql in features.derive.items() if name in wanted}
    columns = [
        (sqlfiles.quote_name(name), empty)
        for name, empty in empty_values(features).items()
        if derived or name in wanted
    ]
    quoted = [(sqlfiles.quote_name(name), condition_sql(sql)) for name, sql in derived.items()]
    keys = [sqlfiles.quote_name(key) for key in features.entity.key]
    return _JoinedSet(sqlfiles.quote_table(features.table), keys, columns, quoted)


def _all_keys(spec: Features, used: Sequence[SetFeature]) -> list[str]:
    """The columns that identify the entities of all sets, those of who is scored first."""
    return list(dict.fromkeys((*spec.entity.key, *(key for one in used for key in one.set.entity.key))))


def empty_values(features: Features) -> dict[str, int | None]:
    """What each feature is of an entity that has no row on a day, in the order of the columns; derived ones follow from it.

    Where entities leave the table after a while, only a shorter window is known to be empty.
    """
    from drawloom.frameworks.features.catalogue import list_features

    return {
        one.name: features.empty.count if one.op in COUNTS and _is_empty(features, one.window) else None
        for one in list_features(features)
        if one.window
    }


def _is_empty(features: Features, window: str) -> bool:
    days = getattr(as_window(window), "days", None)
    return features.active is None or (days is not None and days <= features.active)


def _score_step(spec: Features, scoring: Scoring, project: ProjectContext, used: Sequence[SetFeature]) -> Step:
    into = Table(
        scoring.output,
        cluster=spec.entity.key,
        unique=spec.entity.key,
        owner=project.owner(spec),
        description=f"Scores of {scoring.model} by features of {', '.join(dict.fromkeys(one.set.name for one in used))}.",
    )
    inputs = f"{scoring.output}_inputs"
    params = _params(spec, scoring, project, used)
    fixed = {name: value for name, value in params.items() if name not in {"batch_rows", "on_scored"}}
    return Step(
        into.name,
        into,
        call=score,
        reads=(Read(inputs, Days.of(0), "offset"),),
        params=params,
        fingerprint=digest([FORMULAS, into.name, json.dumps(fixed, sort_keys=True)]),
        where=spec.where,
    )


def _params(spec: Features, scoring: Scoring, project: ProjectContext, used: Sequence[SetFeature]) -> Mapping[str, Any]:
    """What the Python step knows of the spec; a change makes its scores stale, but for batches and callbacks."""
    return {
        "output": scoring.output,
        "model": scoring.model,
        "code": model_code(scoring.model, project.folder),
        "keys": list(spec.entity.key),
        "columns": column_names(used),
        "features": {one.name: one.feature.fingerprint for one in used},
        "trained": scoring.trained or "",
        "manifest": manifest_hash(scoring.trained, project.folder) if scoring.trained else "",
        "batch_rows": scoring.batch_rows,
        "on_scored": function_name(spec.on_scored),
    }


def _feature_problems(spec: Features, scoring: Scoring, used: Sequence[SetFeature]) -> Iterator[Problem]:
    place = ("scoring", "features")
    for one in {one.set.name: one.set for one in used}.values():
        of = f"{one.entity.name} by {', '.join(one.entity.key)}"
        same_name, same_key = one.entity.name == spec.entity.name, one.entity.key == spec.entity.key
        if same_name != same_key:
            rule = f"must be about {spec.entity.name} by {', '.join(spec.entity.key)}, as this set is, not {of}"
            yield spec.problem(place, one.name, rule)
        elif not same_key and scoring.population is None:
            rule = f"must be about {spec.entity.name}, where there is no population: it is about {of}"
            fix = f"Write a `population` that has {', '.join(one.entity.key)}, too."
            yield spec.problem(place, one.name, rule, fix)
    for name in column_names(used):
        if name in OWN or name in spec.entity.key:
            yield spec.problem(place, name, "must not be called like another column of the scores")


def _population_problems(spec: Features, scoring: Scoring, project: ProjectContext) -> Iterator[Problem]:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if scoring.population is None:
        return
    place = spec.place("scoring", "population")
    text = render(scoring.population, project.start, schedule=project.schedule(spec), where=place, to_run=True).text
    try:
        found = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError:
        found = []
    statements = [one for one in found if one is not None]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        fix = Fix(f"Like SELECT {', '.join(spec.entity.key)} FROM core.riders WHERE ds = DATE '{{{{ ds }}}}'.")
        message = f"scoring.population == {scoring.population.strip()!r}, must be one SELECT."
        yield Problem("invalid", "error", message, place, fix)
