"""How well flags find labelled incidents: hits within windows, days in a row as one alert, grace after a change that stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

GAP = 1  # days without a flag between two that are still one alert
GRACE = 21  # days after a shift or a drift in which an alert is neither right nor wrong
STAYS = frozenset({"level_shift", "drift"})


@dataclass(frozen=True, slots=True)
class Incident:
    """A label: the columns from ``first`` to ``last`` of one series. What is not ``scored`` is history, where flags are allowed."""

    first: int
    last: int
    kind: str
    scored: bool = True


@dataclass(slots=True)
class Score:
    """What was found. ``by_kind``: how many were found, and how many there are."""

    found: int = 0
    missed: int = 0
    false_alerts: int = 0
    days: int = 0
    by_kind: dict[str, list[int]] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        """Which share of alerts is right; an incident counts once."""
        return self.found / max(self.found + self.false_alerts, 1)

    @property
    def recall(self) -> float:
        """Which share of incidents was found."""
        return self.found / max(self.found + self.missed, 1)

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.found / max(2 * self.found + self.false_alerts + self.missed, 1)

    @property
    def false_alerts_per_year(self) -> float:
        """Of one series."""
        return self.false_alerts / max(self.days, 1) * 365.25


def score_flags(
    flags: NDArray[np.bool_], first_days: Sequence[int], incidents: Mapping[int, Sequence[Incident]]
) -> Score:
    """Score flags, series x days, from the first judged day of each series on."""
    score = Score()
    for number, row in enumerate(flags):
        flagged = [int(day) for day in np.flatnonzero(row) if day >= first_days[number]]
        labels = incidents.get(number, ())
        score.days += flags.shape[1] - first_days[number]
        score.false_alerts += sum(not any(_touches(alert, one) for one in labels) for alert in alerts(flagged))
        for one in labels:
            if one.scored:
                is_hit = any(one.first <= day <= one.last for day in flagged)
                score.found, score.missed = score.found + is_hit, score.missed + (not is_hit)
                count = score.by_kind.setdefault(one.kind, [0, 0])
                count[0], count[1] = count[0] + is_hit, count[1] + 1
    return score


def alerts(flagged: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of flagged days, with gaps of at most one day."""
    runs: list[tuple[int, int]] = []
    for day in flagged:
        if runs and day - runs[-1][1] <= GAP + 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _touches(alert: tuple[int, int], label: Incident) -> bool:
    last = label.last + (GRACE if label.kind in STAYS else 0)
    return alert[0] <= last and alert[1] >= label.first
