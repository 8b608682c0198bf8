"""Capping extreme values at a percentile of the units of all arms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, floats, must_be_between


def winsorise_limits(
    arms: Sequence[ArrayLike], upper: float | None = 0.99, lower: float | None = None, *, ignore_zeros: bool = False
) -> tuple[float, float]:
    """The lowest and highest value that stay, from all arms together: limits of each arm would hide an effect.

    Percentiles are interpolated, as DuckDB's ``quantile_cont`` does. ``ignore_zeros`` takes those of values that are not 0.
    """
    for name, level in (("upper", upper), ("lower", lower)):
        if level is not None:
            must_be_between(name, level, 0, 1)
    if upper is not None and lower is not None and lower >= upper:
        raise ValueError(f"lower == {lower:g}, must be below upper == {upper:g}")
    values = np.concatenate([floats(arm) for arm in arms])
    values = values[values != 0] if ignore_zeros else values
    if not values.size:
        return -np.inf, np.inf
    low = -np.inf if lower is None else float(np.quantile(values, lower))
    return low, np.inf if upper is None else float(np.quantile(values, upper))


def winsorise(
    arms: Sequence[ArrayLike], upper: float | None = 0.99, lower: float | None = None, *, ignore_zeros: bool = False
) -> list[Array]:
    """The values of each arm, cut off at the limits of all arms (Tukey 1962). Covariates are cut with limits of their own."""
    low, high = winsorise_limits(arms, upper, lower, ignore_zeros=ignore_zeros)
    return [np.clip(floats(arm), low, high) for arm in arms]
