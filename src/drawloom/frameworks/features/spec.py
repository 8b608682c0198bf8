"""The spec of a set of features."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from drawloom.frameworks.features.online import Online
from drawloom.frameworks.features.ops import STATES, AnyOp
from drawloom.frameworks.features.scoring.spec import Scoring
from drawloom.frameworks.features.windows import FeatureWindows, Window
from drawloom.frameworks.fields import Condition, Entity, TimeColumn, condition_sql
from drawloom.frameworks.fields import Window as Days
from drawloom.model import Problem
from drawloom.specs.base import PYTHON_ONLY, Callback, Spec, SpecPart
from drawloom.specs.fields import Name, TableName, Word
from drawloom.specs.validation import did_you_mean

FAMILY = "features.registry"
METRIC_FAMILY = "metrics"  # the schema of the metric repository
LONGEST_NAME = 63  # letters of a column in PostgreSQL, where features are pushed to
RESERVED = frozenset({"ds", "first_ds", "last_ds", "row_id"})
NUMBER_OPS = frozenset({"sum", "avg", "stddev"})
_NOT_A_NUMBER = re.compile(r"^sql == (?P<value>\(.*\)) \* 1, .*'\*\((?P<type>\w+)", re.DOTALL)  # how their SQL begins
METRIC_OPS: Mapping[str, tuple[str, ...]] = {"count": ("sum",), "sum": ("sum",), "any": ("max",), "max": ("max",)}


def _as_value(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Bucket = Annotated[str, BeforeValidator(_as_value)]


class FeatureEntity(SpecPart):
    """Whom or what features are about."""

    name: Name = Field(description="what it is called, like rider; metrics call their subjects by it")
    key: Entity = Field(description="the column, or list of columns, that identifies it")
    type: Literal["VARCHAR", "BIGINT", "INTEGER"] | None = Field(
        None, description="the type of the key, where features of metrics are kept beside those of other sources"
    )


class FeatureSource(SpecPart):
    """A table of events."""

    table: TableName = Field(description="the table of events, partitioned by the day of their time")
    time: TimeColumn = Field(description="the column with the moment of the event, in UTC")
    arrived: Name | None = Field(
        None, description="the column with the moment it became known; with it training sets can be `as known`"
    )
    tie_breaker: Name | None = Field(None, description="the column that orders events of the same moment")
    where: Condition = Field("true", description="the condition of the rows that count; all rows otherwise")


class Buckets(SpecPart):
    """A feature for each value of a column."""

    column: Name = Field(description="the column")
    values: Annotated[tuple[Bucket, ...], Field(strict=False, min_length=1)] = Field(
        description="the values that have features of their own"
    )
    other: bool = Field(False, description="also a feature of all other values")


class Measure(SpecPart):
    """What is measured of each entity, and how its values are put together."""

    ops: Annotated[tuple[AnyOp, ...], Field(strict=False, min_length=1)] = Field(
        description="count, sum, avg, min, max, stddev, n_distinct, first, last, {last_k: 5}, {top_k: 3}"
    )
    value: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="a column, or SQL over one row; rows are counted otherwise"
    )
    where: Condition = Field("true", description="the condition of its rows; all rows of the source otherwise")
    by: Buckets | None = Field(None, description="a feature for each value of a column")
    windows: FeatureWindows | None = Field(None, description="windows of its own")
    metric: Word | None = Field(
        None, description="instead of rows of a source: a metric of the repository, as source.metric"
    )
    source: Name | None = Field(None, description="which of several `sources`; the first one otherwise")
    description: str = Field("", description="what it means and its unit, for people")


class Label(SpecPart):
    """What happened to an entity after a moment: what models learn to predict."""

    op: Literal["any", "count", "sum"] = Field(
        "any", description="any: whether there was a row; count or sum of values"
    )
    value: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="a column, or SQL over one row; rows are counted otherwise"
    )
    where: Condition = Field("true", description="the condition of its rows; all rows of the source otherwise")
    horizon: Days = Field(description="how many days from the moment on are looked at, like 14d")
    source: Name | None = Field(None, description="which of several `sources`; the first one otherwise")
    description: str = Field("", description="what it means, for people")


class Empty(SpecPart):
    """What features are where there is nothing to compute them from."""

    count: Literal[0] | None = Field(0, description="of counts, also of distinct values: 0, or null")


class Features(Spec):
    """What is interesting about an entity: each day one row for each, over windows of days, computed from carried states."""

    kind: Literal["features"] = Field("features", description="features")
    name: Word = Field(description="what the table is called: features.<name>")
    entity: FeatureEntity = Field(description="whom features are about")
    source: FeatureSource | None = Field(None, description="the events that features are made of")
    sources: dict[Name, FeatureSource] = Field({}, description="instead of `source`: several, by name")
    windows: FeatureWindows = Field(
        (Window(1), Window(7), Window(28), Window(None)),
        description="of all measures that have none: days like 28d, or ltd for all so far",
    )
    measures: Annotated[dict[Name, Measure], Field(min_length=1)] = Field(
        description="measure: what is measured; its features are called <measure>_<op>_<window>"
    )
    derive: dict[Name, Annotated[str, Field(min_length=1)]] = Field(
        {}, description="feature: SQL over the other features of the row"
    )
    labels: dict[Name, Label] = Field(
        {}, description="label: what happened within days after a moment, for training sets; no table has it"
    )
    empty: Empty = Field(Empty(), description="what features are where there is nothing")
    active: Days | None = Field(
        None, description="entities without an event for so many days are left out, like 400d; none otherwise"
    )
    scoring: Scoring | None = Field(
        None, description="a model that is scored each day with features of this and other sets"
    )
    online: Online | None = Field(
        None, description="where `drawloom features push` puts the newest features, for services"
    )
    on_training_set: Callback = Field(
        None,
        description="a Python function, called with each training set of its features",
        json_schema_extra={PYTHON_ONLY: True},
    )
    on_scored: Callback = Field(
        None,
        description="a Python function, called with the scores of a day before they are published; see Scored",
        json_schema_extra={PYTHON_ONLY: True},
    )

    @property
    def table(self) -> str:
        """The table of the features; those beside it begin with its name."""
        return f"features.{self.name}"

    @property
    def all_sources(self) -> dict[str, FeatureSource]:
        """The sources by name; one that has none is called by its place in the spec."""
        return {"source": self.source} if self.source else dict(self.sources)

    def source_of(self, measure: Measure | Label) -> str:
        """The name of the source of a measure that is of no metric, or of a label."""
        return measure.source or next(iter(self.all_sources), "source")

    def windows_of(self, measure: Measure) -> tuple[Window, ...]:
        """The windows of a measure."""
        return measure.windows or self.windows

    def problems(self) -> Iterator[Problem]:
        """Fields that do not fit together, and features that would be called the same."""
        words = {"name": (self.name,), "measures": self.measures, "derive": self.derive, "labels": self.labels}
        for field, names in words.items():
            for name in names:
                if not re.fullmatch(r"\w+", name):
                    yield self.problem((field, name), name, "must be one word of letters, digits and _")
        yield from self._source_problems()
        for name, measure in self.measures.items():
            yield from self._measure_problems(name, measure)
        for name, label in self.labels.items():
            yield from self._label_problems(name, label)
        happened = [name for name, label in self.labels.items() if label.op == "any"]
        if self.scoring and self.scoring.label and self.scoring.label not in happened:
            fix = did_you_mean(self.scoring.label, happened) or f"There are: {', '.join(happened) or 'none'}."
            yield self.problem(("scoring", "label"), self.scoring.label, "must be one of `labels` with `op: any`", fix)
        for place, windows in self.all_windows():
            for window in sorted({w.name for w in windows if windows.count(w) > 1}):
                yield self.problem(place, window, "must be named once")
        yield from self._name_problems()
        for name, value, rule, fix in self.online.problems_of() if self.online else ():
            yield self.problem(("online", name), value, rule, fix)

    def explain_problem(self, problem: Problem) -> Problem:
        """Ops that the type of the values cannot have, at the ops, and labels that cannot be added up."""
        found = _NOT_A_NUMBER.search(problem.message)
        for name, measure in self.measures.items() if found else ():
            wrong = [op.text for op in measure.ops if op.name in NUMBER_OPS]
            if found and wrong and measure.value and condition_sql(measure.value) == found["value"]:
                rule = f"must be ops that {found['type']} can have: {', '.join(op for op in STATES if op not in NUMBER_OPS)}"
                fix = f"Make numbers of the values, like CAST({measure.value} AS DOUBLE), or leave these ops out."
                return self.problem(("measures", name, "ops"), ", ".join(wrong), rule, fix)
        for name, label in self.labels.items() if found else ():
            if found and label.op == "sum" and label.value and condition_sql(label.value) == found["value"]:
                rule = f"must be a number to be added up, and is {found['type']}"
                fix = f"Make a number of it, like CAST({label.value} AS DOUBLE), or count rows: `op: count`."
                return self.problem(("labels", name, "value"), label.value, rule, fix)
        return problem

    def feature_names(self) -> list[tuple[tuple[str | int, ...], str]]:
        """The names of all features, each with its place in the spec."""
        found: list[tuple[tuple[str | int, ...], str]] = []
        for key, measure in self.measures.items():
            endings = [f"__{slug(value)}" for value in measure.by.values] if measure.by else [""]
            if measure.by and measure.by.other:
                endings.append("__other")
            for op in measure.ops:
                for window in self.windows_of(measure):
                    found += [(("measures", key), f"{key}_{op.name}_{window.name}{ending}") for ending in endings]
        return [*found, *((("derive", name), name) for name in self.derive)]

    def _source_problems(self) -> Iterator[Problem]:
        if self.source and self.sources:
            yield self.problem(("sources",), ", ".join(self.sources), "must be left out where there is a `source`")
        if not self.all_sources and any(measure.metric is None for measure in self.measures.values()):
            fix = "Like {table: core.rides, time: requested_at}."
            yield self.problem(("source",), "null", "must be a table and the column of its time", fix)
        mixed = self.all_sources and any(measure.metric for measure in self.measures.values())
        if mixed and not self.entity.type:
            fix = "Write its type, like BIGINT: metrics keep subjects as text."
            yield self.problem(("entity", "type"), "null", "must be given beside features of metrics", fix)
        if len(self.entity.key) > 1 and any(measure.metric for measure in self.measures.values()):
            rule = "must be one column, where there are features of metrics: their subjects have one"
            yield self.problem(("entity", "key"), list(self.entity.key), rule)

    def _measure_problems(self, name: str, measure: Measure) -> Iterator[Problem]:
        place = ("measures", name)
        needs_value = [op.name for op in measure.ops if op.name != "count"]
        if measure.metric:
            for field in ("value", "by", "source"):
                if getattr(measure, field) is not None:
                    yield self.problem((*place, field), getattr(measure, field), "must be left out: it is a metric")
            if measure.where != "true":
                yield self.problem((*place, "where"), measure.where, "must be left out: a metric has its own")
        elif needs_value and measure.value is None:
            fix = "Name a column, like `value: fare_usd`."
            yield self.problem((*place, "ops"), needs_value[0], "must have a `value`", fix)
        yield from self._unknown_source(place, measure.source)
        for op, count in Counter(op.name for op in measure.ops).items():
            if count > 1:
                yield self.problem((*place, "ops"), op, "must be named once")

    def _label_problems(self, name: str, label: Label) -> Iterator[Problem]:
        place = ("labels", name)
        if not self.all_sources:
            yield self.problem(place, name, "must have a `source`: labels are made of events")
        if label.op == "sum" and label.value is None:
            fix = "Name a column, like `value: fare_usd`."
            yield self.problem((*place, "op"), label.op, "must have a `value`", fix)
        yield from self._unknown_source(place, label.source)

    def _unknown_source(self, place: tuple[str, ...], source: str | None) -> Iterator[Problem]:
        if source and source not in self.sources:
            fix = did_you_mean(source, self.sources) or "Name it under `sources` first."
            yield self.problem((*place, "source"), source, "must be one of `sources`", fix)

    def all_windows(self) -> Iterator[tuple[tuple[str, ...], tuple[Window, ...]]]:
        """All windows that the spec names, each with its place."""
        yield ("windows",), self.windows
        yield from ((("measures", key, "windows"), one.windows) for key, one in self.measures.items() if one.windows)

    def _name_problems(self) -> Iterator[Problem]:
        taken = {key.lower(): "the key of the entity" for key in self.entity.key}
        taken |= dict.fromkeys(RESERVED, "a column of every table of features")
        labels: list[tuple[tuple[str | int, ...], str]] = [(("labels", name), name) for name in self.labels]
        for place, name in [*self.feature_names(), *labels]:
            if name.lower() in taken:
                fix = "Give it another name."
                yield self.problem(place, name, f"must not be called like {taken[name.lower()]}", fix)
            elif len(name.encode()) > LONGEST_NAME:
                fix = "Shorten the name of the measure, or the values."
                rule = f"must have at most {LONGEST_NAME} letters, and has {len(name.encode())}"
                yield self.problem(place, name, rule, fix)
            taken[name.lower()] = f"the feature {name}"


def slug(value: str) -> str:
    """A value as the end of a column's name."""
    return re.sub(r"\W+", "_", value).strip("_").lower() or "empty"
