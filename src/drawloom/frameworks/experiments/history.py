"""Experiments as they would have been: what subjects did in the days up to one, as if they had been exposed when first seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.experiments.spec import Experiment
from drawloom.frameworks.experiments.values import Component, UsedMetric, Values

FILE = Path(__file__).with_name("statistics.sql")
ALL = "all"  # the one variant of an experiment that was none
COHORT = "day"


@dataclass(frozen=True, slots=True)
class Pretended:
    """An experiment whose metrics and windows are those of ``spec``, pretended to have run for so many days up to ``last``.

    Subjects count from the first day on which they have a value of ``seen_by``, or a row in any of its sources.
    """

    spec: Experiment
    used: tuple[UsedMetric, ...]
    last: date
    seen_by: Component | None = None

    def query(self, durations: Sequence[int]) -> str:
        """The statistics of each duration, of all subjects together and by the day on which they were first seen."""
        parts = (f"SELECT {days} AS days, t.* FROM ({self._statistics(days)}) AS t" for days in durations)
        return " UNION ALL ".join(parts)

    def _statistics(self, days: int) -> str:
        start = self.last - timedelta(days=days - 1)
        changes = {
            "start": start,
            "end": self.last,
            "max_days": None,
            "variants": {ALL: 1.0},
            "cuts": (COHORT,),
            "activation": None,
            "identities": None,
            "assignments": None,
            "exposure_day": "exclude" if self.spec.has_delay else "include",
        }
        values = _Values(self.spec.model_copy(update=changes), self.used, seen_by=self.seen_by)
        return sqlfiles.fill_day(sqlfiles.render_sql(FILE, e=values), self.last)


@dataclass(frozen=True)
class _Values(Values):
    """With subjects of the metric repository in the place of units that were exposed."""

    seen_by: Component | None = None
    is_step = False

    @cached_property
    def units(self) -> str:
        """A query in the form of the table of units."""
        rows = " UNION ALL ".join(self._rows())
        return (
            f"(SELECT subject, {sqlfiles.quote_value(ALL)} AS variant, CAST(min(ds) AS TIMESTAMP) AS first_exposed_at, "
            f"DATE '{self.last_exposure}' AS ds FROM ({rows}) AS seen_rows GROUP BY subject) AS seen_subjects"
        )

    def _rows(self) -> Iterator[str]:
        tables = [self.seen_by.spec.table] if self.seen_by else [source.spec.table for source in self.sources]
        of_metric = f" AND metric = {self.seen_by.name}" if self.seen_by else ""
        for table in tables:
            yield (
                f"SELECT subject, ds FROM {sqlfiles.quote_table(table)} WHERE ds BETWEEN DATE '{self.start}' "
                f"AND DATE '{self.last_exposure}' AND subject_type = {self.subject}{of_metric}"
            )
