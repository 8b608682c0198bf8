"""Compiling a set of features to its steps: days, states, features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.features.catalogue import Feature, list_features
from drawloom.frameworks.features.scoring.compile import scoring_steps, users_of
from drawloom.frameworks.features.spec import Features, FeatureSource, Label, Measure
from drawloom.frameworks.features.tables import feature_table, registry_table
from drawloom.frameworks.features.values import Values
from drawloom.frameworks.fields import condition_sql, expression_problems
from drawloom.model import Check, Days, Fix, InputError, Problem, Read, Step

FOLDER = Path(__file__).parent


def compile_features(spec: Features, project: ProjectContext) -> Iterator[Step]:
    """The steps that fill the tables of a set of features.

    Raises:
        InputError: an expression is invalid, or a field does not fit.
    """
    problems = [*_expression_problems(spec), *_schedule_problems(spec, project)]
    if problems:
        raise InputError(*problems)
    yield from _feature_steps(spec, project)
    yield _registry_step(spec, project)
    if spec.scoring:
        yield from scoring_steps(spec, spec.scoring, project)


def _feature_steps(spec: Features, project: ProjectContext) -> Iterator[Step]:
    values = Values(spec)
    start = max(spec.start or project.start, project.start)
    for key in values.steps:
        into = feature_table(spec, values, project, key)
        file = FOLDER / f"{key}.sql"
        yield Step(
            into.name,
            into,
            sql=sqlfiles.render_sql(file, f=values, ranged=False),
            backfill_sql=sqlfiles.render_sql(file, f=values, ranged=True),
            checks=tuple(_row_checks(spec)) if key == "days" else (),
            probes=tuple(_label_probes(spec)) if key == "days" else (),
            params={"start": start.isoformat()},  # another first day is another history: it counts in the fingerprint
            where=spec.where,
        )


def _registry_step(spec: Features, project: ProjectContext) -> Step:
    into, users = registry_table(spec, project), users_of(spec, project)
    values = {
        "f": Values(spec),
        "entity": sqlfiles.quote_value(spec.entity.name),
        "owner": sqlfiles.quote_value(project.owner(spec)),
        "features": [_literals(feature, users.get(feature.name, ())) for feature in list_features(spec)],
    }
    day, days = (sqlfiles.render_sql(FOLDER / "registry.sql", ranged=ranged, **values) for ranged in (False, True))
    return Step(into.name, into, sql=day, backfill_sql=days, where=spec.where)


def _literals(feature: Feature, models: Sequence[str]) -> dict[str, str]:
    """What the registry says of a feature, as SQL; ``models`` are scored with it."""
    quoted = {field.name: sqlfiles.quote_value(getattr(feature, field.name)) for field in fields(feature)}
    version = sqlfiles.quote_value(feature.fingerprint[:8])
    return {
        **quoted,
        "column": sqlfiles.quote_name(feature.name),
        "version": version,
        "used_by": sqlfiles.quote_value(", ".join(models)),
    }


def _expression_problems(spec: Features) -> Iterator[Problem]:
    for name, source in spec.all_sources.items():
        place = ("source", "where") if spec.source else ("sources", name, "where")
        yield from expression_problems(spec, place, source.where, source.table, "a condition")
    parts: dict[tuple[str, str], Measure | Label] = {("labels", name): label for name, label in spec.labels.items()}
    parts |= {("measures", name): measure for name, measure in spec.measures.items() if not measure.metric}
    for place, one in parts.items():
        table = spec.all_sources[spec.source_of(one)].table
        yield from expression_problems(spec, (*place, "where"), one.where, table, "a condition")
        if one.value is not None:
            yield from expression_problems(spec, (*place, "value"), one.value, table)
    for name, text in spec.derive.items():
        yield from expression_problems(spec, ("derive", name), text, spec.table)


def _schedule_problems(spec: Features, project: ProjectContext) -> Iterator[Problem]:
    schedule = project.schedule(spec)
    if schedule.grain != "day":
        message = f"schedule == {schedule.text}, must be @daily: features are computed day by day."
        yield Problem("invalid", "error", message, spec.place("schedule"), Fix("Leave it out, or write @daily."))


def warn_features(spec: Features, project: ProjectContext) -> Iterator[Problem]:
    """Windows that reach back before the first day: their features are those of a shorter one until there is enough."""
    start = max(spec.start or project.start, project.start)
    days = (project.last - start).days + 1
    for place, windows in spec.all_windows():
        for window in windows:
            if window.days and window.days > days:
                rule = f"must not be longer than the history, which has {days} days, from {start} on"
                whole = start + timedelta(days=window.days - 1)
                fix = f"Let `start` be earlier, if there are older events; else its features are whole from {whole} on."
                yield replace(spec.problem(place, window.name, rule, fix), severity="warn")


def _row_checks(spec: Features) -> Iterator[Check]:
    """Warnings with the number of rows of each source that count for nobody, or belong to another day."""
    for name, source in spec.all_sources.items():
        place = ("source",) if spec.source else ("sources", name)
        missing = " OR ".join(f"{sqlfiles.quote_name(column)} IS NULL" for column in spec.entity.key)
        nobody = f"({missing}) AND {condition_sql(source.where)}"  # what is left out is nobody's on purpose
        yield _row_check(spec, source, f"rows of {source.table} without {', '.join(spec.entity.key)}", nobody, place)
        time = sqlfiles.quote_name(source.time)
        elsewhere = f"CAST({time} AS DATE) IS DISTINCT FROM ds"
        yield _row_check(
            spec, source, f"rows of {source.table} whose {source.time} is not of their day", elsewhere, place
        )


def _label_probes(spec: Features) -> Iterator[Check]:
    """The values and conditions of labels, which only training sets compute."""
    for name, label in spec.labels.items():
        source = spec.all_sources[spec.source_of(label)].table
        value = condition_sql(label.value or "1") + (" * 1" if label.op == "sum" else "")
        sql = f"SELECT {value} AS value FROM {sqlfiles.quote_table(source)} WHERE {condition_sql(label.where)}"
        yield Check(
            f"labels.{name}", sql, reads=(Read(source, Days.of(0), "offset"),), where=spec.place("labels", name)
        )


def _row_check(spec: Features, source: FeatureSource, name: str, condition: str, place: tuple[str, ...]) -> Check:
    table = sqlfiles.quote_table(source.table)
    sql = f"SELECT count(*) AS source_rows FROM {table} WHERE ds = DATE '{{{{ ds }}}}' AND ({condition}) HAVING count(*) > 0"
    return Check(name, sql, "warn", (Read(source.table, Days.of(0), "offset"),), where=spec.place(*place))
