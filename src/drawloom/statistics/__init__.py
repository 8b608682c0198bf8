"""Tests and intervals of experiments, for thousands of metrics at once, from summary numbers alone.

It needs numpy and scipy, ``pip install drawloom[statistics]``, and knows nothing of SQL, specs or days. Arms are given as
``Moments``, results are a ``Comparison`` of arrays; docs/statistics.md has the formulas and one example.
"""

from drawloom.statistics.bayes import Posterior, Prior, posterior
from drawloom.statistics.compare import Comparison, compare, compare_means
from drawloom.statistics.cuped import compare_adjusted_means, compare_adjusted_ratios
from drawloom.statistics.estimates import Estimate
from drawloom.statistics.group_sequential import LookBounds, look_bounds, repeated_p
from drawloom.statistics.impact import Impact, global_impact
from drawloom.statistics.method import Method
from drawloom.statistics.moments import Moments, merge_all
from drawloom.statistics.multiplicity import adjust
from drawloom.statistics.post_stratify import compare_stratified
from drawloom.statistics.proportion import compare_proportions, proportion_interval
from drawloom.statistics.quantile import Quantiles, compare_quantiles, quantile_bounds
from drawloom.statistics.ratio import compare_ratios
from drawloom.statistics.reasons import REASONS
from drawloom.statistics.sample_size import (
    Remaining,
    days_needed,
    detectable_now,
    minimum_detectable_effect,
    power,
    units_needed,
    units_remaining,
)
from drawloom.statistics.sequential import (
    MixtureRatio,
    always_valid_p,
    confidence_radius,
    mixture_precision,
    mixture_sprt,
    running_p,
)
from drawloom.statistics.srm import SampleRatio, independence, sample_ratio
from drawloom.statistics.winsorising import winsorise, winsorise_limits

__all__ = [
    "Comparison",
    "Estimate",
    "Impact",
    "LookBounds",
    "Method",
    "MixtureRatio",
    "Moments",
    "Posterior",
    "Prior",
    "Quantiles",
    "REASONS",
    "Remaining",
    "SampleRatio",
    "adjust",
    "always_valid_p",
    "compare",
    "compare_adjusted_means",
    "compare_adjusted_ratios",
    "compare_means",
    "compare_proportions",
    "compare_quantiles",
    "compare_ratios",
    "compare_stratified",
    "confidence_radius",
    "days_needed",
    "detectable_now",
    "global_impact",
    "independence",
    "look_bounds",
    "merge_all",
    "minimum_detectable_effect",
    "mixture_precision",
    "mixture_sprt",
    "posterior",
    "power",
    "proportion_interval",
    "repeated_p",
    "running_p",
    "sample_ratio",
    "units_needed",
    "units_remaining",
    "quantile_bounds",
    "winsorise",
    "winsorise_limits",
]
