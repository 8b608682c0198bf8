"""Planning an experiment from history: which effects it would find in how many days, and how long it takes to find one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.experiments.cells import DayStatistics, Test
from drawloom.frameworks.experiments.history import ALL, COHORT, Pretended
from drawloom.frameworks.experiments.results import Arms
from drawloom.frameworks.experiments.wanted import Wanted, plural
from drawloom.frameworks.page import Chart, DataColumn, DataTable, Judgement, Page, Row, Series, Verdict

if TYPE_CHECKING:
    from drawloom.statistics import Method


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned: the pretended experiments of the history, the arms that are compared, and the effect that is wanted.

    ``weights`` are those of the baseline and of the smallest other variant, as shares of all. ``per_day`` are the new
    subjects of a day where they are not those of the history.
    """

    pretended: Pretended
    durations: tuple[int, ...]
    weights: tuple[float, float]
    power: float
    wanted: Wanted | None = None
    per_day: int | None = None

    def page(self, title: str) -> Page:
        """The page of the plan."""
        query = self.pretended.query(self.durations)
        return Page(
            title=title,
            verdict=Verdict(query, self._judge, f"Nobody was seen in the {self.longest} days up to {self.last}."),
            blocks=(self._table(query), self._chart(query)),
        )

    @property
    def longest(self) -> int:
        """The most days."""
        return max(self.durations)

    @property
    def last(self) -> date:
        """The last day of the history."""
        return self.pretended.last

    @property
    def ratio(self) -> float:
        """Subjects of the variant for each of the baseline."""
        return self.weights[1] / self.weights[0]

    def rows(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """A row for each metric and duration."""
        arrivals = self._arrivals(rows)
        found = [row for days in self.durations for row in self._rows_of(days, rows, arrivals)]
        order = [one.name for one in self.pretended.used]
        return sorted(found, key=lambda row: (order.index(row["metric"]), row["days"]))

    def _arrivals(self, rows: Sequence[Row]) -> list[int]:
        """New subjects of each day, so many as the longest duration has."""
        first = self.pretended.used[0].name
        if self.per_day:
            return [self.per_day] * self.longest
        counts = {
            row["cut_value"]: row["n"]
            for row in rows
            if row["days"] == self.longest and row["cut"] == COHORT and row["metric"] == first
        }
        days = (date.fromordinal(self.last.toordinal() - n).isoformat() for n in reversed(range(self.longest)))
        return [int(counts.get(day, 0)) for day in days]

    def _rows_of(self, days: int, rows: Sequence[Row], arrivals: Sequence[int]) -> Iterator[dict[str, Any]]:
        import numpy as np

        import drawloom.statistics as st

        share = self.pretended.spec.traffic * sum(self.weights)
        new = [n * share for n in arrivals]
        history = _History.of([row for row in rows if row["days"] == days and not row["cut"]], self.pretended)
        for one in history.metrics():
            subjects = sum(new[:days]) if self.per_day else one.n * share
            daily = st.Method(alpha=self.method.alpha, expected_units=max(subjects, 1))
            once, always = (
                float(st.minimum_detectable_effect(one.variance, subjects, self.power, method, self.ratio))
                for method in (self.method, daily)
            )
            size = self.wanted.size(one.mean) if self.wanted else np.nan
            needed = float(st.units_needed(size, one.variance, self.power, self.method, self.ratio))
            yield {
                "metric": one.name,
                "days": days,
                "subjects": int(subjects),
                "mean": _known(one.mean),
                "detectable": _known(once / abs(one.mean) if one.mean else math.nan),
                "detectable_absolute": _known(once),
                "detectable_daily": _known(always / abs(one.mean) if one.mean else math.nan),
                "power": _known(float(st.power(size, one.variance, subjects, self.method, self.ratio))),
                "subjects_needed": _known(needed),
                "days_needed": _known(float(st.days_needed(needed, new))),
                "reason": one.reason,
            }

    @property
    def method(self) -> Method:
        """How the arms would be compared at the end."""
        from drawloom.statistics import Method

        return Method(alpha=self.pretended.spec.statistics.alpha)

    def answer(self, rows: Sequence[Row]) -> dict[str, tuple[int | None, int]]:
        """For each metric the days in which the wanted effect is found, None beyond the durations, and the subjects it needs.

        What is needed hangs on the duration, as values go on where there is no window: the first one that is long enough counts.
        """
        found: dict[str, tuple[int | None, int]] = {}
        done = 0
        for row in self.rows(rows):
            if row["metric"] not in found:
                done = 0
            if found.get(row["metric"], (None,))[0] is None and row["subjects_needed"] is not None:
                takes = row["days_needed"]
                days = max(int(takes), done + 1) if takes is not None and takes <= row["days"] else None
                found[row["metric"]] = (days, int(row["subjects_needed"]))
            done = row["days"]
        return found

    def _judge(self, rows: Sequence[Row]) -> Judgement:
        found = {row["metric"]: row for row in self.rows(rows) if row["days"] == self.longest}
        unknown = "".join(
            f" Nothing is known of {name}: {row['reason']}." for name, row in found.items() if row["reason"]
        )
        if not self.wanted:
            texts = [f"{name} from {row['detectable']:.1%}" for name, row in found.items() if row["detectable"]]
            if not texts:
                return Judgement(unknown.strip() or "No metric has a mean to compare with.", "unknown")
            text = f"In {self.longest} days effects are found of {', '.join(texts)} (power {self.power:.0%})."
            return Judgement(text + unknown)
        answers = self.answer(rows)
        texts = [f"{metric} {self._in_days(*answer)}" for metric, answer in answers.items()]
        if not texts:
            return Judgement(unknown.strip() or "No metric has a mean to compare with.", "unknown")
        enough = all(days is not None for days, _ in answers.values())
        return Judgement(f"To find {self.wanted.text}: {'; '.join(texts)}.{unknown}", "good" if enough else "bad")

    def _in_days(self, days: int | None, subjects: int) -> str:
        needs = f"takes {subjects:,} subjects"
        return f"{needs}, {plural(days, 'day')}" if days else f"{needs}, more than {self.longest} days bring"

    def _table(self, query: str) -> DataTable:
        spec = self.pretended.spec
        more = [DataColumn("power", "power", "percent")] if self.wanted else []
        return DataTable(
            "durations",
            "What is found in how many days",
            query,
            (
                DataColumn("metric"),
                DataColumn("days", "days", "integer"),
                DataColumn("subjects", "subjects", "integer"),
                DataColumn("mean", "mean", "decimal"),
                DataColumn("detectable", "found from", "percent"),
                DataColumn("detectable_absolute", "absolute", "decimal"),
                DataColumn("detectable_daily", "daily", "percent"),
                *more,
            ),
            f"Effects that are found with a power of {self.power:.0%} at the level {spec.statistics.alpha:g}, by one look at the end, or "
            f"(daily) by looking every day. Subjects are those of both arms. The numbers are those of the days up to {self.last}"
            f"{f', less the variance that the {spec.pre_period} days before explain' if spec.pre_period else ''}.",
            compute=self.rows,
        )

    def _chart(self, query: str) -> Chart:
        several = len(self.pretended.used) > 1

        def drawn(rows: Sequence[Row]) -> list[dict[str, Any]]:
            known = [row for row in self.rows(rows) if row["detectable"] is not None]
            return [{**row, "label": f"{row['metric'] + ' ' if several else ''}{row['days']} days"} for row in known]

        relative = self.wanted.relative if self.wanted else None
        return Chart(
            "effects",
            "The smallest effect: ● by one look at the end, up to ─ by looking every day",
            "forest",
            query,
            "detectable",
            (Series("detectable", "found from", "blue", low="detectable", high="detectable_daily"),),
            f"| is the effect that is wanted, {self.wanted.text}." if self.wanted and relative else "",
            y="label",
            line=relative or 0,
            format="percent",
            empty="No relative effect can be computed: the means are 0 or unknown.",
            compute=drawn,
        )


@dataclass(frozen=True, slots=True)
class _History:
    """The statistics of one duration."""

    arms: tuple[tuple[str, Arms], ...]
    types: Mapping[str, tuple[str, float | None]]

    @classmethod
    def of(cls, rows: Sequence[Row], pretended: Pretended) -> _History:
        import pyarrow as pa

        if not rows:
            return cls((), {})
        statistics = DayStatistics(pa.Table.from_pylist([dict(row) for row in rows]))
        settings = {
            "baseline": ALL,
            "variants": {ALL: 1.0},
            "cuped": pretended.spec.pre_period > 0,
            "alpha": pretended.spec.statistics.alpha,
            "sequential": None,
        }
        types = {one.name: (one.metric.type, one.metric.q) for one in pretended.used}
        return cls(
            tuple((name, Arms(statistics, [Test(name, ALL, "", "")], settings)) for name in types),
            types,
        )

    def metrics(self) -> Iterator[_Measured]:
        """Each metric with what is known of a subject.

        The variance is that of a comparison of all with themselves: whatever the metric is and whatever reduces its
        variance, that is what an experiment will have.
        """
        for name, arms in self.arms:
            found = arms.compare(*self.types[name])
            n, error = float(arms.units[0][0]), float(found.standard_error[0])
            yield _Measured(name, n, float(found.control[0]), error**2 * n / 2, str(found.reason[0]))


@dataclass(frozen=True, slots=True)
class _Measured:
    """A metric over the subjects of a duration; NaN is unknown, and ``reason`` says why."""

    name: str
    n: float
    mean: float
    variance: float
    reason: str


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
