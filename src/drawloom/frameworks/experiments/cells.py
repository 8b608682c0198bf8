"""The statistics of a day as arrays: one place for each test, with the moments of its two arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.experiments.tables import MOMENTS, PAIRS, QUANTILES

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.statistics import Moments
    from drawloom.statistics.arrays import Array

Places = Sequence[int] | Sequence[Sequence[int]]
_LETTERS = [letter for letter, _ in MOMENTS]


@dataclass(frozen=True, slots=True)
class Test:
    """What is compared: a variant with the baseline, on a metric, in a cell."""

    metric: str
    variant: str
    cut: str
    cut_value: str


class DayStatistics:
    """The rows of ``experiments.<name>_statistics`` of one day."""

    def __init__(self, rows: pa.Table) -> None:
        import numpy as np

        names = [
            *(f"{kind}{name}" for _, name in MOMENTS for kind in ("mean", "m2")),
            *(n for _, _, n in PAIRS),
            *QUANTILES,
        ]
        # Not by Arrow's to_numpy, which imports pandas where that is installed: half a second.
        self._numbers = {name: np.array([*rows[name].to_pylist(), None], dtype=float) for name in names}
        self._numbers["n"] = np.array([*rows["n"].to_pylist(), 0], dtype=float)
        keys = zip(*(rows[name].to_pylist() for name in ("metric", "variant", "cut", "cut_value")), strict=True)
        self._places = {Test(*key): number for number, key in enumerate(keys)}

    def tests(self, metrics: Sequence[str], variants: Sequence[str], baseline: str) -> list[Test]:
        """All tests: each variant but the baseline, in each cell that any variant is in, and in any case in the total."""
        cells: dict[str, dict[tuple[str, str], None]] = {metric: {("", ""): None} for metric in metrics}
        for place in self._places:
            if place.metric in cells:
                cells[place.metric][place.cut, place.cut_value] = None
        others = [variant for variant in variants if variant != baseline]
        return [
            Test(metric, variant, *cell) for metric in metrics for cell in sorted(cells[metric]) for variant in others
        ]

    def places(self, tests: Sequence[Test]) -> Sequence[int]:
        """The rows of tests' arms; an arm without units has a row of its own, with n = 0."""
        return [self._places.get(test, -1) for test in tests]

    def strata(self, tests: Sequence[Test], cut: str) -> Sequence[Sequence[int]]:
        """For each test the rows of its metric and variant in all values of a cut."""
        values = sorted({place.cut_value for place in self._places if place.cut == cut})
        return [self.places([replace(test, cut=cut, cut_value=value) for value in values]) for test in tests]

    def number(self, name: str, places: Places) -> Array:
        """A column in these rows."""
        import numpy as np

        found: Array = self._numbers[name][np.asarray(places, dtype=int)]
        return found

    def moments(self, letters: str, places: Places) -> Moments:
        """The moments of some of y, d, x and z in these rows."""
        from drawloom.statistics import Moments

        means = [self.number(f"mean{dict(MOMENTS)[letter]}", places) for letter in letters]
        comoments = [[self.number(_comoment(a, b), places) for b in letters] for a in letters]
        return Moments.of_many(self.number("n", places), means, comoments)


def _comoment(a: str, b: str) -> str:
    """The column of the sum of products of two variables' deviations."""
    if a == b:
        return f"m2{dict(MOMENTS)[a]}"
    first, second = sorted((a, b), key=_LETTERS.index)
    return next(name for one, other, name in PAIRS if (one, other) == (first, second))


def exposure_days(settings: Mapping[str, Any], day: date) -> int:
    """For how many days subjects were exposed so far, by the settings of the Python steps."""
    last = min(day, date.fromisoformat(settings["last_exposure"]))
    return (last - date.fromisoformat(settings["start"])).days + 1
