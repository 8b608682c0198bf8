"""Quantile sketches as DuckDB keeps them, made of what other engines tell: the values of few rows, quantiles of many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import cos, pi
from typing import Any

CENTROIDS = 100


@lru_cache(maxsize=1)
def _bounds() -> tuple[float, ...]:
    """Shares of the values between which the centroids lie: close to each other at both ends."""
    return tuple((1 - cos(pi * n / CENTROIDS)) / 2 for n in range(CENTROIDS + 1))


def middles() -> list[float]:
    """The shares of the values that engines are asked for: the middle of each centroid."""
    return [round((low + high) / 2, 6) for low, high in pairwise(_bounds())]


def digest_state(found: Sequence[Any]) -> str | None:
    """The state of what an engine found, as JSON; None of no values.

    Args:
        found: either a list of all values, in which None does not count, or the number of values, the smallest, the
            largest, and the values at ``middles``.
    """
    if len(found) == 1:
        values = sorted(value for value in found[0] if value is not None)
        return _state(len(values), values, [1.0] * len(values))
    count, low, high, means = found
    return (
        _state(count, [low, *means[1:-1], high], [count * (b - a) for a, b in pairwise(_bounds())]) if count else None
    )


def _state(count: int, means: Sequence[float], weights: Sequence[float]) -> str | None:
    if not count:
        return None
    centroids = [{"mean": mean, "weight": weight} for mean, weight in zip(means, weights, strict=True)]
    return json.dumps({"count": count, "min": means[0], "max": means[-1], "centroids": centroids})
