"""The verdict on an experiment, in words: ship it, do not, keep running, or broken because of something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from drawloom.frameworks.experiments.looks import look_days
from drawloom.frameworks.experiments.spec import Experiment
from drawloom.frameworks.page import Judgement, Row

_BROKEN = {
    "sample-ratio": "the variants are not split as planned",
    "pre-exposure-bias": "the variants differed before anybody was exposed",
    "covariate-imbalance": "the variants are not made of the same subjects",
    "activation-imbalance": "the variants were not activated alike",
}
SURE = 0.95  # a chance to win that counts as one


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the results of a day, one row for each metric and variant.

    ``note`` is said besides, such as that the day that was asked for has no results of its own. While a health check asks to
    wait (the rows' ``early``) nothing is shipped, however certain an effect looks.
    """

    spec: Experiment
    note: str = ""

    def __call__(self, rows: Sequence[Row]) -> Judgement:
        """The verdict."""
        found = self._judge(rows)
        return Judgement(f"{found.text} {self.note}", found.tone) if self.note else found

    def _judge(self, rows: Sequence[Row]) -> Judgement:
        first = rows[0]
        if all(not row["n_variant"] and not row["n_baseline"] for row in rows):
            return Judgement("Nobody was exposed yet.", "unknown")
        if first["broken"]:
            why = _BROKEN.get(first["broken"], first["broken"])
            return Judgement(
                f"Broken: {why} ({first['detail']}). Do not read the results before that is mended.", "bad"
            )
        worse = [row for row in rows if row["role"] != "secondary" and self._is_worse(row)]
        better = [row for row in rows if row["role"] == "goal" and self._is_better(row)]
        if (worse or better) and first["early"] and not self._is_final(first):
            return _too_early(first["early"], worse, better)
        if worse:
            return Judgement(f"Do not ship: {_effects(worse)}.", "bad")
        if better:
            best = sorted({row["variant"] for row in better})
            return Judgement(f"Ship {' or '.join(best)}: {_effects(better)}.", "good")
        if self._is_final(first):
            return Judgement(f"No effect on {self._goals} was found; the experiment is over.", "neutral")
        until = next((day for day in self._looks if day > first["ds"]), self.spec.last_day)
        if self._looks and first["ds"] not in self._looks:
            return Judgement(f"No look is planned on {first['ds']}: wait for that on {until}.", "unknown")
        return Judgement(f"Keep running until {until}: nothing is certain on {self._goals} yet.", "unknown")

    @property
    def _looks(self) -> list[date]:
        sequential = self.spec.statistics.sequential
        return look_days(self.spec.start, sequential.looks or ()) if sequential else []

    @property
    def _goals(self) -> str:
        return " and ".join(self.spec.metrics.goal) or "its metrics"

    def _is_final(self, row: Row) -> bool:
        return bool(row["ds"] >= (self._looks[-1] if self._looks else self.spec.last_day))

    def _is_sure(self, row: Row) -> bool:
        """Whether an effect is significant: before the end by the test that may be looked at every day."""
        if self.spec.statistics.test == "bayesian":
            chance = row["chance_to_win"]
            return chance is not None and (chance > SURE or chance < 1 - SURE)
        if self._looks:
            return row["sequential_p"] is not None and row["sequential_p"] < self.spec.statistics.alpha
        names = ("p_adjusted", "p_value") if self._is_final(row) or row["sequential_p"] is None else ("sequential_p",)
        p = next((row[name] for name in names if row[name] is not None), None)
        return p is not None and p < self.spec.statistics.alpha

    def _is_better(self, row: Row) -> bool:
        return self._direction(row) > 0

    def _is_worse(self, row: Row) -> bool:
        return self._direction(row) < 0

    def _direction(self, row: Row) -> int:
        """1 for an effect that is certain and good, -1 for one that is bad, 0 for none."""
        good = {"better": 1, "worse": -1, "neutral": 0}[row["higher_is"]]
        return good * ((row["effect"] > 0) - (row["effect"] < 0)) if self._is_sure(row) else 0


def _too_early(why: str, worse: Sequence[Row], better: Sequence[Row]) -> Judgement:
    """That it is too early to ship, and what looks certain so far."""
    so_far = [f"{_effects(rows)}, which is {word}" for rows, word in ((worse, "worse"), (better, "better")) if rows]
    return Judgement(f"Too early: {why}. So far {'; '.join(so_far)}.", "bad" if worse else "unknown")


def _effects(rows: Sequence[Row]) -> str:
    return ", ".join(_effect(row) for row in rows)


def _effect(row: Row) -> str:
    of = f"{row['metric']} of {row['variant']}"
    if row["effect_relative"] is None:
        return f"{of} {row['effect']:+.4g}"
    interval = (
        f" ({row['ci_low_relative']:+.1%} to {row['ci_high_relative']:+.1%})"
        if row["ci_low_relative"] is not None
        else ""
    )
    return f"{of} {row['effect_relative']:+.1%}{interval}"
