"""What an effect amounts to if all units get the treatment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, Texts, floats, quiet
from drawloom.statistics.compare import Comparison


@dataclass(frozen=True, slots=True, eq=False)
class Impact:
    """The effect on the sum over all units, per day."""

    effect: Array
    standard_error: Array
    ci_low: Array
    ci_high: Array
    sequential_low: Array
    sequential_high: Array
    reason: Texts


@quiet
def global_impact(comparison: Comparison, exposed: ArrayLike, traffic: ArrayLike, days: ArrayLike) -> Impact:
    """The absolute effect on a unit x units a day: exposed / (traffic x days), at 100 % of traffic.

    ``exposed`` are the units of all arms, ``traffic`` the share of all units that were in the experiment, ``days`` how long
    they were counted. It is for means and proportions of units, adjusted ones too: ratios and quantiles do not add up.
    """
    share, length = floats(traffic), floats(days)
    if np.any((share <= 0) | (share > 1)):
        raise ValueError(f"traffic == {share.tolist()}, must be above 0 and at most 1")
    if np.any(length <= 0):
        raise ValueError(f"days == {length.tolist()}, must be above 0")
    units = floats(exposed) / (share * length)
    return Impact(
        effect=comparison.effect * units,
        standard_error=comparison.standard_error * units,
        ci_low=comparison.ci_low * units,
        ci_high=comparison.ci_high * units,
        sequential_low=comparison.sequential_low * units,
        sequential_high=comparison.sequential_high * units,
        reason=comparison.reason,
    )
