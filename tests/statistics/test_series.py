"""Detectors over many series: what they find, and that a day is judged by the days before it alone."""

from __future__ import annotations

import numpy as np
import pytest
from bench.anomalies import scored
from bench.anomaly_scorer import Incident, alerts, score_flags
from bench.anomaly_series import JUDGED, Labelled, generate, read_labelled
from hypothesis import given
from hypothesis import strategies as st

from drawloom.statistics.series import Weekday, change, threshold, weekday_robust, zscore
from tests.corpora import ANOMALIES, SHARED, needs
from tests.helpers import examples

LIMIT = Weekday().threshold
WEEK = [100.0, 120.0, 110.0, 130.0, 150.0, 60.0, 50.0]


def judged(labelled: Labelled) -> np.ndarray:
    return np.asarray(weekday_robust(labelled.values, JUDGED, month_days=labelled.month_days).score / LIMIT)


def weeks(number: int, *last: float) -> np.ndarray:
    """One series of weeks with some noise, and other last days."""
    noise = 1 + np.random.default_rng(5).normal(0, 0.02, 7 * number)
    series = np.tile(WEEK, number) * noise
    if last:
        series[-len(last) :] = last
    return np.asarray(series[np.newaxis])


def test_generated_incidents_are_found_at_default_settings() -> None:
    found = [scored(series, judged(series)) for series in (generate(80, seed) for seed in (2, 3, 4))]
    assert all(one.f1 > 0.84 for one in found), [one.f1 for one in found]
    assert all(one.false_alerts_per_year < 1.3 for one in found), [one.false_alerts_per_year for one in found]


@needs(ANOMALIES)
def test_the_labelled_set_is_found_at_default_settings() -> None:
    labelled = read_labelled((SHARED / ANOMALIES).parent)
    found = scored(labelled, judged(labelled))
    assert found.f1 >= 0.83
    assert found.false_alerts_per_year <= 1.6


@examples(10, 60)
@given(st.integers(0, 29), st.floats(0, 1e6), st.integers(0, 5))
def test_a_day_is_judged_by_the_days_before_it(day: int, other: float, seed: int) -> None:
    values = generate(3, seed).values
    changed = values.copy()
    changed[:, values.shape[1] - 30 + day :] = other
    before, after = weekday_robust(values, 30), weekday_robust(changed, 30)
    known = ~np.isnan(before.expected) & ~np.isnan(after.expected)
    known[:, day + 1 :] = False
    np.testing.assert_array_equal(before.expected[known], after.expected[known])
    np.testing.assert_array_equal(before.score[:, :day], after.score[:, :day])


def test_days_together_are_judged_as_each_by_itself() -> None:
    made = generate(20, seed=6)
    values, months = made.values, np.array(made.month_days)
    together = weekday_robust(values, 20, month_days=months)
    width = Weekday().history
    for day in range(20):
        end = values.shape[1] - 19 + day
        part = slice(end - width - 1, end)
        alone = weekday_robust(values[:, part], 1, month_days=months[part])
        # the shift of logarithms is that of all days before the first judged one
        np.testing.assert_allclose(alone.expected[:, 0], together.expected[:, day], rtol=0.02)


@pytest.mark.parametrize("level", [1000.0, 0.0, 0.25, -3.0])
def test_a_constant_series_that_changes_is_flagged(level: float) -> None:
    values = np.full((1, 60), level)
    assert weekday_robust(values, 30).score.tolist() == [[0.0] * 30]
    values[0, -1] = level + 0.001
    assert weekday_robust(values).score[0, 0] == 99
    assert zscore(values).score[0, 0] == 99


def test_an_outlier_of_the_past_does_not_hide_the_next() -> None:
    values = weeks(20)
    values[0, -7] *= 10
    values[0, -3] *= 0.4
    score = weekday_robust(values, 7).score[0]
    assert [bool(abs(one) > LIMIT) for one in score] == [True, False, False, False, True, False, False]


def test_nothing_is_judged_before_its_history() -> None:
    values = generate(5, seed=9).values[:, :60]
    values[:, 5] = np.nan
    score = weekday_robust(values, 60).score
    assert np.isnan(score[:, : Weekday().min_history + 1]).all()
    assert not np.isnan(score[:, -10:][~np.isnan(values[:, -10:])]).any()


def test_a_day_without_a_value_is_not_judged() -> None:
    found = weekday_robust(weeks(20, np.nan))
    assert np.isnan([found.score[0, 0], found.expected[0, 0], found.lower[0, 0]]).all()


def test_the_band_is_what_is_not_flagged() -> None:
    values = weeks(20)
    found = weekday_robust(values)
    for value, is_flagged in ((found.upper[0, 0] * 1.001, True), (found.upper[0, 0] * 0.999, False)):
        values[0, -1] = value
        assert bool(weekday_robust(values).score[0, 0] > LIMIT) == is_flagged
    assert found.lower[0, 0] < found.expected[0, 0] == pytest.approx(50, rel=0.1)


def test_drift_is_told_from_a_jump() -> None:
    values = weeks(24)
    values[0, -21:] *= np.exp(np.linspace(0, 0.5, 21))
    found = weekday_robust(values, 21)
    assert found.is_drift[0, -14:].any()
    assert (found.score[0][found.is_drift[0]] > LIMIT).all()
    assert not weekday_robust(weeks(24, 500.0)).is_drift.any()


def test_what_each_month_brings_is_expected() -> None:
    values, months = weeks(24), np.arange(24 * 7) % 30 + 1
    at = np.flatnonzero(months == months[-1])
    values[0, at] *= 2
    assert weekday_robust(values).score[0, 0] > LIMIT
    assert abs(weekday_robust(values, month_days=months).score[0, 0]) < LIMIT


def test_a_special_day_must_be_twice_as_far_off_and_is_no_history() -> None:
    values = weeks(24)
    expected = weekday_robust(values)
    values[0, -1] = expected.expected[0, 0] + 1.5 * (expected.upper[0, 0] - expected.expected[0, 0])
    special = np.zeros(values.shape[1], bool)
    assert weekday_robust(values, special=special).score[0, 0] > LIMIT
    special[-1] = True
    assert weekday_robust(values, special=special).score[0, 0] < LIMIT
    values[0, -8] *= 9
    special[-8] = True
    other = values.copy()
    other[0, -8] *= 7
    assert weekday_robust(values, special=special).expected == weekday_robust(other, special=special).expected


def test_no_spike_is_too_big_for_a_zscore() -> None:
    """With the judged day in its own window, |z| of 14 days is never above 13 / sqrt(14) = 3.47."""
    values = np.array([[10.0, 11.0] * 7 + [1e6]])
    assert zscore(values, days=14).score[0, 0] == 99
    assert np.isnan(zscore(values[:, :10]).score[0, 0])


def test_limits_need_no_history() -> None:
    found = threshold([[5.0, -1.0, 11.0, np.nan]], 4, low=0, high=10)
    np.testing.assert_array_equal(found.score, [[0, -99, 99, np.nan]])
    np.testing.assert_array_equal(found.expected, [[5, 0, 10, np.nan]])


def test_a_change_is_compared_with_the_week_before() -> None:
    values = [[100.0, 1, 1, 1, 1, 1, 1, 140.0, 0.4]]
    found = change(values, 2, most=0.5, limit=4.5)
    np.testing.assert_allclose(found.score, [[4.5 * 0.8, -4.5 * 1.2]])
    np.testing.assert_allclose(found.upper[0, 0], 150)
    assert np.isnan(change([[3.0]]).score[0, 0])


def test_no_series_give_no_judgements() -> None:
    assert weekday_robust(np.empty((0, 40))).score.shape == (0, 1)


def test_the_scorer_merges_days_and_grants_grace() -> None:
    assert alerts([3, 4, 6, 9]) == [(3, 6), (9, 9)]
    flags = np.zeros((1, 60), bool)
    flags[0, [10, 12, 30, 50]] = True
    labels = {0: [Incident(10, 10, "spike"), Incident(20, 22, "level_shift"), Incident(1, 1, "drop", scored=False)]}
    score = score_flags(flags, [5], labels)
    assert (score.found, score.missed, score.false_alerts, score.days) == (1, 1, 1, 55)
