"""The spec of anomalies: what is watched, how it is judged, and what becomes of what is found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from drawloom.model import Problem
from drawloom.specs.base import Spec, SpecPart
from drawloom.specs.fields import Day, Duration, Name, TableName, Word
from drawloom.specs.validation import RuleError

FAMILY, ALERTS = "meta.anomalies", "meta.alerts"
Direction = Literal["both", "up", "down"]
Names = Annotated[tuple[Name, ...], Field(strict=False)]
Patterns = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
_KINDS = ("stats", "sql", "table")


def _as_patterns(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _as_framework(value: object) -> object:
    """``{growth: riders}`` as ``{kind: growth, spec: riders}``."""
    if not isinstance(value, Mapping) or any(key in value for key in _KINDS):
        return value
    others = [key for key in value if key not in Watch.model_fields or key == "metrics"]  # a field of `stats`, too
    if len(others) != 1 or not isinstance(value[others[0]], str):
        rule = "must say what is watched: `table`, `sql`, `stats`, or a kind of spec, like {growth: riders}"
        raise RuleError(rule)
    return {**{key: one for key, one in value.items() if key != others[0]}, "kind": others[0], "spec": value[others[0]]}


class Watch(SpecPart):
    """Series that are watched: of a table, of a SELECT, of another spec, or of statistics."""

    table: TableName | None = Field(None, description="a table: its rows, and the sums of `values`")
    sql: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="a SELECT of the rows of a day; its `value`, and for each of `series`"
    )
    stats: Annotated[tuple[str, ...], BeforeValidator(_as_patterns), Field(strict=False, min_length=1)] | None = Field(
        None, description="tables with statistics, like core.*; and -core.debug_* for those that are not"
    )
    metrics: Patterns = Field(("*",), description="of stats: which metrics, like row_count or *.null_ratio")
    kind: Name | None = Field(None, description="of another spec: its kind, as in {growth: riders}")
    spec: Word | None = Field(None, description="of another spec: its name")
    name: Word | None = Field(None, description="what the series of a SELECT are called; the table it reads otherwise")
    value: Name | None = Field(None, description="of a SELECT: the column that is added up")
    per: Name | None = Field(
        None, description="of a SELECT: the column by whose sum that of `value` is divided: the series is a ratio"
    )
    values: Names = Field((), description="of a table: columns that are added up")
    series: Names = Field((), description="columns of which each combination of values has a series of its own")
    of: TableName | None = Field(
        None, description="of another spec: which of its tables; the one of its name otherwise"
    )

    @model_validator(mode="after")
    def _check_fields(self) -> Watch:
        given = self.model_fields_set - {"series"}
        ways: dict[str, set[str]] = {
            "sql": {"sql", "value", "per", "name"},
            "table": {"table", "values"},
            "stats": {"stats", "metrics"},
            "kind": {"kind", "spec", "values", "of"},
        }
        way = next((one for one in ways if getattr(self, one) is not None), None)
        if way is None:
            raise RuleError("must have `table`, `sql`, `stats`, or a kind of spec, like {growth: riders}")
        if wrong := sorted(given - ways[way]):
            raise RuleError(f"must not have `{wrong[0]}`, which says nothing about {way}")
        if way == "sql" and self.value is None:
            raise RuleError("must have `value`: the column of the SELECT that is added up")
        if way == "stats" and self.series:
            raise RuleError("must not have `series`: statistics have a series for each metric")
        return self


class Detector(SpecPart):
    """How series are judged."""

    kind: Word = Field(
        "weekday_robust", description="weekday_robust, zscore, change, threshold, forecast, or a plug-in's name"
    )
    min_history: Annotated[int, Field(ge=1)] = Field(21, description="days with a value before anything is judged")
    settings: dict[str, float] = Field(
        {},
        description="its settings: `days` of zscore, `days` and `season` of forecast, `most` and `days` of change, `low` and `high` of threshold",
    )


def _as_detector(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


def _check_clock(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise RuleError("must be a time of day like 06:00", "Write it in quotes: YAML reads 6:00 as a number.")
    return value


class Expect(SpecPart):
    """When a day's partitions of watched tables must be there."""

    by: Annotated[str, AfterValidator(_check_clock)] = Field(
        description="the time of the day after, in the project's time zone, like 06:00"
    )


class Severity(SpecPart):
    """From which score on a day is flagged."""

    warn: Annotated[float, Field(gt=0)] = Field(4.5, description="flagged")
    error: Annotated[float, Field(gt=0)] = Field(8.0, description="flagged as an error")

    @model_validator(mode="after")
    def _check_order(self) -> Severity:
        if self.error < self.warn:
            raise RuleError(f"must have an error of at least warn, {self.warn:g}")
        return self


class MinChange(SpecPart):
    """How far a value must be from what was expected to be flagged, however odd that is; both must hold that are given."""

    relative: Annotated[float, Field(ge=0)] = Field(0.0, description="as a share of what was expected: 0.05 is 5 %")
    absolute: Annotated[float, Field(ge=0)] = Field(0.0, description="in units of the series")


class Mute(SpecPart):
    """Series that nobody is told of."""

    metric: str = Field("*", description="a pattern of metrics, like *.len_max")
    table: str = Field("*", description="a pattern of tables")
    until: Day = Field(description="the last day")
    reason: Annotated[str, Field(min_length=1)] = Field(description="why")


class Alert(SpecPart):
    """Whom flagged days are told to, and how often."""

    cooldown: Duration | None = Field(
        None, description="flagged again within this time after the last flagged day is the same alert; 24h by default"
    )
    most: Annotated[int, Field(ge=1)] = Field(
        10, description="how many alerts of a day are open; the least odd are held"
    )
    mute: Annotated[tuple[Mute, ...], Field(strict=False)] = Field((), description="what is known")
    tell: Literal["warn", "error", "nobody"] = Field(
        "warn", description="from which severity on Airflow tells the addresses in `alerts` of an alert, once"
    )

    @property
    def gap(self) -> int:
        """Days without a flag between two that are one alert."""
        return self.cooldown.days if self.cooldown else 1


class Explain(SpecPart):
    """By which columns a change is explained."""

    dimensions: Names = Field(
        (), description="columns of the watched tables and SELECTs that are no series of theirs, at most four"
    )
    top: Annotated[int, Field(ge=1, le=20)] = Field(3, description="the most values that are named")


class Anomalies(Spec):
    """Series of tables, SELECTs, other specs and statistics, judged each day by the days before it."""

    kind: Literal["anomalies"] = Field("anomalies", description="anomalies")
    name: Word = Field(description="what the tables are called: anomalies.<name>")
    watch: Annotated[
        tuple[Annotated[Watch, BeforeValidator(_as_framework)], ...], Field(strict=False, min_length=1)
    ] = Field(description="what is watched")
    detector: Annotated[Detector, BeforeValidator(_as_detector)] = Field(
        Detector(),
        description="how series are judged: weekday_robust, zscore, change, threshold, forecast, or of a plug-in",
    )
    direction: Direction | dict[str, Direction] = Field(
        "both", description="which way is odd: both, up or down; or by patterns of metrics, like {null_ratio: up}"
    )
    calendar: str | Annotated[tuple[Day, ...], Field(strict=False)] | None = Field(
        None, description="special days: a list of days, or a country like US with the extra `calendars`"
    )
    expect: Expect | None = Field(None, description="when partitions must be there")
    severity: Severity = Field(Severity(), description="from which score on a day is flagged")
    min_change: MinChange = Field(
        MinChange(), description="how far a value must be off to be flagged, like {relative: 0.05}"
    )
    alert: Alert = Field(Alert(), description="what becomes an alert")
    explain: Explain = Field(Explain(), description="by what a change is explained")
    on_error: Literal["warn", "block"] = Field(
        "warn", description="block: the run of a day fails after an alert of severity error, until it is acknowledged"
    )

    @property
    def table(self) -> str:
        """The table of judgements."""
        return f"anomalies.{self.name}"

    def direction_of(self, metric: str) -> Direction:
        """Which way of a metric is odd: by its name, or the part after the last dot."""
        from fnmatch import fnmatchcase

        if isinstance(self.direction, str):
            return self.direction
        names = (metric, metric.rpartition(".")[2])
        found = (way for pattern, way in self.direction.items() if any(fnmatchcase(one, pattern) for one in names))
        return next(found, "both")

    def problems(self) -> Iterator[Problem]:
        """A name that cannot be that of a table, and too many dimensions: each pair of them is looked at."""
        if not re.fullmatch(r"\w+", self.name):
            yield self.problem(("name",), self.name, "must be one word of letters, digits and _")
        if len(self.explain.dimensions) > 4:
            yield self.problem(("explain", "dimensions"), len(self.explain.dimensions), "must be at most four")
