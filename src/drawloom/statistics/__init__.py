"""Tests and intervals of experiments, for thousands of metrics at once, from summary numbers alone.

It needs numpy and scipy, ``pip install drawloom[statistics]``, and knows nothing of SQL, specs or days. Arms are given as
``Moments``, results are a ``Comparison`` of arrays; docs/statistics.md has the formulas and one example.
"""

from drawloom.statistics.compare import Comparison, compare, compare_means
from drawloom.statistics.estimates import Estimate
from drawloom.statistics.method import Method
from drawloom.statistics.moments import Moments, merge_all
from drawloom.statistics.sequential import always_valid_p, confidence_radius, mixture_precision, mixture_sprt, running_p

__all__ = [
    "Comparison",
    "Estimate",
    "Method",
    "Moments",
    "always_valid_p",
    "compare",
    "compare_means",
    "confidence_radius",
    "merge_all",
    "mixture_precision",
    "mixture_sprt",
    "running_p",
]
