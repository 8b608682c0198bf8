"""A growth spec becomes a pipeline: entity-days, state, keep list, accounting, engagement, ratios."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.base import Context
from drawloom.frameworks.growth.conditions import condition_problems
from drawloom.frameworks.growth.spec import Growth
from drawloom.frameworks.growth.values import TABLES, Values
from drawloom.model import Check, Column, Days, Fix, InputError, Pipeline, Problem, Read, Step, Table

FOLDER = Path(__file__).parent
STATE_DAYS = 7
_COUNTS = {
    "active": "active in the window",
    "new": "active for the first time: on this day, or in this window",
    "retained": "active now and before",
    "resurrected": "active again, after a step without",
    "churned": "active before and not now",
    "stale": "known, and active neither now nor before",
    "ever": "ever active so far",
    "net_moved": "came into this cell from others, less those that left it for others",
}


def compile_growth(spec: Growth, project: Context) -> Pipeline:
    """The pipeline of a growth spec.

    Raises:
        InputError: a condition is none, or a field does not fit.
    """
    problems = [*condition_problems(spec), *_schedule_problems(spec, project)]
    if problems:
        raise InputError(*problems)
    values = Values(spec, max(spec.start or project.start, project.start))
    return project.pipeline(spec, spec.table, _steps(spec, values, project))


def _steps(spec: Growth, values: Values, project: Context) -> Iterator[Step]:
    dims = tuple(Column(name, "VARCHAR", "NULL where it is not in the cut") for name in spec.dimensions)
    unit = (Column("activity", "VARCHAR"), Column("window_days", "INTEGER"))
    cut = Column("cut", "VARCHAR", "the dimensions of the row, joined by commas; '' for the total")

    def step(
        key: str, description: str, columns: tuple[Column, ...] = (), *, ranged: bool = False, **more: object
    ) -> Step:
        into = _table(spec, project, key, description, columns)
        file = FOLDER / f"{key}.sql"
        sql = sqlfiles.render_sql(file, g=values, ranged=False)
        backfill = sqlfiles.render_sql(file, g=values, ranged=True) if ranged else more.pop("backfill_sql", None)
        return Step(into.name, into, sql=sql, backfill_sql=backfill, where=spec.where, **more)  # type: ignore[arg-type]

    yield step(
        "days", "The entities of a day: what each did, and its dimensions.", checks=(_without_entity(spec, values),)
    )
    yield step(
        "state",
        "Every entity so far: its first and last day and a map of 56 days for each activity, and its dimensions.",
        backfill_sql=sqlfiles.render_sql(FOLDER / "state_range.sql", g=values),
    )
    counts = tuple(Column(name, "INTEGER") for name in ("flags", "active_days"))
    columns = (Column("activity", "VARCHAR"), *dims, *counts, Column("n", "BIGINT"))
    yield step(
        "counts", "Entities by cut and by how they stand; everything else is added up from it.", columns, ranged=True
    )
    if values.tailed:
        keep = (
            Column("dimension", "VARCHAR"),
            Column("value", "VARCHAR"),
            Column("rank", "BIGINT"),
            Column("entities", "BIGINT"),
        )
        yield step("keep", "The values of long-tailed dimensions that are shown by name.", keep, ranged=True)
    metrics = tuple(Column(name, "BIGINT", text) for name, text in _COUNTS.items())
    warmup = Column("warmup", "BOOLEAN", "too early: everybody still looks new")
    step_column = Column("step", "VARCHAR", "day: against the window a day before; window: against the one before this")
    yield step("accounting", spec.description, (*unit, step_column, cut, *dims, *metrics, warmup), ranged=True)
    engagement = (*unit, cut, *dims, Column("days_active", "INTEGER"), Column("entities", "BIGINT"))
    yield step("engagement", "Entities by their number of active days: L7 and L28.", engagement, ranged=True)
    ratios = tuple(Column(name, "DOUBLE") for name in ("quick_ratio", "retention_rate", "stickiness"))
    yield step(
        "ratios",
        "Ratios of the accounting, NULL where they have no divisor.",
        (*unit, step_column, cut, *dims, *ratios),
    )


def _table(spec: Growth, project: Context, key: str, description: str, columns: tuple[Column, ...]) -> Table:
    state = key == "state"
    return Table(
        name=spec.table + TABLES[key],
        columns=columns,
        owner=project.owner(spec),
        description=description,
        keep=STATE_DAYS if state else None,
        keep_month_ends=state,
    )


def _without_entity(spec: Growth, values: Values) -> Check:
    """Rows that belong to nobody are not counted, and told."""
    nobody = " OR ".join(f"{column} IS NULL" for column in values.entity)
    sql = (
        f"SELECT count(*) AS rows_without_entity FROM {values.source} WHERE ds = DATE '{{{{ ds }}}}' AND ({nobody}) "
        "HAVING count(*) > 0"
    )
    name = f"rows without {', '.join(spec.entity)}"
    return Check(name, sql, "warn", (Read(spec.source, Days.of(0), "offset"),))


def _schedule_problems(spec: Growth, project: Context) -> Iterator[Problem]:
    schedule = project.schedule(spec)
    if schedule.grain != "day":
        message = f"schedule == {schedule.text}, must be @daily: growth is accounted for day by day."
        yield Problem("invalid", "error", message, spec.place("schedule"), Fix("Leave it out, or write @daily."))
