"""Which slices explain a change: of sums by contribution, of ratios by rate and mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from drawloom.statistics.arrays import Array, floats, quiet

ENOUGH = 0.7  # the share of a change that slices must explain together
LIFT = 1.25  # a slice says something where its share of the change is so many times its share of the whole


@dataclass(frozen=True, slots=True)
class Causes:
    """The slices that explain a change, those that explain most first.

    Args:
        places: which slices, as positions in what was given.
        shares: which share of the change each explains; more than 1 where others moved the other way.
    """

    places: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def explained(self) -> float:
        """What they explain together."""
        return sum(self.shares)


@quiet
def contributions(expected: ArrayLike, actual: ArrayLike, change: float) -> Array:
    """The share of each slice in the change of a sum: ``(actual - expected) / change``."""
    return (floats(actual) - floats(expected)) / change


@quiet
def rate_and_mix(
    expected: ArrayLike, expected_weight: ArrayLike, actual: ArrayLike, weight: ArrayLike
) -> tuple[Array, Array]:
    """How much each slice moves a ratio of sums, by its own ratio and by its share of the weight; together they are the change.

    Args:
        expected: the numerator of each slice that was expected.
        expected_weight: its denominator.
        actual: the numerator that came.
        weight: its denominator.
    """
    before, after = (w / w.sum() for w in (floats(expected_weight), floats(weight)))
    whole = floats(expected).sum() / floats(expected_weight).sum()
    old = np.nan_to_num(floats(expected) / floats(expected_weight), nan=whole)
    new = np.where(floats(weight) > 0, floats(actual) / floats(weight), old)
    return after * (new - old), (after - before) * (old - whole)


def find_causes(shares: ArrayLike, weights: ArrayLike, cuts: Sequence[str], most: int = 3) -> Causes:
    """The fewest slices of one cut that explain 70 % of a change, by the largest share.

    Slices that only have the share that their size gives them explain nothing: where everything fell alike, there are none.

    Args:
        shares: the share of each slice in the change.
        weights: the share of each slice in what was expected of the whole.
        cuts: what each slice is cut by; slices of different cuts overlap.
        most: the most slices.
    """
    share, size = floats(shares), np.maximum(floats(weights), 0)
    found = [_of_cut(share, size, [n for n, one in enumerate(cuts) if one == cut], most) for cut in dict.fromkeys(cuts)]
    good = [one for one in found if one.explained >= ENOUGH]
    return min(good, key=lambda one: (len(one.places), -one.explained), default=Causes())


def _of_cut(share: Array, size: Array, places: Sequence[int], most: int) -> Causes:
    chosen: list[int] = []
    for place in sorted(places, key=lambda n: -share[n]):
        if share[place] < LIFT * size[place] or share[place] <= 0.05 or len(chosen) == most:
            break
        chosen.append(place)
        if share[chosen].sum() >= ENOUGH:
            break
    return Causes(tuple(chosen), tuple(float(share[n]) for n in chosen))
