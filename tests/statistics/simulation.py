"""Experiments made of random users: how often tests reject without an effect, and how often intervals cover a true one.

28 daily looks, 100 new users a day and arm, whose skewed counts depend on how active they are, as do their sessions and
what they did before; a session converts with the user's own probability, so that sessions of a user are alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drawloom.statistics import (
    Comparison,
    Method,
    Moments,
    compare_adjusted_means,
    compare_means,
    compare_proportions,
    compare_ratios,
    look_bounds,
    sample_ratio,
)

DAYS = 28
USERS = 100
LIFT = 0.08
PLANNED = 2 * DAYS * USERS
WEEKS = (5, 11, 16, 22, 27)  # the looks of the group sequential test
PEEKING = "fixed test, peeking daily"
EVENTS = "ratio, events as independent"
WEIGHTS = (0.4, 0.4, 0.2)
COUNT, BEFORE, CONVERSIONS, SESSIONS, ACTIVE = range(5)


@dataclass(frozen=True, slots=True)
class Looks:
    """The moments of both arms of many experiments after each day; the first axis is the day, the second the experiment."""

    control: Moments
    treatment: Moments

    def only(self, *variables: int) -> tuple[Moments, Moments]:
        """Both arms with some of the variables, at every look."""
        return self.control.only(*variables), self.treatment.only(*variables)

    def last(self) -> Looks:
        """The last look."""
        return Looks(*(Moments(one.n[-1], one.mean[-1], one.comoments[-1]) for one in (self.control, self.treatment)))


def experiments(number: int, seed: int) -> Looks:
    """That many experiments without an effect."""
    rng = np.random.default_rng(seed)
    arms = []
    for _ in range(2):
        days = [day(number, rng)]
        while len(days) < DAYS:
            days.append(days[-1].merge(day(number, rng)))
        arms.append(Moments(*(np.stack([getattr(one, name) for one in days]) for name in ("n", "mean", "comoments"))))
    return Looks(*arms)


def day(number: int, rng: np.random.Generator) -> Moments:
    """The users of one day and arm in each experiment."""
    shape = (number, USERS)
    activity = rng.standard_exponential(shape, dtype=np.float32)
    count, before = rng.poisson(2 * activity), rng.poisson(3 * activity)
    sessions = 1 + rng.poisson(4 * activity)
    conversions = rng.binomial(sessions, rng.beta(2.25, 5.25, shape))
    values = np.stack([count, before, conversions, sessions, count > 0], axis=-1).astype(float)
    mean = values.mean(axis=1)
    deviations = values - mean[:, np.newaxis]
    return Moments(np.full(number, float(USERS)), mean, np.swapaxes(deviations, 1, 2) @ deviations)


def rejections(looks: Looks) -> dict[str, float]:
    """The share of experiments that each way of looking calls significant at 5 %, where there is nothing to find."""
    last, method = looks.last(), Method(expected_units=PLANNED)
    mean = compare_means(*last.only(COUNT))
    daily = compare_means(*looks.only(COUNT), method)
    adjusted = compare_adjusted_means(*looks.only(COUNT, BEFORE), method)
    untuned = compare_means(*looks.only(COUNT), Method(expected_units=50_000))
    bounds = look_bounds([(one + 1) / DAYS for one in WEEKS])
    z = (daily.effect / daily.standard_error)[list(WEEKS)]
    found = {
        "mean": mean.p_value < 0.05,
        "relative": mean.p_value_relative < 0.05,
        "proportion": compare_proportions(*last.only(ACTIVE)).p_value < 0.05,
        "ratio": compare_ratios(*last.only(CONVERSIONS, SESSIONS)).p_value < 0.05,
        "CUPED": compare_adjusted_means(*last.only(COUNT, BEFORE)).p_value < 0.05,
        PEEKING: (daily.p_value < 0.05).any(axis=0),
        "confidence sequence": (daily.sequential_p < 0.05).any(axis=0),
        "confidence sequence, CUPED": (adjusted.sequential_p < 0.05).any(axis=0),
        "confidence sequence, badly tuned": (untuned.sequential_p < 0.05).any(axis=0),
        "group sequential, 5 looks": (np.abs(z) > bounds.z[:, np.newaxis]).any(axis=0),
    }
    return {name: float(np.mean(one)) for name, one in found.items()}


def coverage(looks: Looks) -> dict[str, float]:
    """The share of experiments whose 95 % interval has the true effect of a lift of 8 % in it."""
    last = lifted(looks.last())
    usual = last.control.mean.mean(axis=0)
    log = Method(relative="log")
    mean = compare_means(*last.only(COUNT))
    adjusted = compare_adjusted_means(*last.only(COUNT, BEFORE))
    effect, effect_of_ratio = LIFT * usual[COUNT], LIFT * usual[CONVERSIONS] / usual[SESSIONS]
    return {
        "mean": covered(mean, effect),
        "relative": covered(mean, LIFT, "_relative"),
        "relative, log": covered(compare_means(*last.only(COUNT), log), LIFT, "_relative"),
        "CUPED": covered(adjusted, effect),
        "relative, CUPED": covered(adjusted, LIFT, "_relative"),
        "relative, log, CUPED": covered(compare_adjusted_means(*last.only(COUNT, BEFORE), log), LIFT, "_relative"),
        "ratio": covered(compare_ratios(*last.only(CONVERSIONS, SESSIONS)), effect_of_ratio),
        EVENTS: covered(compare_means(of_events(last.control), of_events(last.treatment)), effect_of_ratio),
    }


def lifted(looks: Looks) -> Looks:
    """The same users, but each of the treatment has a higher count and more conversions."""
    factor = np.ones(5)
    factor[[COUNT, CONVERSIONS]] = 1 + LIFT
    one = looks.treatment
    return Looks(looks.control, Moments(one.n, one.mean * factor, one.comoments * np.outer(factor, factor)))


def of_events(arm: Moments) -> Moments:
    """Wrong on purpose: each session as a unit of its own, which converts or does not."""
    sessions = arm.n * arm.mean[..., SESSIONS]
    share = arm.mean[..., CONVERSIONS] / arm.mean[..., SESSIONS]
    return Moments.of(sessions, share, sessions * share * (1 - share))


def covered(found: Comparison, truth: float, suffix: str = "") -> float:
    """The share of intervals that have the truth in them."""
    low, high = getattr(found, f"ci_low{suffix}"), getattr(found, f"ci_high{suffix}")
    return float(np.mean((low <= truth) & (truth <= high)))


def widths(looks: Looks) -> dict[str, float]:
    """How wide intervals are at the end, on average, against that of the fixed test."""
    last, method = looks.last(), Method(expected_units=PLANNED)
    plain = compare_means(*last.only(COUNT), method)
    adjusted = compare_adjusted_means(*last.only(COUNT, BEFORE), method)
    fixed = float(np.mean(plain.ci_high - plain.ci_low))
    return {
        "CUPED": float(np.mean(adjusted.ci_high - adjusted.ci_low)) / fixed,
        "confidence sequence": float(np.mean(plain.sequential_high - plain.sequential_low)) / fixed,
        "confidence sequence, CUPED": float(np.mean(adjusted.sequential_high - adjusted.sequential_low)) / fixed,
    }


def alarms(number: int, seed: int) -> float:
    """The share of fair splits of 5,000 users, 40 to 40 to 20, that have p < 0.001."""
    observed = np.random.default_rng(seed).multinomial(5000, WEIGHTS, size=number)
    return float(np.mean(sample_ratio(observed, WEIGHTS).p_value < 0.001))
