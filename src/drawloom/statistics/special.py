"""The distributions behind the tests, as functions of arrays; scipy.special is imported when one of them is first called."""

from __future__ import annotations

import numpy as np

from drawloom.statistics.arrays import Array, floats, quiet


def normal_cdf(z: Array) -> Array:
    """P(Z <= z) of the standard normal."""
    from scipy.special import ndtr

    return floats(ndtr(z))


def normal_quantile(p: Array | float) -> Array:
    """The z with P(Z <= z) = p."""
    from scipy.special import ndtri

    return floats(ndtri(p))


def t_cdf(t: Array, df: Array) -> Array:
    """P(T <= t) of Student's t; df may be infinite. Negative t keep their precision down to the smallest float."""
    from scipy.special import stdtr

    return floats(stdtr(df, t))


@quiet
def t_quantile(p: float, df: Array) -> Array:
    """The t with P(T <= t) = p for each df.

    Where df is large by the expansion in 1/df (Cornish & Fisher 1937; Abramowitz & Stegun 1964, 26.7.5, and one term
    more), which is much cheaper and there exact to about 1e-12.
    """
    from scipy.special import stdtrit

    z = float(normal_quantile(p))
    few = df < 50 * max(4.0, z * z)
    expanded = _t_quantile_of_many(z, df)
    return np.where(few, stdtrit(np.where(few, df, 1.0), p), expanded) if np.any(few) else expanded


def _t_quantile_of_many(z: float, df: Array) -> Array:
    w = z * z
    terms = (
        z * (w + 1) / 4,
        z * ((5 * w + 16) * w + 3) / 96,
        z * (((3 * w + 19) * w + 17) * w - 15) / 384,
        z * ((((79 * w + 776) * w + 1482) * w - 1920) * w - 945) / 92160,
        z * (((((27 * w + 339) * w + 930) * w - 1782) * w - 765) * w + 17955) / 368640,
    )
    inverse = 1 / df
    sum_of_terms = np.zeros(np.shape(df))
    for term in reversed(terms):
        sum_of_terms = (sum_of_terms + term) * inverse
    return z + sum_of_terms


def noncentral_t_cdf(t: Array, df: Array, noncentrality: Array) -> Array:
    """P(T <= t) of the noncentral t.

    By the normal from a million degrees of freedom on, where both differ by less than 1e-7, and in the far tails, where
    SciPy's is sometimes NaN.
    """
    from scipy.special import nctdtr

    many = df > 1e6
    by_normal = normal_cdf(t - noncentrality)
    found = nctdtr(np.where(many, 1.0, df), noncentrality, t)
    return np.where(many | (np.isnan(found) & (df > 0)), by_normal, found)


def chi_squared_survival(x: Array, df: Array) -> Array:
    """P(X >= x) of the chi-squared distribution."""
    from scipy.special import chdtrc

    return floats(chdtrc(df, x))


def log_binomial(n: Array, k: Array) -> Array:
    """The logarithm of n over k."""
    from scipy.special import gammaln

    return floats(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def normal_density(z: Array) -> Array:
    """The density of the standard normal."""
    return floats(np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))


def mills_ratio(z: Array) -> Array:
    """P(Z > z) / density(z) of the standard normal, exact in the far tail."""
    from scipy.special import erfcx

    return floats(np.sqrt(np.pi / 2) * erfcx(z / np.sqrt(2)))
