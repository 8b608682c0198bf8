"""P-values of many tests, adjusted so that a level holds for all of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, floats, must_be_of

Correction = Literal["bonferroni", "sidak", "holm", "hochberg", "hommel", "benjamini-hochberg", "benjamini-yekutieli"]
CORRECTIONS = ("bonferroni", "sidak", "holm", "hochberg", "hommel", "benjamini-hochberg", "benjamini-yekutieli")


def adjust(p_values: ArrayLike, correction: Correction = "holm", family: ArrayLike | None = None) -> Array:
    """Adjusted p-values of one family, or of each of the families that are named one by test.

    A family is what is decided on together, such as goal metrics x variants. NaN is no test: it stays NaN and is not
    counted. The chance of any false alarm is held by "holm" (Holm 1979) whatever the tests have in common, by "hochberg"
    (1988) and "hommel" (1988) for independent or positively dependent ones; the share of false ones among all alarms by
    "benjamini-hochberg" (1995), likewise, and "benjamini-yekutieli" (2001).
    """
    must_be_of("correction", correction, CORRECTIONS)
    p = floats(p_values)
    if p.ndim != 1:
        raise ValueError(f"p_values has {p.ndim} dimensions, must have one")
    if np.any((p < 0) | (p > 1)):
        raise ValueError(f"p_values == {p[(p < 0) | (p > 1)][0]:g}, must be between 0 and 1")
    _, names = np.unique(np.zeros(p.size) if family is None else np.asarray(family), return_inverse=True)
    adjusted = np.full(p.shape, np.nan)
    for name in range(names.max(initial=-1) + 1):
        tests = np.flatnonzero((names == name) & ~np.isnan(p))
        order = tests[np.argsort(p[tests], kind="stable")]
        adjusted[order] = _adjust_sorted(p[order], correction)
    return adjusted


def _adjust_sorted(p: Array, correction: Correction) -> Array:
    """The adjusted values of p-values in rising order."""
    m = p.size
    rank = np.arange(1, m + 1)
    if correction == "bonferroni":
        return floats(np.minimum(1.0, m * p))
    if correction == "sidak":
        return floats(-np.expm1(m * np.log1p(-np.minimum(p, 1 - 1e-16))))
    if correction == "holm":
        return np.minimum(1.0, np.maximum.accumulate((m - rank + 1) * p))
    if correction == "hommel":
        return _hommel(p)
    if correction == "hochberg":
        return _step_up((m - rank + 1) * p)
    dependence = np.sum(1 / rank) if correction == "benjamini-yekutieli" else 1.0
    return _step_up(dependence * m / rank * p)


def _step_up(values: Array) -> Array:
    return np.minimum(1.0, np.minimum.accumulate(values[::-1])[::-1])


def _hommel(p: Array) -> Array:
    """Wright (1992), figure 1."""
    m = p.size
    adjusted = p.copy()
    for size in range(m, 1, -1):
        last = p[m - size + 1 :]
        smallest = np.min(size * last / np.arange(2, size + 1))
        first = np.minimum(smallest, size * p[: m - size + 1])
        adjusted[m - size + 1 :] = np.maximum(adjusted[m - size + 1 :], smallest)
        adjusted[: m - size + 1] = np.maximum(adjusted[: m - size + 1], first)
    return adjusted
