"""The detector that forecasts by exponential smoothing."""

from __future__ import annotations

import numpy as np
import pytest

from drawloom.statistics.series import forecast

WEEK = np.array([0, 5, 10, 5, 0, -30, -40])


def weekly(rows: int = 1, weeks: int = 12, noise: float = 3.0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Series with a profile of weekdays around 100; the last day is a Sunday."""
    random = np.random.default_rng(7)
    return 100 + np.tile(WEEK, (rows, weeks)) + random.normal(0, noise, (rows, 7 * weeks))


def test_the_profile_of_weekdays_is_expected_and_what_leaves_it_is_flagged() -> None:
    values = weekly(3)
    values[1, -1], values[2, -1] = 100.0, 20.0  # an ordinary Monday is a high Sunday
    found = forecast(values)
    assert found.expected[0, 0] == pytest.approx(60, abs=5)
    assert abs(found.score[0, 0]) < 4.5 < found.score[1, 0]
    assert found.score[2, 0] < -4.5
    assert found.lower[0, 0] < found.expected[0, 0] < found.upper[0, 0]


def test_a_day_says_nothing_of_itself_nor_of_days_before_it() -> None:
    values = weekly(2)
    values[1, -1] = 1e6
    both = forecast(values, judge=3)
    assert both.expected[0].tolist() != both.expected[1].tolist()  # other noise
    values[1] = values[0]
    values[1, -1] = 1e6
    found = forecast(values, judge=3)
    assert found.expected[0].tolist() == found.expected[1].tolist()
    assert found.score[0, :2].tolist() == found.score[1, :2].tolist()


def test_missing_days_are_filled_and_are_no_history() -> None:
    values = weekly()
    values[0, [3, 20, 40, 41]] = np.nan
    assert forecast(values).expected[0, 0] == pytest.approx(60, abs=5)
    values[0, :60] = np.nan
    assert np.isnan(forecast(values).score[0, 0])  # 23 days are too few
    values[0, -1] = np.nan
    assert np.isnan(forecast(weekly() * np.nan).score[0, 0])


def test_a_series_that_never_moved_is_flagged_when_it_does() -> None:
    values = np.full((2, 60), 5.0)
    values[1, -1] = 6.0
    found = forecast(values)
    assert abs(found.score[0, 0]) < 4.5
    assert found.score[1, 0] > 90


def test_false_alerts_are_rare() -> None:
    found = forecast(weekly(40, 10), judge=5)
    assert np.mean(np.abs(found.score) > 4.5) <= 0.01
