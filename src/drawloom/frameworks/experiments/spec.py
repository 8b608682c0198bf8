"""The spec of an experiment."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema

from drawloom.frameworks.fields import Condition, TimeColumn, Window
from drawloom.model import Fix, Problem
from drawloom.specs.base import Spec, SpecPart
from drawloom.specs.fields import Day, Forever, Name, TableName, Until, Word
from drawloom.specs.validation import RuleError, did_you_mean

COHORTS = {"day": 1, "week": 7}  # the cohorts of the first exposure, and their days
RESULTS = "experiments.results"
HEALTH = "experiments.health"
MAX_DAYS = 366
MAX_CELLS = 50  # values of a cut
ROLES = ("goal", "secondary", "guardrail")


def _as_days(value: object) -> object:
    """A number of days from ``7d``, ``7`` or ``0``."""
    found = re.fullmatch(r"(\d{1,4})d", value) if isinstance(value, str) else None
    return int(found[1]) if found else value


def _as_weight(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool) and not 0 < value < math.inf:
        fix = "Leave the variant out, or write a share, like 50."
        raise RuleError("must be greater than 0" if value <= 0 else "must be a number", fix)
    return value


def _as_metrics(value: object) -> object:
    return (value,) if isinstance(value, str) else value


DayCount = Annotated[
    int,
    BeforeValidator(_as_days),
    Field(ge=0, le=MAX_DAYS),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+d$"}]}),
]
Look = Annotated[
    int,
    BeforeValidator(_as_days),
    Field(ge=1, le=2 * MAX_DAYS),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\d+d$"}]}),
]
Weight = Annotated[float, BeforeValidator(_as_weight), Field(strict=False, gt=0)]
MetricNames = Annotated[tuple[Word, ...], BeforeValidator(_as_metrics), Field(strict=False)]


class Assignments(SpecPart):
    """The table that says who got which variant, and when."""

    table: TableName = Field(description="one row or more for each subject that was exposed, partitioned by ds")
    where: Condition = Field("true", description="the condition of the rows of this experiment")
    subject: Name = Field(description="the column with the id of who was assigned")
    variant: Name = Field(description="the column with the variant")
    time: TimeColumn = Field(description="the column with the moment of exposure")
    dimensions: Annotated[tuple[Name, ...], Field(strict=False)] = Field(
        (), description="columns by which results can be cut, with their value at the first exposure"
    )


class Identities(SpecPart):
    """The table that maps the assigned id to the subject that is analysed."""

    table: TableName = Field(description="rows that map an id to a subject; all days up to the run's count")
    model_config = ConfigDict(populate_by_name=True)

    from_: Name = Field(alias="from", description="the column with the assigned id")
    to: Name = Field(description="the column with the id of the subject")


class MetricRoles(SpecPart):
    """The metrics by what they are for."""

    goal: MetricNames = Field((), description="decide; p-values are corrected over them")
    secondary: MetricNames = Field((), description="explain")
    guardrail: MetricNames = Field((), description="must not get worse")

    @property
    def roles(self) -> dict[str, str]:
        """The role of each metric, in order."""
        return {name: role for role in ROLES for name in getattr(self, role)}


class Cap(SpecPart):
    """A limit of each subject's value: a number, or a percentile over the subjects of all variants."""

    percentile: Annotated[float, Field(ge=0.5, lt=1)] | None = Field(None, description="like 0.99")
    value: Annotated[float, Field(gt=0)] | None = Field(None, description="a number")


class MetricWindow(SpecPart):
    """What counts for one metric: days from the first exposure on, after a delay."""

    window: Window | None = Field(None, description="days that count; until the end otherwise")
    delay: DayCount = Field(0, description="days after the exposure before the window opens")


class Activation(SpecPart):
    """Who counts as having met what is tested: subjects with a value of this metric after their exposure."""

    metric: Word = Field(description="the metric that tells")
    source: Word | None = Field(None, description="its metrics spec, if others have a metric of that name")


class Sequential(SpecPart):
    """Intervals that hold on all days at once; with ``looks`` on a few planned days at once, which makes them narrower."""

    n: Annotated[int, Field(ge=100)] = Field(
        5000, description="subjects of both variants at which they are tightest: the expected total"
    )
    looks: Annotated[tuple[Look, ...], Field(strict=False, min_length=1, max_length=20)] | None = Field(
        None, description="after how many days one looks, the last time included, like [7, 14, 28]; every day otherwise"
    )
    spending: Literal["power", "obrien-fleming", "pocock"] = Field(
        "power",
        description="of looks: how much of alpha is spent when a share t of n has come: power alpha t^2, obrien-fleming little at first, pocock much",
    )


class Statistics(SpecPart):
    """How results are computed; with a table also of what: its counts, means and variances, where no rows of subjects exist."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.05, description="1 - the coverage of intervals")
    test: Literal["welch", "bayesian"] = Field("welch", description="welch or bayesian")
    sequential: Sequential | None = Field(
        Sequential(), description="intervals that hold on all days at once; null leaves them out"
    )
    correction: Literal["holm", "hochberg", "benjamini-hochberg", "none"] = Field(
        "holm", description="of the p-values of goal metrics x variants"
    )
    post_stratify: Name | None = Field(
        None,
        description="one of `cuts` with one value for each subject, like country: effects are means of those of its values",
    )
    prior: Annotated[float, Field(gt=0)] | None = Field(
        None, description="of a bayesian test: the standard deviation of relative effects, like 0.3; flat otherwise"
    )
    table: TableName | None = Field(
        None, description="instead of assignments: one row for each variant, metric and day, partitioned by ds"
    )
    where: Condition = Field("true", description="of the table: the condition of the rows of this experiment")
    metric: Name = Field("metric", description="of the table: the column with the metric's name")
    variant: Name = Field("variant", description="of the table: the column with the variant")
    n: Name = Field("n", description="of the table: the column with the number of subjects so far")
    mean: Name = Field("mean", description="of the table: the column with their mean so far")
    variance: Name = Field("variance", description="of the table: the column with their sample variance so far")


class Experiment(Spec):
    """An experiment: who was exposed to which variant, and what that did to the metrics of the repository, as of each day."""

    kind: Literal["experiment"] = Field("experiment", description="experiment")
    name: Word = Field(description="what the tables are called: experiments.<name>, experiments.<name>_units and so on")
    hypothesis: str = Field("", description="what is expected, for people")
    channel: str = Field("", description="web, mobile, email or any other word, for people")
    assignments: Assignments | None = Field(None, description="the table that says who got which variant")
    subject: Name | None = Field(None, description="the type of subject that is analysed, as the metrics call it")
    identities: Identities | None = Field(
        None, description="how assigned ids become subjects; without it they are subjects"
    )
    variants: Annotated[dict[Name, Weight], Field(min_length=2)] = Field(description="variant: its weight")
    baseline: Name | None = Field(
        None, description="the variant that others are compared with; the first one otherwise"
    )
    start: Day = Field(description="the first day of exposures")
    end: Day | None = Field(
        None, description="the last day of exposures; results are final when its windows have closed"
    )
    max_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = Field(
        None, description="instead of `end`: how many days at most"
    )
    until: SkipJsonSchema[Until] = Field(Forever("follows from `end` and `window`"), description="follows from `end`")
    window: Window | None = Field(None, description="days from the first exposure that count; until the end otherwise")
    delay: DayCount = Field(0, description="days after the exposure before the window opens")
    windows: dict[Word, MetricWindow] = Field(
        {}, description="metric: a window of its own, like {rode: {delay: 7d, window: 7d}} for who came back"
    )
    exposure_day: Literal["exact", "include", "exclude"] | None = Field(
        None,
        description="exact: from the moment of exposure; include: the whole day; exclude: from the next day. "
        "Otherwise exact for metrics with a `time`, and exclude for others",
    )
    metrics: MetricRoles = Field(description="the metrics by role")
    cap: dict[Word, Cap] = Field({}, description="metric: a limit of each subject's value")
    pre_period: DayCount = Field(14, description="days before the exposure that reduce variance (CUPED); 0 for none")
    cuts: Annotated[tuple[Name, ...], Field(strict=False)] = Field(
        (), description="dimensions of assignments or of metrics, and day or week, the cohort of the first exposure"
    )
    top: Annotated[int, Field(ge=1, le=MAX_CELLS - 1)] = Field(
        20, description="values of a cut that are kept, those of most subjects; all others are '(other)'"
    )
    activation: Activation | None = Field(
        None, description="results also for those who met what is tested, and for those who did not"
    )
    traffic: Annotated[float, Field(gt=0, le=1, strict=False)] = Field(
        1.0, description="the share of all subjects that takes part, for the impact on all"
    )
    statistics: Statistics = Field(Statistics(), description="how results are computed")

    @model_validator(mode="after")
    def _set_until(self) -> Self:
        # What plans a pipeline reads `until`; in an experiment nobody writes it.
        object.__setattr__(self, "until", self.last_day)
        return self

    @property
    def table(self) -> str:
        """The table of the results; those beside it begin with its name."""
        return f"experiments.{self.name}"

    @property
    def last_exposure(self) -> date:
        """The last day of exposures."""
        return self.end or self.start + timedelta(days=(self.max_days or MAX_DAYS) - 1)

    @property
    def last_day(self) -> date:
        """The day on which the last window has closed."""
        spans = [(self.delay, self.window), *((one.delay, one.window) for one in self.windows.values())]
        return self.last_exposure + timedelta(days=max(delay + (window or 0) for delay, window in spans))

    @property
    def has_delay(self) -> bool:
        """Whether a window opens after the exposure."""
        return any([self.delay, *(one.delay for one in self.windows.values())])

    @property
    def control(self) -> str:
        """The baseline."""
        return self.baseline or next(iter(self.variants))

    def problems(self) -> Iterator[Problem]:
        """Fields that do not fit together."""
        if not re.fullmatch(r"\w+", self.name):
            yield self.problem(("name",), self.name, "must be one word of letters, digits and _")
        yield from self._time_problems()
        yield from self._source_problems()
        if self.baseline and self.baseline not in self.variants:
            fix = Fix(did_you_mean(self.baseline, self.variants) or "Name it under `variants` first.")
            yield self.problem(("baseline",), self.baseline, f"must be one of {', '.join(self.variants)}", fix)
        named = [*self.metrics.goal, *self.metrics.secondary, *self.metrics.guardrail]
        if not named:
            yield self.problem(("metrics",), "{}", "must name at least one metric", Fix("Like {goal: [rides]}."))
        for name in sorted({name for name in named if named.count(name) > 1}):
            yield self.problem(("metrics",), name, "must have one role only")
        for name, cap in self.cap.items():
            if (cap.percentile is None) == (cap.value is None):
                yield self.problem(("cap", name), cap.percentile, "must have `percentile` or `value`")
        if len(set(self.cuts)) < len(self.cuts):
            yield self.problem(("cuts",), list(self.cuts), "must not name one twice")
        yield from self._look_problems()
        if self.statistics.prior and self.statistics.test != "bayesian":
            yield self.problem(("statistics", "prior"), self.statistics.prior, "must have `test: bayesian` beside it")

    def _time_problems(self) -> Iterator[Problem]:
        if "until" in self.model_fields_set:
            yield self.problem(("until",), "a day", "must be left out: it follows from `end` and `window`")
        for name, days in COHORTS.items():
            cells = -(-((self.last_exposure - self.start).days + days) // days)
            if name in self.cuts and cells > MAX_CELLS:
                rule = f"must have at most {MAX_CELLS} values, and has up to {cells}"
                yield self.problem(("cuts",), name, rule, Fix("Cut by week, or not by time."))
        if self.end and self.max_days:
            yield self.problem(("max_days",), self.max_days, "must be left out where there is an `end`")
        if not self.end and not self.max_days:
            fix = Fix("Write `end: 2026-01-28`, or `max_days: 28`.")
            yield self.problem(("end",), "null", "must be a day: an experiment ends", fix)
        if self.end and self.end < self.start:
            fix = Fix("Swap them, or correct the year.")
            yield self.problem(("end",), self.end, f"must not be before the start, {self.start}", fix)
        if self.last_exposure - self.start >= timedelta(days=MAX_DAYS):
            yield self.problem(("end",), self.end, f"must be at most {MAX_DAYS} days after the start, {self.start}")
        yield from self._window_problems()

    def _window_problems(self) -> Iterator[Problem]:
        if self.delay and not self.window:
            yield self.problem(("delay",), self.delay, "must have a `window` beside it")
        for name, span in self.windows.items():
            if name not in self.metrics.roles:
                fix = Fix(did_you_mean(name, self.metrics.roles) or "Name it under `metrics` first.")
                yield self.problem(("windows", name), name, "must be one of `metrics`", fix)
            if span.delay and not span.window:
                yield self.problem(("windows", name, "delay"), span.delay, "must have a `window` beside it")
        if self.exposure_day == "include" and self.has_delay:
            yield self.problem(("exposure_day",), "include", "must be exact or exclude where there is a `delay`")

    def _look_problems(self) -> Iterator[Problem]:
        """Days on which one looks, if they are planned."""
        sequential = self.statistics.sequential
        if sequential is None:
            return
        place = ("statistics", "sequential", "looks")
        if sequential.looks is None:
            if "spending" in sequential.model_fields_set:
                rule = "must have `looks` beside it"
                yield self.problem((*place[:2], "spending"), sequential.spending, rule)
            return
        looks, days = list(sequential.looks), (self.last_day - self.start).days + 1
        if looks != sorted(set(looks)):
            yield self.problem(place, looks, "must rise", Fix(f"Write {sorted(set(looks))}."))
        elif days > 0 and looks[-1] > days:
            yield self.problem(place, looks, f"must end within the {days} days until {self.last_day}")
        if self.statistics.table:
            rule = "must be left out: a table of statistics does not tell how many subjects earlier looks had"
            yield self.problem(place, looks, rule, Fix("Leave it out: intervals then hold on all days."))
        if self.statistics.test == "bayesian":
            yield self.problem(place, looks, "must be left out: a bayesian test has no level to spend")

    def _source_problems(self) -> Iterator[Problem]:
        summaries = self.statistics.table is not None
        if summaries == (self.assignments is not None):
            rule = "must be given, or `statistics` with a table, and not both"
            yield self.problem(("assignments",), "null" if not summaries else self.statistics.table, rule)
        if self.assignments and not self.subject:
            fix = Fix("Name the type of subject whose metrics count, like rider.")
            yield self.problem(("subject",), "null", "must be a type of subject of the metrics", fix)
        if summaries:
            given = {
                "identities",
                "window",
                "windows",
                "pre_period",
                "delay",
                "exposure_day",
                "cap",
                "activation",
                "cuts",
                "subject",
            }
            for field in sorted(given & self.model_fields_set):
                yield self.problem((field,), getattr(self, field), "must be left out: there are no rows of subjects")
