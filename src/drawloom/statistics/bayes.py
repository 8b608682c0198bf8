"""The Bayesian reading of an effect: normal prior, normal likelihood, chance to win and risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drawloom.statistics.arrays import Array, Texts, must_be_between, quiet
from drawloom.statistics.compare import Comparison
from drawloom.statistics.special import mills_ratio, normal_cdf, normal_density, normal_quantile


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of the relative effect before: a normal distribution. A lift of 0.3 is one of 30 %."""

    mean: float = 0.0
    sd: float = 0.3

    def __post_init__(self) -> None:
        if not self.sd > 0:
            raise ValueError(f"sd == {self.sd}, must be above 0; no prior at all is None")


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is believed of the effect after: its mean and standard deviation, the interval, and what a decision risks.

    ``chance_to_win`` is the probability that the treatment is better; ``risk_control`` what is lost on average by staying
    with the control, ``risk_treatment`` by taking the treatment, in units of the effect.
    """

    effect: Array
    sd: Array
    ci_low: Array
    ci_high: Array
    chance_to_win: Array
    risk_control: Array
    risk_treatment: Array
    reason: Texts


@quiet
def posterior(
    comparison: Comparison,
    prior: Prior | None = None,
    *,
    is_relative: bool = True,
    alpha: float = 0.05,
    lower_is_better: bool = False,
) -> Posterior:
    """The posterior of a comparison's effect, relative or absolute; without a prior it is the likelihood.

    Conjugate normal (Gelman et al. 2013, section 2.5). For absolute effects the prior is scaled by |control|.
    """
    must_be_between("alpha", alpha, 0, 1)
    effect = comparison.effect_relative if is_relative else comparison.effect
    error = comparison.se_relative if is_relative else comparison.standard_error
    scale = np.ones(np.shape(effect)) if is_relative else np.abs(comparison.control)
    mean, sd = (effect, error) if prior is None else _updated(effect, error, prior.mean * scale, prior.sd * scale)
    mean = np.where(np.isnan(sd), np.nan, mean)
    z = mean / sd
    radius = float(normal_quantile(1 - alpha / 2)) * sd
    chance = normal_cdf(-z if lower_is_better else z)
    gains = (sd * _expected_excess(z), sd * _expected_excess(-z))
    lost = gains[::-1] if lower_is_better else gains
    return Posterior(mean, sd, mean - radius, mean + radius, chance, lost[0], lost[1], comparison.reason)


def _updated(effect: Array, error: Array, mean: Array, sd: Array) -> tuple[Array, Array]:
    weight = error * error / (error * error + sd * sd)
    weight = np.where(sd > 0, weight, np.nan)
    return effect + weight * (mean - effect), error * np.sqrt(1 - weight)


def _expected_excess(z: Array) -> Array:
    """E[max(Z + z, 0)] of a standard normal Z: density(z) + z cdf(z), without cancellation for negative z."""
    tail = normal_density(z) * (1 + z * mills_ratio(-z))
    return np.where(z > 0, normal_density(z) + z * normal_cdf(z), tail)
