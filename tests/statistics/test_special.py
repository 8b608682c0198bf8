"""The quantile of t beside SciPy's, in both its ways, and the corners of the noncentral t."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from drawloom.statistics.special import mills_ratio, noncentral_t_cdf, t_cdf, t_quantile


@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.9995, 1 - 1e-7])
def test_the_quantile_of_t_is_scipys(p: float) -> None:
    """From one degree of freedom to infinitely many; the expansion begins at 200, or later where p is extreme."""
    df = np.array([1, 2.5, 10, 60, 199.9, 200, 300.5, 1000, 1999, 5000, 1e5, 1e9, np.inf])
    np.testing.assert_allclose(t_quantile(p, df), special.stdtrit(df, p), rtol=3e-12)


def test_the_quantile_of_no_degrees_is_unknown() -> None:
    assert np.isnan(t_quantile(0.975, np.array([np.nan, 0.0]))).all()


def test_infinitely_many_degrees_are_the_normal() -> None:
    np.testing.assert_allclose(t_cdf(np.array([-2.0]), np.array([np.inf])), stats.norm.cdf([-2.0]), rtol=1e-13)


@pytest.mark.parametrize("df", [5.0, 1e4, 2e6])
def test_the_noncentral_t_is_a_probability_everywhere(df: float) -> None:
    shift = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 50.0, 1e4])
    for t in (-1.97, 1.97):
        found = noncentral_t_cdf(np.full(7, t), np.full(7, df), shift)
        assert ((found >= 0) & (found <= 1)).all()
        np.testing.assert_allclose(found[:3], stats.nct.cdf(t, min(df, 1e6), shift[:3]), rtol=1e-4)


def test_the_mills_ratio_goes_on_where_tails_are_0() -> None:
    np.testing.assert_allclose(mills_ratio(np.array([3.0])), stats.norm.sf([3.0]) / stats.norm.pdf([3.0]), rtol=1e-12)
    np.testing.assert_allclose(mills_ratio(np.array([1e6])), 1e-6, rtol=1e-9)
