"""Sufficient statistics: how many units, the means of their variables, and the sums of products of their deviations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drawloom.statistics.arrays import Array, floats, quiet

NOISE = 16 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """The centred moments of k variables for any number of groups.

    ``n`` has the shape of the groups, ``mean`` one more axis of length k, ``comoments`` two: at i, j the sum over units
    of (x_i - mean_i)(x_j - mean_j). They lose nothing where means are large beside deviations, which sums of squares do,
    and merge exactly (Chan, Golub & LeVeque 1979).
    """

    n: Array
    mean: Array
    comoments: Array

    @classmethod
    def of(cls, n: ArrayLike, mean: ArrayLike, m2: ArrayLike) -> Moments:
        """Of one variable, from its mean and the sum of its squared deviations, such as ``var_pop(x) * count(x)``."""
        return cls.of_many(n, [mean], [[m2]])

    @classmethod
    def of_many(cls, n: ArrayLike, means: Sequence[ArrayLike], comoments: Sequence[Sequence[ArrayLike]]) -> Moments:
        """Of k variables, from k means and the k x k sums of products of deviations, each of the groups' shape.

        A group without units has no means, whatever is given.
        """
        counts = floats(n)
        rows = [_stack([floats(one) for one in row]) for row in comoments]
        mean = _stack([floats(one) for one in means])
        known = np.where(counts[..., np.newaxis] > 0, mean, np.nan)
        return cls(counts, known, np.stack(np.broadcast_arrays(*rows), axis=-2))

    @classmethod
    def of_sums(cls, n: ArrayLike, total: ArrayLike, squares: ArrayLike) -> Moments:
        """Of one variable, from its sum and the sum of its squares; see ``of_products``."""
        return cls.of_products(n, [total], [[squares]])

    @classmethod
    @quiet
    def of_products(cls, n: ArrayLike, sums: Sequence[ArrayLike], products: Sequence[Sequence[ArrayLike]]) -> Moments:
        """Of k variables, from their k sums and the k x k sums of their products.

        Integers, Decimals and Fractions are computed exactly. Floats lose digits where means are large beside
        deviations; a variance that is nothing but rounding is taken for zero, so that no test comes out of it.
        """
        means, comoments = [], []
        for i, total in enumerate(sums):
            means.append(_quotient(total, n))
            comoments.append([_comoment(n, total, other, products[i][j]) for j, other in enumerate(sums)])
        return cls.of_many(n, means, comoments)

    @classmethod
    def of_counts(cls, n: ArrayLike, successes: ArrayLike) -> Moments:
        """Of n units of which some succeeded, whose values are 1, and the others 0.

        Raises ValueError where there are more successes than units, or fewer than none.
        """
        units, ones = np.broadcast_arrays(floats(n), floats(successes))
        if np.any(wrong := (ones < 0) | (ones > units)):
            raise ValueError(f"successes == {ones[wrong][0]:g}, must be between 0 and n == {units[wrong][0]:g}")
        share = ones / np.where(units > 0, units, 1.0)
        return cls.of(units, share, ones * (1 - share))

    @classmethod
    def of_values(cls, *variables: ArrayLike) -> Moments:
        """Of one group, from the values of its units: one sequence for each variable."""
        values = np.stack([floats(one) for one in variables])
        mean = values.mean(axis=1) if values.shape[1] else np.full(len(values), np.nan)
        deviations = values - mean[:, np.newaxis]
        return cls(floats(values.shape[1]), mean, deviations @ deviations.T)

    @property
    @quiet
    def covariance(self) -> Array:
        """Sample covariances, with n - 1; NaN for fewer than two units."""
        return self.comoments / np.where(self.n > 1, self.n - 1, np.nan)[..., np.newaxis, np.newaxis]

    def only(self, *variables: int) -> Moments:
        """The moments of some of the variables, in the order given."""
        kept = list(variables)
        return Moments(self.n, self.mean[..., kept], self.comoments[..., kept, :][..., kept])

    def at(self, group: int) -> Moments:
        """The moments of one group of the last axis."""
        return Moments(self.n[..., group], self.mean[..., group, :], self.comoments[..., group, :, :])

    @quiet
    def merge(self, other: Moments) -> Moments:
        """The moments of the units of both (Chan, Golub & LeVeque 1979); a group without units changes nothing."""
        n = self.n + other.n
        share = np.where(n > 0, other.n / n, 0.0)
        ours, theirs = (np.where(one.n[..., np.newaxis] > 0, one.mean, 0.0) for one in (self, other))
        difference = np.where(((self.n > 0) & (other.n > 0))[..., np.newaxis], theirs - ours, 0.0)
        mean = np.where(self.n[..., np.newaxis] > 0, ours + share[..., np.newaxis] * difference, theirs)
        between = difference[..., :, np.newaxis] * difference[..., np.newaxis, :]
        weight = (self.n * share)[..., np.newaxis, np.newaxis]
        comoments = _or_zero(self.comoments) + _or_zero(other.comoments) + weight * between
        return Moments(n, np.where(n[..., np.newaxis] > 0, mean, np.nan), comoments)


def merge_all(groups: Sequence[Moments]) -> Moments:
    """The moments of the units of all groups."""
    return reduce(Moments.merge, groups)


def _stack(arrays: Sequence[Array]) -> Array:
    return np.stack(np.broadcast_arrays(*arrays), axis=-1)


def _or_zero(comoments: Array) -> Array:
    return np.where(np.isnan(comoments), 0.0, comoments)


def _is_exact(values: ArrayLike) -> bool:
    return np.asarray(values).dtype.kind in "iuO"


def _fractions(values: ArrayLike) -> NDArray[np.object_]:
    return np.asarray(np.frompyfunc(Fraction, 1, 1)(np.asarray(values).astype(object)), dtype=object)


def _divisor(counts: Array) -> NDArray[np.object_]:
    return _fractions(np.maximum(counts, 1.0))


def _quotient(total: ArrayLike, n: ArrayLike) -> Array:
    if not _is_exact(total):
        return floats(total) / floats(n)
    counts = floats(n)
    return np.where(counts > 0, floats(_fractions(total) / _divisor(counts)), np.nan)


def _comoment(n: ArrayLike, total: ArrayLike, other: ArrayLike, product: ArrayLike) -> Array:
    """The sum of x y, less n times the product of the means."""
    counts = floats(n)
    if _is_exact(total) and _is_exact(other) and _is_exact(product):
        return floats(_fractions(product) - _fractions(total) * _fractions(other) / _divisor(counts))
    raw = floats(product)
    expected = floats(total) * floats(other) / np.where(counts > 0, counts, 1.0)
    centred = raw - expected
    return np.where(np.abs(centred) <= NOISE * np.maximum(np.abs(raw), np.abs(expected)), 0.0, centred)
