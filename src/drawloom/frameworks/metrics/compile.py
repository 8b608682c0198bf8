"""Compiling the metrics of a source to the one step that scans it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.fields import expression_problems
from drawloom.frameworks.metrics.spec import FAMILY, Metric, Metrics
from drawloom.model import Check, Column, Days, Fix, InputError, Membership, Problem, Read, Step, Table, digest

FILE = Path(__file__).with_name("metrics.sql")


def compile_metrics(spec: Metrics, project: ProjectContext) -> Iterator[Step]:
    """The step that fills ``metrics.<name>``.

    Raises:
        InputError: a condition or a value is no expression over one row.
    """
    problems = [*_expression_problems(spec), *_schedule_problems(spec, project)]
    if problems:
        raise InputError(*problems)
    into = metrics_table(spec, project)
    checks, code = tuple(_null_checks(spec)), _slice_code(spec)
    yield Step(into.name, into, sql=metrics_sql(spec), checks=checks, where=spec.where, slice_code=code)


def metrics_table(spec: Metrics, project: ProjectContext) -> Table:
    """The table of a source's metrics, a member of the metric repository."""
    columns = (
        Column("subject_type", "VARCHAR", f"one of {', '.join(spec.subjects)}"),
        Column("subject", "VARCHAR", "whose value it is"),
        Column("metric", "VARCHAR"),
        *(Column(name, "VARCHAR", "of the events") for name in spec.dimensions),
        Column("value", "DOUBLE", "the day's value; of a quantile, one that occurred"),
        Column("events", "BIGINT", "rows of the source that it is made of"),
    )
    names = [column.name for column in columns]
    return Table(
        spec.table,
        columns,
        # One metric is read without the others.
        cluster=("subject_type", "metric", "subject"),
        unique=() if any(m.type == "quantile" for m in spec.metrics.values()) else tuple(names[:-2]),
        owner=project.owner(spec),
        description=spec.description,
        member_of=Membership(FAMILY, (("source", spec.name),)),
        sliced_by="metric",
    )


def _slice_code(spec: Metrics) -> dict[str, str]:
    """A fingerprint of each metric that has rows: of the SELECT of this one alone, which gives the same rows."""
    alone = ({name: metric} for name, metric in spec.metrics.items() if metric.type != "ratio")
    return {name: digest([metrics_sql(spec.model_copy(update={"metrics": one}))]) for one in alone for name in one}


def metrics_sql(spec: Metrics) -> str:
    """The SELECT of a day: all metrics of all subjects."""
    columns = [
        MetricColumn(f"metric_{number}", sqlfiles.quote_value(name), metric)
        for number, (name, metric) in enumerate(spec.metrics.items(), 1)
        if metric.type != "ratio"
    ]
    return sqlfiles.render_sql(
        FILE,
        source=sqlfiles.quote_table(spec.source),
        subjects=[(sqlfiles.quote_value(name), sqlfiles.quote_name(column)) for name, column in spec.subjects.items()],
        dimensions=[sqlfiles.quote_name(name) for name in spec.dimensions],
        metrics=columns,
        added=[column for column in columns if column.metric.type != "quantile"],
        quantiles=[column for column in columns if column.metric.type == "quantile"],
    )


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A metric as it is written in SQL: the column of its values, which is NULL for rows that are not its own."""

    column: str
    name: str
    metric: Metric

    @property
    def aggregate(self) -> str:
        """The function that makes one value of the rows of a day, or of the values of days."""
        return {"sum": "sum", "count": "count", "any": "max", "max": "max"}[self.metric.type]


def _expression_problems(spec: Metrics) -> Iterator[Problem]:
    for name, metric in spec.metrics.items():
        yield from expression_problems(spec, ("metrics", name, "where"), metric.where, spec.source)
        if metric.value is not None:
            yield from expression_problems(spec, ("metrics", name, "value"), metric.value, spec.source)


def _schedule_problems(spec: Metrics, project: ProjectContext) -> Iterator[Problem]:
    schedule = project.schedule(spec)
    if schedule.grain != "day":
        message = f"schedule == {schedule.text}, must be @daily: values are kept day by day."
        yield Problem("invalid", "error", message, spec.place("schedule"), Fix("Leave it out, or write @daily."))


def _null_checks(spec: Metrics) -> Iterator[Check]:
    """A warning with the number of rows that count for nobody, and one for rows without the value of their metric."""
    nobody = " AND ".join(f"{sqlfiles.quote_name(column)} IS NULL" for column in spec.subjects.values())
    yield _row_check(spec, "rows without a subject", nobody, ("subjects",))
    for name, metric in spec.metrics.items():
        if metric.value is not None:
            missing = f"{metric.row_condition} AND {metric.row_value} IS NULL"
            yield _row_check(spec, f"rows without a value of {name}", missing, ("metrics", name))


def _row_check(spec: Metrics, name: str, condition: str, place: tuple[str, ...]) -> Check:
    source = sqlfiles.quote_table(spec.source)
    sql = (
        f"SELECT count(*) AS source_rows FROM {source} WHERE ds = DATE '{{{{ ds }}}}' AND ({condition}) "
        "HAVING count(*) > 0"
    )
    reads = (Read(spec.source, Days.of(0), "offset"),)
    return Check(name, sql, "warn", reads, where=spec.place(*place))
