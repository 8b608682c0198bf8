"""Exact tests of two by two tables."""

from __future__ import annotations

import numpy as np

from drawloom.statistics.arrays import Array, floats
from drawloom.statistics.method import Alternative, Exact
from drawloom.statistics.special import log_binomial

AT_ONCE = 1000  # tests whose tables are in memory together
TIE = 1e-7  # relative: tables this much more likely than the one seen count as equally likely, as in R


def exact_p(
    control: tuple[Array, Array], treatment: tuple[Array, Array], alternative: Alternative, test: Exact
) -> Array:
    """P-values for arms of (n, successes). Barnard's and Boschloo's tests are SciPy's, one by one and slow."""
    tables = np.stack([*control, *treatment], axis=-1)
    if test != "fisher":
        return floats([_unconditional(table, alternative, test) for table in tables])
    parts = [_fisher(tables[i : i + AT_ONCE], alternative) for i in range(0, len(tables), AT_ONCE)]
    return np.concatenate(parts)


def _unconditional(table: Array, alternative: Alternative, test: Exact) -> float:
    """Barnard (1945) with the pooled Wald statistic, and Boschloo (1970), which orders tables by Fisher's p-value."""
    from scipy import stats

    n_c, s_c, n_t, s_t = (int(number) for number in table)
    function = stats.barnard_exact if test == "barnard" else stats.boschloo_exact
    return float(function([[s_t, s_c], [n_t - s_t, n_c - s_c]], alternative=alternative).pvalue)


def _fisher(tables: Array, alternative: Alternative) -> Array:
    """Fisher's exact test (1935), given both margins; two-sided the tables count that are no more likely than the one seen."""
    n_c, s_c, n_t, s_t = (column[:, np.newaxis] for column in tables.T)
    total = s_c + s_t
    lowest, highest = np.maximum(0.0, total - n_c), np.minimum(total, n_t)
    x = lowest + np.arange(int((highest - lowest).max()) + 1)
    possible = x <= highest
    x = np.where(possible, x, lowest)
    log_p = log_binomial(n_t, x) + log_binomial(n_c, total - x) - log_binomial(n_c + n_t, total)
    p = np.where(possible, np.exp(log_p), 0.0)
    if alternative == "greater":
        counted = x >= s_t
    elif alternative == "less":
        counted = x <= s_t
    else:
        seen = np.take_along_axis(log_p, (s_t - lowest).astype(int), axis=1)
        counted = log_p <= seen + TIE
    return floats(np.minimum(1.0, np.where(counted, p, 0.0).sum(axis=1)))
