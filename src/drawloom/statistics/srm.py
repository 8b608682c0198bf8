"""Splits: whether as many units are in each arm as should be, and of every kind alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics import reasons
from drawloom.statistics.arrays import Array, Texts, floats, quiet
from drawloom.statistics.special import chi_squared_survival

FEWEST = 5  # expected units of a cell, for the approximation of the distribution to hold


@dataclass(frozen=True, slots=True, eq=False)
class SampleRatio:
    """The test of a split: ``expected`` units of each arm, and the p-value that they came about by chance."""

    expected: Array
    chi_squared: Array
    df: Array
    p_value: Array
    reason: Texts


@quiet
def sample_ratio(observed: ArrayLike, weights: ArrayLike, minimum_expected: float = FEWEST) -> SampleRatio:
    """Pearson's chi-squared test of units by arm, the last axis, against weights, which need not add up to one.

    An alarm is p < 0.001 (Fabijan et al. 2019). Arms with weight 0 are not counted as degrees of freedom; units in them
    give p = 0. With fewer than ``minimum_expected`` units in an arm the p-value is NaN, "low-sample".
    """
    units, weight = np.broadcast_arrays(floats(observed), floats(weights))
    if np.any(weight < 0) or np.any(weight.sum(axis=-1) <= 0):
        raise ValueError(f"weights == {np.asarray(weights).tolist()}, must not be negative, and add up to more than 0")
    total = units.sum(axis=-1)
    expected = total[..., np.newaxis] * weight / weight.sum(axis=-1)[..., np.newaxis]
    used = weight > 0
    parts = np.where(used, (units - expected) ** 2 / expected, np.where(units > 0, np.inf, 0.0))
    df = used.sum(axis=-1) - 1.0
    chi_squared = parts.sum(axis=-1)
    smallest = np.where(used, expected, np.inf).min(axis=-1)
    reason = reasons.pick(
        total.shape,
        (reasons.NO_UNITS, np.asarray(total <= 0)),
        (reasons.TOO_FEW_UNITS, np.asarray((df < 1) & np.isfinite(chi_squared))),
        (reasons.LOW_SAMPLE, np.asarray((smallest < minimum_expected) & np.isfinite(chi_squared))),
    )
    p = np.where(np.isinf(chi_squared), 0.0, chi_squared_survival(chi_squared, df))
    return SampleRatio(expected, chi_squared, df, np.where(reason == "", p, np.nan), reason)


@quiet
def independence(counts: ArrayLike) -> float:
    """The p-value of Pearson's (1900) chi-squared test that the rows of one table are spread over its columns, the arms, alike.

    Rows with fewer than 5 expected units in an arm count together. NaN where there are not two rows with enough, or an
    arm has no units.
    """
    table = floats(counts)
    table = table[table.sum(axis=1) > 0]
    is_enough = _expected(table).min(axis=1, initial=np.inf) >= FEWEST
    rare = table[~is_enough].sum(axis=0, keepdims=True)
    table = np.concatenate([table[is_enough], rare]) if rare.sum() else table[is_enough]
    if len(table) < 2 or table.sum(axis=0).min() == 0 or _expected(table).min() < FEWEST:
        return float("nan")
    expected = _expected(table)
    df = floats((table.shape[0] - 1) * (table.shape[1] - 1))
    return float(chi_squared_survival(((table - expected) ** 2 / expected).sum(), df))


def _expected(table: Array) -> Array:
    """The units of each cell, if rows are spread over the columns alike."""
    return floats(table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum())
