"""A/A experiments reject as often as they say, intervals cover as often as they say, and two wrong ways are seen to be wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.statistics.simulation import EVENTS, PEEKING, Looks, alarms, coverage, experiments, rejections, widths

pytestmark = pytest.mark.unmeasured

SIZE = 2000  # experiments at once in memory


def within(share: float, number: int) -> float:
    """Three standard errors of a share that is counted in so many experiments."""
    return 3 * float(np.sqrt(share * (1 - share) / number))


def check_rejections(found: dict[str, float], number: int) -> None:
    for name in ("mean", "relative", "proportion", "ratio", "CUPED", "group sequential, 5 looks"):
        assert found[name] == pytest.approx(0.05, abs=within(0.05, number)), name
    for name in ("confidence sequence", "confidence sequence, CUPED"):
        assert 0.002 < found[name] < 0.05, name
    assert found["confidence sequence, badly tuned"] < 0.05
    assert found[PEEKING] > 0.2  # the test itself is right, only the looking is not


def check_coverage(found: dict[str, float], number: int) -> None:
    for name, share in found.items():
        if name != EVENTS:
            assert share == pytest.approx(0.95, abs=within(0.95, number)), name
    assert found[EVENTS] < 0.88


@pytest.fixture(scope="module")
def looks() -> Looks:
    return experiments(SIZE, seed=1)


def test_experiments_without_effect(looks: Looks) -> None:
    check_rejections(rejections(looks), SIZE)


def test_intervals_of_a_true_effect(looks: Looks) -> None:
    check_coverage(coverage(looks), SIZE)


def test_what_a_free_look_costs(looks: Looks) -> None:
    found = widths(looks)
    assert found["CUPED"] < 0.8
    assert 1.4 < found["confidence sequence"] < 1.7
    assert found["confidence sequence, CUPED"] < found["confidence sequence"] * 0.8


def test_fair_splits_seldom_raise_an_alarm() -> None:
    assert alarms(100_000, seed=2) == pytest.approx(0.001, abs=within(0.001, 100_000))


def means(parts: Iterator[dict[str, float]]) -> dict[str, float]:
    several = list(parts)
    return {name: float(np.mean([part[name] for part in several])) for name in several[0]}


@pytest.mark.nightly
def test_ten_thousand_experiments() -> None:
    found = [(rejections(looks), coverage(looks)) for looks in (experiments(SIZE, seed) for seed in range(10, 15))]
    check_rejections(means(iter([one for one, _ in found])), 5 * SIZE)
    check_coverage(means(iter([one for _, one in found])), 5 * SIZE)
