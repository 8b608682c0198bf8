"""How far the values of a column have moved between two days: the population stability index of their sketches."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

LEAST = 1e-4  # the share of a bin without values: the index of an empty bin would be infinite
BINS = 10
LARGE = 0.25  # by convention: below 0.1 nothing has moved, from 0.25 on much has
SMALL = 0.1


def stability_index(before: Mapping[str, Any], now: Mapping[str, Any]) -> float | None:
    """The index of two states of the same kind, of numbers in ten bins with as many values before, of texts by value.

    Args:
        before: a state of a t-digest or of top values, as DuckDB exports it, read from JSON; with ``rows``, the values it is of.
        now: the other one.
    """
    if "centroids" in before and "centroids" in now:
        return _index(*_shares_of_bins(before, now))
    if before.get("values") and now.get("values"):
        return _index(*_shares_of_values(before, now))
    return None


def read_state(text: str | None, values: float) -> dict[str, Any] | None:
    """A state, with the number of its values; None where it is of none."""
    return {**json.loads(text), "rows": values} if text and values else None


def _index(before: Sequence[float], now: Sequence[float]) -> float:
    """The sum of (b - a) * ln(b / a) over the shares of bins."""
    pairs = [(max(a, LEAST), max(b, LEAST)) for a, b in zip(before, now, strict=True)]
    return float(sum((b - a) * math.log(b / a) for a, b in pairs))


def _shares_of_bins(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    first, second = _Distribution(before), _Distribution(now)
    edges = sorted({first.quantile(n / BINS) for n in range(1, BINS)})
    return first.shares(edges), second.shares(edges)


class _Distribution:
    """The distribution of a t-digest: each of its centroids stands for as many values as it weighs."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        centroids = sorted((one["mean"], one["weight"]) for one in state["centroids"])
        self._means: list[float] = [mean for mean, _ in centroids]
        self._weights: list[float] = list(accumulate(weight for _, weight in centroids))

    def quantile(self, share: float) -> float:
        wanted = share * self._weights[-1]
        return self._means[min(bisect_right(self._weights, wanted), len(self._means) - 1)]

    def shares(self, edges: Sequence[float]) -> list[float]:
        """The share of values up to each edge and above the one before, and above the last."""
        below = [0.0, *(self._up_to(edge) for edge in edges), 1.0]
        return [b - a for a, b in pairwise(below)]

    def _up_to(self, value: float) -> float:
        number = bisect_right(self._means, value)
        return self._weights[number - 1] / self._weights[-1] if number else 0.0


def _shares_of_values(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """The shares of the values that one of the states has, and of all others together."""
    counts = [{one["value"]: one["count"] for one in state["values"]} for state in (before, now)]
    names = sorted({*counts[0], *counts[1]})
    found = [
        [found.get(name, 0) / state["rows"] for name in names]
        for found, state in zip(counts, (before, now), strict=True)
    ]
    return tuple([*shares, max(1 - sum(shares), 0.0)] for shares in found)  # type: ignore[return-value]
