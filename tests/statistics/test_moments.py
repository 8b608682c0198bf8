"""Moments: exact from exact sums, the same however units are grouped, and no variance made of rounding."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.statistics import Moments, compare_means, merge_all
from tests.helpers import examples

ROWS = st.lists(st.tuples(*[st.integers(-(10**6), 10**6)] * 2), min_size=0, max_size=12)


def moments(rows: list[tuple[int, int]]) -> Moments:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return Moments.of_values(*columns)


def assert_equal(found: Moments, expected: Moments, digit: float = 1e-7) -> None:
    np.testing.assert_array_equal(found.n, expected.n)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12, atol=digit)
    np.testing.assert_allclose(found.comoments, expected.comoments, rtol=1e-9, atol=1e-3)


@given(st.lists(ROWS, min_size=1, max_size=4))
@examples(40, 400)
def test_merged_groups_are_the_group_of_all(groups: list[list[tuple[int, int]]]) -> None:
    everybody = moments([row for rows in groups for row in rows])
    assert_equal(merge_all([moments(rows) for rows in groups]), everybody)
    assert_equal(merge_all([moments(rows) for rows in reversed(groups)]), everybody)


@given(ROWS)
@examples(40, 400)
def test_exact_sums_give_the_moments_of_the_values(rows: list[tuple[int, int]]) -> None:
    first, second = ([row[column] + 10**12 for row in rows] for column in (0, 1))
    products = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in (first, second)] for a in (first, second)]
    found = Moments.of_products(len(rows), [sum(first), sum(second)], products)
    assert_equal(Moments(found.n, found.mean - 10**12, found.comoments), moments(rows), digit=2e-4)


@pytest.mark.parametrize("kind", [int, Decimal, Fraction])
def test_sums_far_beyond_floats_keep_the_variance(kind: Any) -> None:
    values = [10**17 + i for i in range(5)]
    found = Moments.of_sums(5, kind(sum(values)), kind(sum(value**2 for value in values)))
    assert found.comoments == 10
    assert found.covariance == 2.5


def test_arrays_of_exact_sums() -> None:
    found = Moments.of_sums([2, 0, 3], np.array([4, 0, 9]), np.array([10, 0, 29]))
    np.testing.assert_array_equal(found.comoments[:, 0, 0], [2, 0, 2])
    np.testing.assert_array_equal(found.mean[:, 0], [2, np.nan, 3])


def test_rounding_is_no_variance() -> None:
    """30 times 0.3 has a sum of squares that is not exactly the square of its sum: a t-test of that would be certain."""
    constant = Moments.of_sums(30, 30 * 0.3, sum(0.3**2 for _ in range(30)))
    other = Moments.of_sums(30, 30 * 0.31, sum(0.31**2 for _ in range(30)))
    assert sum(0.3**2 for _ in range(30)) - (30 * 0.3) ** 2 / 30 != 0
    assert compare_means(constant, other).reason == "zero-variance"


def test_some_variables_of_many() -> None:
    many = Moments.of_values([1, 2, 4], [5, 5, 8], [0, 3, 3])
    assert_equal(many.only(2, 0), Moments.of_values([0, 3, 3], [1, 2, 4]))


@pytest.mark.parametrize("successes", [[1, 11], [-1, 3]])
def test_more_successes_than_units_are_refused(successes: list[int]) -> None:
    wrong = next(one for one in successes if not 0 <= one <= 10)
    with pytest.raises(ValueError, match=f"successes == {wrong}, must be between 0 and n == 10"):
        Moments.of_counts(10, successes)


def test_counts_are_the_moments_of_zeros_and_ones() -> None:
    assert_equal(Moments.of_counts(5, 2), Moments.of_values([1, 0, 0, 1, 0]))
    assert np.isnan(Moments.of_counts(0, 0).mean[0])
