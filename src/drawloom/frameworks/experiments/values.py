"""What the ``.sql`` files of experiments are completed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.experiments.spec import COHORTS, Experiment, MetricWindow
from drawloom.frameworks.experiments.tables import MOMENTS, PAIRS, QUANTILES
from drawloom.frameworks.fields import condition_sql
from drawloom.frameworks.metrics.spec import COMBINED_BY_MAX, Metric, Metrics
from drawloom.model import SliceRead

BOUNDS = 1.959963984540054  # as drawloom.statistics takes them: those of 95 %
WEEK = "CAST(date_trunc('week', first_exposed_at) AS DATE)"


@dataclass(frozen=True, slots=True)
class UsedMetric:
    """A metric that an experiment uses: its name there, and what it is made of."""

    name: str
    metric: Metric
    parts: tuple[Component, ...]  # one; of a ratio its numerator and its denominator


@dataclass(frozen=True, slots=True)
class Component:
    """A metric of a source whose values are read; ``span`` is its window, where it has one of its own."""

    spec: Metrics
    key: str
    span: MetricWindow | None = None

    @property
    def metric(self) -> Metric:
        """What it measures."""
        return self.spec.metrics[self.key]

    @property
    def label(self) -> str:
        """Its name among the components of all sources."""
        return f"{self.prefix}{self.key}"

    @property
    def prefix(self) -> str:
        """What the labels of its source and window begin with."""
        own = f"@{self.span.delay}+{self.span.window}" if self.span else ""
        return f"{self.spec.name}{own}."

    @property
    def name(self) -> str:
        """Its name in its source, as a literal."""
        return sqlfiles.quote_value(self.key)


@dataclass(frozen=True, slots=True)
class Source:
    """The metrics of one source and window that an experiment reads, and which days of a unit are in it.

    ``first`` and ``last`` are days since the exposure that count as a whole; none where ``first`` is None.
    ``reads_all`` of the rows that the step sees: no other window reads other metrics of that table.
    """

    spec: Metrics
    components: tuple[Component, ...]
    subject: str
    is_exact: bool
    delay: int
    window: int | None
    first: int | None
    last: int | None
    reads_all: bool

    @property
    def table(self) -> str:
        """Its part of the repository."""
        return sqlfiles.quote_table(self.spec.table)

    @property
    def source(self) -> str:
        """The table of its events."""
        return sqlfiles.quote_table(self.spec.source)

    @property
    def id(self) -> str:
        """The column of its events that tells whose they are."""
        return sqlfiles.quote_name(self.spec.subjects[self.subject])

    @property
    def time(self) -> str:
        """The column of its events that tells when they were."""
        return sqlfiles.quote_name(self.spec.time or "")

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The columns by which its values are kept apart."""
        return tuple(map(sqlfiles.quote_name, self.spec.dimensions))


@dataclass(frozen=True, slots=True)
class Cut:
    """What results are cut by."""

    key: str
    column: str = ""
    value: str = "''"
    is_dimension: bool = False

    @property
    def name(self) -> str:
        """Its name, as a literal."""
        return sqlfiles.quote_value(self.key)


@dataclass(frozen=True)
class Values:
    """A spec and the metrics it uses, as the templates see them."""

    spec: Experiment
    used: tuple[UsedMetric, ...]
    activated_by: Component | None = None
    is_step = True  # which sees only its slices; a query of a page sees all rows
    pairs = PAIRS
    empty_columns = (
        *(f"{kind}{name}" for _, name in MOMENTS[1:] for kind in ("mean", "m2")),
        *(name for _, _, name in PAIRS),
        *QUANTILES,
    )

    @property
    def start(self) -> date:
        """The first day of exposures."""
        return self.spec.start

    @property
    def last_exposure(self) -> date:
        """The last day of exposures."""
        return self.spec.last_exposure

    @property
    def first_day(self) -> date:
        """The first day of which values are read."""
        return self.spec.start - timedelta(days=self.spec.pre_period)

    @property
    def pre_period(self) -> int:
        """Days before the exposure that reduce variance."""
        return self.spec.pre_period

    @property
    def top(self) -> int:
        """How many values of a cut are kept."""
        return self.spec.top

    @property
    def z(self) -> float:
        """How many standard errors from a quantile its bounds are read, whatever the level of the test."""
        return BOUNDS

    @property
    def subject(self) -> str:
        """The type of subject, as a literal."""
        return sqlfiles.quote_value(self.spec.subject or "")

    @property
    def variants(self) -> list[str]:
        """The variants, as literals."""
        return [sqlfiles.quote_value(name) for name in self.spec.variants]

    @property
    def units(self) -> str:
        """The table of units."""
        return sqlfiles.quote_table(f"{self.spec.table}_units")

    @property
    def counts(self) -> str:
        """The table of counts."""
        return sqlfiles.quote_table(f"{self.spec.table}_counts")

    @property
    def assignments(self) -> Mapping[str, str]:
        """The table that says who got which variant, and its columns."""
        rows = self.spec.assignments
        assert rows
        return {
            "table": sqlfiles.quote_table(rows.table),
            "condition": condition_sql(rows.where),
            **{field: sqlfiles.quote_name(getattr(rows, field)) for field in ("subject", "variant", "time")},
        }

    @property
    def identities(self) -> Mapping[str, str] | None:
        """The table that maps ids to subjects, and its columns."""
        mapped = self.spec.identities
        if mapped is None:
            return None
        return {
            "table": sqlfiles.quote_table(mapped.table),
            "from": sqlfiles.quote_name(mapped.from_),
            "to": sqlfiles.quote_name(mapped.to),
        }

    @property
    def summaries(self) -> Mapping[str, str]:
        """The table that has statistics already, and its columns."""
        given = self.spec.statistics
        assert given.table
        columns = {
            field: sqlfiles.quote_name(getattr(given, field))
            for field in ("metric", "variant", "n", "mean", "variance")
        }
        return {"table": sqlfiles.quote_table(given.table), "condition": condition_sql(given.where), **columns}

    @property
    def unit_dimensions(self) -> list[Mapping[str, str]]:
        """The dimensions of units: their columns in the assignments and in the units."""
        rows = self.spec.assignments
        return [
            {"source": sqlfiles.quote_name(name), "column": sqlfiles.quote_name(name)}
            for name in (rows.dimensions if rows else ())
        ]

    @property
    def unit_cuts(self) -> list[Cut]:
        """The cuts in which a unit has one value; the first is that of all units."""
        rows = self.spec.assignments
        cohorts = {"day": "CAST(exposed_on AS VARCHAR)", "week": f"CAST({WEEK} AS VARCHAR)"}
        dimensions = rows.dimensions if rows else ()
        cuts = [Cut("")]
        for key in self.spec.cuts:
            if key in dimensions:
                cuts.append(Cut(key, value=sqlfiles.quote_name(key), is_dimension=True))
            elif key in COHORTS:
                cuts.append(Cut(key, value=cohorts[key]))
        return cuts

    @property
    def dimension_cuts(self) -> list[Cut]:
        """Those of them by a dimension, of which only some values are kept."""
        return [cut for cut in self.unit_cuts if cut.is_dimension]

    @property
    def event_cuts(self) -> list[Cut]:
        """The cuts by what events are: a unit may have a value in each of their cells."""
        known = {cut.key for cut in self.unit_cuts}
        return [Cut(key, sqlfiles.quote_name(key)) for key in self.spec.cuts if key not in known]

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """All components that are read."""
        found = [part for one in self.used for part in one.parts]
        found += [self.activated_by] if self.activated_by else []
        return tuple({component.label: component for component in found}.values())

    def number(self, component: Component) -> int:
        """Which of them it is, from 1: engines compare and group by numbers faster than by names."""
        return [one.label for one in self.components].index(component.label) + 1

    @property
    def letters(self) -> str:
        """The moments that can be other than 0: y, d of ratios and quantiles, x and z where values before the exposure count."""
        found = "yd" if self.has_ratios or self.quantiles else "y"
        if not self.pre_period:
            return found
        return found + ("xz" if self.has_ratios else "x")

    @property
    def has_ratios(self) -> bool:
        """Whether a metric has two components, whose values stand side by side."""
        return any(one.metric.type == "ratio" for one in self.used)

    @property
    def sources(self) -> list[Source]:
        """The sources that are read, once for each window."""
        found: dict[str, list[Component]] = {}
        for component in self.components:
            found.setdefault(component.prefix, []).append(component)
        return [self._source(components) for components in found.values()]

    @property
    def slices(self) -> tuple[SliceRead, ...]:
        """What is read of the repository."""
        found: dict[str, set[str]] = {}
        for component in self.components:
            found.setdefault(component.spec.table, set()).add(component.key)
        return tuple(SliceRead(table, "metric", tuple(sorted(keys))) for table, keys in sorted(found.items()))

    def _source(self, components: Sequence[Component]) -> Source:
        spec, span = components[0].spec, components[0].span
        mode = self.spec.exposure_day or ("exact" if spec.time else "exclude")
        delay, window = (span.delay, span.window) if span else (self.spec.delay, self.spec.window)
        whole_days = _whole_days(mode, delay, window)
        keys = {component.key for component in components}
        reads_all = self.is_step and all(
            keys.issuperset(read.values) for read in self.slices if read.table == spec.table
        )
        subject = self.spec.subject or ""
        return Source(spec, tuple(components), subject, mode == "exact", delay, window, *whole_days, reads_all)

    @property
    def maxima(self) -> list[int]:
        """The components of which the largest value counts, and not the sum."""
        return [self.number(one) for one in self.components if one.metric.type in COMBINED_BY_MAX]

    @property
    def parts(self) -> list[Mapping[str, object]]:
        """Which component is which part of which metric."""
        return [
            {"metric": sqlfiles.quote_value(one.name), "component": self.number(component), "part": part}
            for one in self.used
            if one.metric.type != "quantile"
            for component, part in zip(one.parts, "yd", strict=False)
        ]

    @property
    def quantiles(self) -> list[Mapping[str, object]]:
        """The metrics that are quantiles."""
        return [
            {"metric": sqlfiles.quote_value(one.name), "component": self.number(one.parts[0]), "q": one.metric.q}
            for one in self.used
            if one.metric.type == "quantile"
        ]

    @property
    def cut_metrics(self) -> list[Mapping[str, str]]:
        """Which metrics each cut has: that by a dimension of events those whose sources have it."""
        cuts = [*self.unit_cuts, *([Cut("activation")] if self.activated_by else [])]
        of_units = [(one, cut) for cut in cuts for one in self.used]
        of_events = [(one, cut) for cut in self.event_cuts for one in self.used if _has_dimension(one, cut.key)]
        return [{"metric": sqlfiles.quote_value(one.name), "cut": cut.name} for one, cut in [*of_units, *of_events]]

    @property
    def caps(self) -> list[Mapping[str, object]]:
        """The limits of components."""
        found: list[Mapping[str, object]] = []
        for name, cap in self.spec.cap.items():
            for component in self._capped(name):
                limit = {"percentile": cap.percentile, "value": cap.value}
                found.append({"component": self.number(component), **limit})
        return found

    def _capped(self, name: str) -> list[Component]:
        """The components that a cap names: a metric of the experiment, or one of which it is made, in all its windows."""
        used = [one.parts[0] for one in self.used if one.name == name and one.metric.type != "ratio"]
        named = [c for c in self.components if name in {c.key, f"{c.spec.name}.{c.key}"}]
        return list({component.label: component for component in [*used, *named]}.values())

    @property
    def percentiles(self) -> list[Mapping[str, object]]:
        """Those of them that are a percentile over units."""
        return [cap for cap in self.caps if cap["percentile"] is not None]

    @property
    def activation(self) -> int | None:
        """The component that tells who was activated."""
        return self.number(self.activated_by) if self.activated_by else None


def _has_dimension(used: UsedMetric, name: str) -> bool:
    return used.metric.type != "quantile" and all(name in part.spec.dimensions for part in used.parts)


def _whole_days(mode: str, delay: int, window: int | None) -> tuple[int | None, int | None]:
    """The first and last day since the exposure that count as a whole; None for no such day, or no last one."""
    first = delay if mode == "include" else delay + 1
    if window is None:
        return first, None
    last = delay + window - (0 if mode == "exclude" else 1)
    return (first, last) if first <= last else (None, None)
