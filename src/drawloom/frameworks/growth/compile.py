"""Compiling a growth spec to its steps: entity-days, state, keep list, accounting, engagement, ratios."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.fields import condition_problems
from drawloom.frameworks.growth.spec import Growth
from drawloom.frameworks.growth.tables import growth_table
from drawloom.frameworks.growth.values import TABLES, Values
from drawloom.model import Check, Days, Fix, InputError, Problem, Read, Step

FOLDER = Path(__file__).parent
_RANGES = {key: f"{key}.sql" for key in ("counts", "keep", "accounting", "engagement")} | {"state": "state_range.sql"}


def compile_growth(spec: Growth, project: ProjectContext) -> Iterator[Step]:
    """The steps that fill the tables of a growth spec.

    Raises:
        InputError: a condition is invalid, or a field does not fit.
    """
    problems = [
        *condition_problems(spec, "activities", spec.activities, spec.source),
        *_schedule_problems(spec, project),
    ]
    if problems:
        raise InputError(*problems)
    values = Values(spec, max(spec.start or project.start, project.start))
    yield from _steps(spec, values, project)


def _steps(spec: Growth, values: Values, project: ProjectContext) -> Iterator[Step]:
    for key in TABLES:
        if key == "keep" and not values.tailed:
            continue
        into = growth_table(spec, project, key)
        ranged = _RANGES.get(key)
        yield Step(
            into.name,
            into,
            sql=sqlfiles.render_sql(FOLDER / f"{key}.sql", g=values, ranged=False),
            backfill_sql=sqlfiles.render_sql(FOLDER / ranged, g=values, ranged=True) if ranged else None,
            checks=(_missing_entity_check(spec, values),) if key == "days" else (),
            params={"start": values.start},  # another first day is another history: it counts in the fingerprint
            where=spec.where,
        )


def _missing_entity_check(spec: Growth, values: Values) -> Check:
    """A warning with the number of rows that are not counted as they have no entity."""
    is_missing = " OR ".join(f"{column} IS NULL" for column in values.entity)
    sql = (
        f"SELECT count(*) AS rows_without_entity FROM {values.source} WHERE ds = DATE '{{{{ ds }}}}' AND ({is_missing}) "
        "HAVING count(*) > 0"
    )
    name = f"rows without {', '.join(spec.entity)}"
    return Check(name, sql, "warn", (Read(spec.source, Days.of(0), "offset"),), where=spec.place("entity"))


def _schedule_problems(spec: Growth, project: ProjectContext) -> Iterator[Problem]:
    schedule = project.schedule(spec)
    if schedule.grain != "day":
        message = f"schedule == {schedule.text}, must be @daily: growth is accounted for day by day."
        yield Problem("invalid", "error", message, spec.place("schedule"), Fix("Leave it out, or write @daily."))
