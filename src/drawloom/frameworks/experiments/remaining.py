"""What a running experiment can still find: its interval as it is now, and as it will be on the days that remain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.experiments.spec import Experiment
from drawloom.frameworks.experiments.wanted import Wanted, plural
from drawloom.frameworks.page import Chart, DataColumn, DataTable, Judgement, Page, Row, Series, Verdict

RECENT = 7  # days by which it is told how many subjects a day brings
LONG = 10_000  # days that nobody waits


@dataclass(frozen=True, slots=True)
class Remaining:
    """An experiment as of a day on which it has results."""

    spec: Experiment
    day: date
    power: float
    wanted: Wanted | None = None

    @property
    def left(self) -> int:
        """Days of exposures that are still to come."""
        return max(0, (self.spec.last_exposure - self.day).days)

    def page(self) -> Page:
        """The page of what remains."""
        query = self._query()
        return Page(
            title=f"{self.spec.name}: {plural(self.left, 'day')} of exposures to come after {self.day}",
            verdict=Verdict(query, self._judge),
            blocks=(self._table(query), self._chart(query)),
        )

    def _query(self) -> str:
        table = sqlfiles.quote_table(self.spec.table)
        first = self.day - timedelta(days=RECENT)
        return (
            "SELECT ds, metric, role, variant, n_baseline, n_variant, mean_baseline, standard_error, effect_relative, se_relative, "
            f"ci_low_relative, ci_high_relative FROM {table} WHERE cut = '' AND ds BETWEEN DATE '{first}' AND DATE '{self.day}' "
            "ORDER BY ds, metric, variant"
        )

    def rows(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """A row for each metric and variant, in the order of the spec."""
        before: dict[tuple[str, str], Row] = {}
        found = []
        for row in rows:
            if row["ds"] == self.day:
                found.append(self._row(row, before.get((row["metric"], row["variant"]))))
            else:
                before.setdefault((row["metric"], row["variant"]), row)
        order = list(self.spec.metrics.roles)
        return sorted(found, key=lambda row: (order.index(row["metric"]), row["variant"]))

    def _row(self, row: Row, before: Row | None) -> dict[str, Any]:
        n = row["n_baseline"] + row["n_variant"]
        if before:
            per_day = (n - before["n_baseline"] - before["n_variant"]) / (self.day - before["ds"]).days
        else:
            per_day = n / ((self.day - self.spec.start).days + 1)
        error, low, high = row["se_relative"], row["ci_low_relative"], row["ci_high_relative"]
        shrunk = math.sqrt(n / (n + per_day * self.left)) if n else 1.0
        is_known = bool(error and n > 2)
        farthest = max(abs(low), abs(high)) if low is not None and high is not None else None
        middle = (low + high) / 2 if low is not None and high is not None else None
        half = (high - low) / 2 * shrunk if low is not None and high is not None else None
        return {
            "metric": row["metric"],
            "role": row["role"],
            "variant": row["variant"],
            "subjects": n,
            "per_day": per_day,
            "effect": row["effect_relative"],
            "low": low,
            "high": high,
            "detectable": self._detectable(error, n) if is_known else None,
            "detectable_at_end": self._detectable(error * shrunk, n / shrunk**2) if is_known else None,
            "low_at_end": middle - half if middle is not None and half is not None else None,
            "high_at_end": middle + half if middle is not None and half is not None else None,
            "days_for_farthest": self._days(error, n, per_day, farthest) if is_known else None,
            "days_for_wanted": self._days(error, n, per_day, self._wanted(row)) if is_known else None,
        }

    def _wanted(self, row: Row) -> float | None:
        """The wanted effect as a share of the baseline."""
        if self.wanted is None or not row["mean_baseline"]:
            return None
        mean = float(row["mean_baseline"])
        return self.wanted.size(mean) / abs(mean)

    def _detectable(self, error: float, n: float) -> float:
        from drawloom.statistics import detectable_now

        return float(detectable_now(_comparison(error, n), self.power, self._method()))

    def _days(self, error: float, n: float, per_day: float, effect: float | None) -> int | None:
        """How many more days find a relative effect; None where nothing is wanted or nobody comes any more."""
        from drawloom.statistics import units_remaining

        if not effect:
            return None
        more = float(units_remaining(_comparison(error, n), effect, self.power, self._method()).units)
        if more == 0:
            return 0
        return min(math.ceil(more / per_day), LONG) if per_day > 0 and math.isfinite(more) else LONG

    def _method(self) -> Any:
        from drawloom.statistics import Method

        return Method(alpha=self.spec.statistics.alpha)

    def _judge(self, rows: Sequence[Row]) -> Judgement:
        found = [row for row in self.rows(rows) if row["role"] == "goal"] or self.rows(rows)
        texts = [self._sentence(row) for row in found]
        if not self.left:
            return Judgement(f"No exposures are to come. {' '.join(texts)}", "neutral")
        hopeless = [row for row in found if self._is_hopeless(row)]
        return Judgement(" ".join(texts), "bad" if len(hopeless) == len(found) else "neutral")

    def _is_hopeless(self, row: Row) -> bool:
        """Whether even the largest effect that the interval holds takes longer than the experiment has left."""
        return row["days_for_farthest"] is not None and row["days_for_farthest"] > self.left

    def _sentence(self, row: Row) -> str:
        name = row["metric"] if len(self.spec.variants) == 2 else f"{row['metric']} of {row['variant']}"
        if row["detectable"] is None:
            return f"{name}: nothing is known yet."
        text = f"{name}: effects are found from {row['detectable']:.1%} now"
        text += f", from {row['detectable_at_end']:.1%} at the end" if self.left else ""
        if row["days_for_wanted"] is not None and self.wanted:
            text += f"; {self.wanted.text} {_takes(row['days_for_wanted'])}"
        if self._is_hopeless(row):
            farthest = max(row["low"], row["high"], key=abs)
            text += f"; even {farthest:+.1%}, the largest effect in its interval, {_takes(row['days_for_farthest'])}"
        return f"{text}."

    def _table(self, query: str) -> DataTable:
        variant = [DataColumn("variant")] if len(self.spec.variants) > 2 else []
        wanted = [DataColumn("days_for_wanted", f"days to {self.wanted.text}", "integer")] if self.wanted else []
        return DataTable(
            "remaining",
            "What is found now, and at the end",
            query,
            (
                DataColumn("metric"),
                *variant,
                DataColumn("effect", "effect", "percent"),
                DataColumn("low", "low", "percent"),
                DataColumn("high", "high", "percent"),
                DataColumn("per_day", "a day", "integer"),
                DataColumn("detectable", "found from", "percent"),
                DataColumn("detectable_at_end", "at the end", "percent"),
                *wanted,
            ),
            f"Effects that are found with a power of {self.power:.0%} at the level {self.spec.statistics.alpha:g}, if as many subjects come a day as in "
            f"the last {RECENT} days and standard errors go on falling with their number.",
            compute=self.rows,
        )

    def _chart(self, query: str) -> Chart:
        def drawn(rows: Sequence[Row]) -> list[dict[str, Any]]:
            return list(self._intervals(self.rows(rows)))

        return Chart(
            "intervals",
            "Intervals now, and as wide as they will be at the end",
            "forest",
            query,
            "effect",
            (Series("effect", "effect", "blue", low="low", high="high"),),
            "Where the interval will lie at the end nobody knows; it is drawn around the present effect.",
            y="label",
            line=0,
            format="percent",
            empty="No effect can be computed yet.",
            compute=drawn,
        )

    def _intervals(self, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
        several = len(self.spec.variants) > 2
        for row in rows:
            if row["effect"] is not None and row["low"] is not None:
                name = f"{row['metric']} {row['variant']}" if several else row["metric"]
                yield {**row, "label": f"{name} now"}
                yield {**row, "label": f"{name} then", "low": row["low_at_end"], "high": row["high_at_end"]}


def _takes(days: int) -> str:
    if days == 0:
        return "can be found now"
    return f"takes {plural(days, 'more day')}" if days < LONG else "is out of reach"


def _comparison(error: float, n: float) -> Any:
    """A comparison of which only the relative error and the units are known."""
    from dataclasses import fields

    import numpy as np

    from drawloom.statistics import Comparison

    known = {"se_relative": error, "n_control": n / 2, "n_treatment": n / 2}
    return Comparison(**{field.name: np.array(known.get(field.name, np.nan)) for field in fields(Comparison)})
