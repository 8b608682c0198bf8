"""Why a number is missing: the words of the column ``reason``, empty where nothing is."""

from __future__ import annotations

import numpy as np

from drawloom.statistics.arrays import Bools, Texts

NO_UNITS = "no-units"
TOO_FEW_UNITS = "too-few-units"
ZERO_DENOMINATOR = "zero-denominator"
LOW_SAMPLE = "low-sample"
ZERO_VARIANCE = "zero-variance"
ZERO_BASELINE = "zero-baseline"
REASONS = (NO_UNITS, TOO_FEW_UNITS, ZERO_DENOMINATOR, LOW_SAMPLE, ZERO_VARIANCE, ZERO_BASELINE)
WIDTH = f"<U{max(map(len, REASONS))}"


def pick(shape: tuple[int, ...], *found: tuple[str, Bools]) -> Texts:
    """For each test the first of the reasons that holds, empty where none does."""
    reason = np.full(shape, "", dtype=WIDTH)
    for name, holds in reversed(found):
        if np.any(holds):
            reason[np.broadcast_to(holds, shape)] = name
    return reason
