"""The spec of the statistics of tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from drawloom.frameworks.stats.kinds import TypeClass
from drawloom.frameworks.stats.metrics import METRICS, ROW_COUNT, Tier
from drawloom.model import Problem
from drawloom.specs.base import Spec, SpecPart
from drawloom.specs.fields import Name, Names, Word
from drawloom.specs.validation import did_you_mean

STATS_FAMILY = "meta.column_stats"
STATES_FAMILY = "meta.column_states"
RESTATEMENTS_FAMILY = "meta.restatements"
Pattern = Annotated[str, Field(min_length=1, pattern=r"^-?[\w*?\[\]]+\.[\w*?\[\]]+$")]
Rollup = Literal["week", "month", "table"]


class Match(SpecPart):
    """Which columns a rule is about: those that fit everything that is given."""

    name: Name | None = Field(None, description="a pattern of the column's name, like '*_id'")
    type: TypeClass | None = Field(None, description="the kind of its type")
    tag: Word | None = Field(None, description="a tag of the column, or of one that it is made of or named like")
    column: Name | None = Field(None, description="one column of one table, like orders.amount")


class StatsRule(SpecPart):
    """A rule: metrics that some columns have beside those of the tier, or have not."""

    match: Match = Field(description="which columns it is about")
    add: Names = Field((), description="metrics that they have, where their type allows")
    drop: Names = Field((), description="metrics that they do not have, and that nothing is kept of")
    sample: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="the share of rows that quantiles and top values are computed of; everything else sees all rows",
    )
    expressions: dict[Name, Name] = Field(
        {}, description="more metrics of one column: aggregates in SQL over the rows of its table, by their name"
    )


class Slices(SpecPart):
    """Statistics of the rows with each value of a column."""

    by: Name = Field(description="the column")
    metrics: Annotated[Names, Field(min_length=1)] = Field(description="row_count, and others as column.metric")
    top: Annotated[int, Field(ge=1, le=1000)] = Field(
        20, description="so many values of each partition, the most frequent ones; all others are '(other)'"
    )


class Stats(Spec):
    """Statistics of every partition of some tables, their own and external ones."""

    kind: Literal["stats"] = Field("stats", description="stats")
    name: Word = Field(description="the name of the pipeline")
    tables: Annotated[tuple[Pattern, ...], Field(strict=False, min_length=1)] = Field(
        description="patterns of tables, like core.*; one that begins with - leaves tables out"
    )
    tier: Tier = Field(
        "standard",
        description="which metrics columns have: footer counts rows and NULLs, cheap adds ranges, sums and lengths, "
        "standard adds distinct values, full adds quantiles and top values",
    )
    rules: Annotated[tuple[StatsRule, ...], Field(strict=False)] = Field((), description="in their order")
    slices: dict[Name, Slices] = Field({}, description="by table: statistics of the rows with each value of a column")
    rollups: Annotated[tuple[Rollup, ...], Field(strict=False)] = Field(
        (),
        description="also of more than a partition, merged and not scanned: week is the seven days up to each day, month the "
        "days of its month, table all days up to each of the last seven",
    )
    restatements: bool = Field(
        False, description="whether meta.restatements records which partitions changed after they were first measured"
    )
    sample_above_rows: Annotated[int, Field(ge=1)] | None = Field(
        50_000_000, description="of partitions with more rows, quantiles and top values are computed of so many"
    )

    def problems(self) -> Iterator[Problem]:
        """Metrics that do not exist or that the columns of a rule cannot have, and expressions of no single column."""
        for number, rule in enumerate(self.rules):
            yield from self._rule_problems(number, rule)
        for table, one in self.slices.items():
            for position, text in enumerate(one.metrics):
                yield from self._slice_problems(table, position, text)

    def _rule_problems(self, number: int, rule: StatsRule) -> Iterator[Problem]:
        for field in ("add", "drop"):
            for position, name in enumerate(getattr(rule, field)):
                yield from self._metric_problems(("rules", number, field, position), name, rule.match.type)
        if not rule.match.model_fields_set:
            yield self.problem(("rules", number, "match"), "{}", "must have a name, type, tag or column")
        if rule.expressions and not rule.match.column:
            rule_text = "must match one column, whose table they are about"
            fix = "Like match: {column: orders.amount}."
            yield self.problem(("rules", number, "expressions"), ", ".join(rule.expressions), rule_text, fix)
        if rule.match.column and "." not in rule.match.column:
            text = "must be table.column, like orders.amount"
            yield self.problem(("rules", number, "match", "column"), rule.match.column, text)
        for name in rule.expressions:
            if name in METRICS:
                text = "must not be called like a metric"
                yield self.problem(("rules", number, "expressions", name), name, text)

    def _metric_problems(self, place: tuple[str | int, ...], name: str, kind: TypeClass | None) -> Iterator[Problem]:
        metric = METRICS.get(name)
        if metric is None:
            yield self.problem(place, name, "must be a metric of columns", _known(name))
        elif kind and kind not in metric.applies and "add" in place:
            kinds = ", ".join(sorted(metric.applies))
            yield self.problem(
                place, name, f"must be a metric that columns of the kind {kind} can have", f"It is of {kinds}."
            )

    def _slice_problems(self, table: str, position: int, text: str) -> Iterator[Problem]:
        place = ("slices", table, "metrics", position)
        column, _, name = text.rpartition(".")
        if not column and text != ROW_COUNT:
            fix = f"Write the column before it, like amount.{text}." if text in METRICS else _known(text)
            yield self.problem(place, text, f"must be {ROW_COUNT}, or column.metric", fix)
        elif column and name not in METRICS:
            yield self.problem(place, text, "must end with a metric of columns", _known(name))


def _known(name: str) -> str:
    offer = did_you_mean(name, METRICS)
    return offer or f"There are: {', '.join(METRICS)}."


def states_name(table: str) -> str:
    """The table with the states of a watched table."""
    return f"{STATES_FAMILY}__{table.replace('.', '__')}"


def stats_name(table: str, grain: str = "partition") -> str:
    """The table with the statistics of a grain of a watched table; that of one without days has no grain in its name."""
    name = f"{STATS_FAMILY}__{table.replace('.', '__')}"
    return name if grain == "partition" else f"{name}__{grain}"


def restatements_name(table: str) -> str:
    """The table that records what changed of a watched table."""
    return f"{RESTATEMENTS_FAMILY}__{table.replace('.', '__')}"
