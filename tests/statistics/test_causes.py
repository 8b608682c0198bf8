"""Root causes: contributions of slices to a sum, rates and shares of slices of a ratio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.statistics.series import contributions, find_causes, rate_and_mix
from tests.helpers import examples

CUTS = ["country", "country", "country", "platform", "platform"]
SIZES = [0.6, 0.3, 0.1, 0.5, 0.5]


def test_the_slice_that_moved_explains_the_change() -> None:
    shares = contributions([600, 300, 100, 500, 500], [250, 290, 95, 320, 315], -365)
    found = find_causes(shares, SIZES, CUTS)
    assert found.places == (0,)
    assert found.explained == pytest.approx(350 / 365)


def test_where_all_moved_alike_nothing_explains_it() -> None:
    shares = contributions([600, 300, 100, 500, 500], [300, 150, 50, 250, 250], -500)
    assert find_causes(shares, SIZES, CUTS).places == ()


def test_a_dimension_with_one_value_explains_nothing() -> None:
    assert find_causes([1.0], [1.0], ["app"]).places == ()


def test_the_cut_with_the_fewest_values_is_taken() -> None:
    shares = [0.4, 0.35, 0.25, 0.0, 1.0]
    assert find_causes(shares, [0.2, 0.2, 0.6, 0.5, 0.5], CUTS).places == (4,)
    assert find_causes(shares[:3], [0.2, 0.2, 0.6], CUTS[:3]).places == (0, 1)
    assert find_causes(shares[:3], [0.2, 0.2, 0.6], CUTS[:3], most=1).places == ()


def test_slices_against_the_change_are_no_cause() -> None:
    found = find_causes([1.4, -0.4], [0.5, 0.5], ["a", "a"])
    assert (found.places, found.shares) == ((0,), (1.4,))


@examples(20, 200)
@given(st.lists(st.tuples(*(st.floats(1, 1e6) for _ in range(4))), min_size=1, max_size=6))
def test_rate_and_mix_add_up_to_the_change_of_a_ratio(rows: list[tuple[float, float, float, float]]) -> None:
    before, before_weight, after, weight = np.array(rows).T
    rate, mix = rate_and_mix(before, before_weight, after, weight)
    change = after.sum() / weight.sum() - before.sum() / before_weight.sum()
    assert (rate + mix).sum() == pytest.approx(change, rel=1e-6, abs=1e-6)


def test_a_share_that_grew_is_told_from_a_rate_that_fell() -> None:
    rate, mix = rate_and_mix([50, 10], [100, 100], [50, 30], [100, 300])  # conversions of two countries
    assert rate.tolist() == [0, 0]
    assert mix.sum() == pytest.approx(0.2 - 0.3)
    rate, mix = rate_and_mix([50, 10], [100, 100], [25, 10], [100, 100])
    assert mix.tolist() == [0, 0]
    assert rate.tolist() == [-0.125, 0]
