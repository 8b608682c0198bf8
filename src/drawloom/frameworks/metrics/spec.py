"""The spec of the metrics of a source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from drawloom.frameworks.fields import Condition, TimeColumn, condition_sql
from drawloom.model import Fix, Problem
from drawloom.specs.base import Spec, SpecPart
from drawloom.specs.fields import Name, TableName, Word
from drawloom.specs.validation import did_you_mean

MetricType = Literal["count", "sum", "any", "max", "ratio", "quantile"]
NEEDS_VALUE = frozenset({"sum", "max", "quantile"})
COMBINED_BY_MAX = frozenset({"any", "max"})
FAMILY = "metrics.repository"
RESERVED = frozenset(
    ["ds", "subject_type", "subject", "metric", "value", "events", "source", "variant", "cut", "cut_value"]
)


class Metric(SpecPart):
    """One metric: what is measured of each subject on a day."""

    type: MetricType = Field(
        description="count of rows, sum or max of a value, any (1 if there is a row, else 0), ratio of two metrics, quantile of the values"
    )
    value: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="a column, or SQL over one row, for sum, max and quantile"
    )
    where: Condition = Field("true", description="the condition of its rows; all rows otherwise")
    numerator: Word | None = Field(None, description="of a ratio: a metric of this source, or source.metric")
    denominator: Word | None = Field(None, description="of a ratio: a metric of this source, or source.metric")
    q: Annotated[float, Field(gt=0, lt=1)] | None = Field(None, description="of a quantile: which one, like 0.9")
    description: str = Field("", description="what it means and its unit, for people")
    owner: str = Field("", description="who answers for it; the owner of the source otherwise")
    tier: str = Field("", description="how far it can be trusted, like certified: any word")
    higher_is: Literal["better", "worse", "neutral"] = Field("better", description="which way is good")

    @property
    def row_condition(self) -> str:
        """SQL that is true for its rows, safe in a template."""
        return condition_sql(self.where)

    @property
    def row_value(self) -> str:
        """SQL of the value of one of its rows, safe in a template; 1 where it has none.

        NULL where it is no number below 1e20. Sums are of decimals, which add up to the same in any order.
        """
        if not self.value:
            return "1"
        exact = f"TRY_CAST({condition_sql(self.value)} AS DECIMAL(38, 18))"
        return exact if self.type == "sum" else f"CASE WHEN {exact} IS NOT NULL THEN {condition_sql(self.value)} END"


class Metrics(Spec):
    """The metrics of a source: one row for each subject, metric and day, out of one scan of each day."""

    kind: Literal["metrics"] = Field("metrics", description="metrics")
    name: Word = Field(description="what the table is called: metrics.<name>")
    source: TableName = Field(description="the table of events, partitioned by ds")
    time: TimeColumn | None = Field(
        None, description="when the event was; with it an experiment counts from the moment of exposure, not the day"
    )
    subjects: Annotated[dict[Name, Name], Field(min_length=1)] = Field(
        description="subject type: the column with its ids; rows without an id do not count for it"
    )
    metrics: Annotated[dict[Name, Metric], Field(min_length=1)] = Field(description="metric: how it is measured")
    dimensions: Annotated[tuple[Name, ...], Field(strict=False)] = Field(
        (), description="columns of the events by which values are kept apart, for cuts"
    )

    @property
    def table(self) -> str:
        """The table of its values."""
        return f"metrics.{self.name}"

    def problems(self) -> Iterator[Problem]:
        """Names that clash, and metrics that lack what their type needs."""
        for field, names in (("name", (self.name,)), ("subjects", self.subjects), ("metrics", self.metrics)):
            for name in names:
                if not re.fullmatch(r"\w+", name):
                    yield self.problem((field, name), name, "must be one word of letters, digits and _")
        for name in self.dimensions:
            if name.lower() in RESERVED:
                yield self.problem(("dimensions",), name, "must not be the name of another column of the table")
        if len({name.lower() for name in self.dimensions}) < len(self.dimensions):
            yield self.problem(("dimensions",), str(list(self.dimensions)), "must not name one twice")
        for name, metric in self.metrics.items():
            yield from self._metric_problems(name, metric)

    def _metric_problems(self, name: str, metric: Metric) -> Iterator[Problem]:
        needed = {
            "value": metric.type in NEEDS_VALUE,
            "q": metric.type == "quantile",
            "numerator": metric.type == "ratio",
            "denominator": metric.type == "ratio",
        }
        for field, is_needed in needed.items():
            given = getattr(metric, field)
            if is_needed and given is None:
                yield self.problem(("metrics", name), metric.type, f"must have `{field}`")
            if not is_needed and given is not None:
                yield self.problem(("metrics", name, field), given, f"must be left out: it is a {metric.type}")
        if metric.type == "ratio" and metric.where != "true":
            rule = "must be left out: a ratio is made of metrics with conditions of their own"
            yield self.problem(("metrics", name, "where"), metric.where, rule)
        for field in ("numerator", "denominator"):
            part = getattr(metric, field)
            if part and "." not in part:
                yield from self._part_problems(name, field, part)

    def _part_problems(self, name: str, field: str, part: str) -> Iterator[Problem]:
        found = self.metrics.get(part)
        if found is None:
            offer = did_you_mean(part, self.metrics)
            fix = Fix(offer or "Name a metric of another source as source.metric.")
            yield self.problem(("metrics", name, field), part, f"must be a metric of {self.name}", fix)
        elif found.type in {"ratio", "quantile"}:
            yield self.problem(("metrics", name, field), part, f"must add up, and not be a {found.type}")
