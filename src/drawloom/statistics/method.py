"""How tests are made: level, direction, variance, relative interval, and whether looks are free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drawloom.statistics.arrays import must_be_between, must_be_of

Alternative = Literal["two-sided", "greater", "less"]
Test = Literal["welch", "pooled", "z"]
Relative = Literal["delta", "log"]
Theta = Literal["arms", "pooled"]
Exact = Literal["fisher", "barnard", "boschloo"]


@dataclass(frozen=True, slots=True)
class Method:
    """How control and treatment are compared; the defaults are those of an experiment that says nothing.

    ``expected_units`` is the number of units, of both arms together, at which sequential intervals are tightest. It
    must be fixed before the experiment starts: a bad guess costs power, never validity. Without it nothing is sequential.
    """

    alpha: float = 0.05
    alternative: Alternative = "two-sided"
    test: Test = "welch"
    relative: Relative = "delta"
    expected_units: float | None = None
    minimum_units: int = 2

    def __post_init__(self) -> None:
        must_be_between("alpha", self.alpha, 0, 1)
        must_be_of("alternative", self.alternative, ("two-sided", "greater", "less"))
        must_be_of("test", self.test, ("welch", "pooled", "z"))
        must_be_of("relative", self.relative, ("delta", "log"))
        if self.expected_units is not None and not self.expected_units > 0:
            raise ValueError(f"expected_units == {self.expected_units}, must be above 0")
        if self.is_one_sided and self.expected_units is not None:
            must_be_between("alpha", self.alpha, 0, 0.5)

    @property
    def is_one_sided(self) -> bool:
        """Whether only one direction counts."""
        return self.alternative != "two-sided"

    @property
    def upper_probability(self) -> float:
        """The probability whose quantile makes the interval: 1 - alpha, or 1 - alpha / 2 for both sides."""
        return 1 - (self.alpha if self.is_one_sided else self.alpha / 2)


DEFAULT = Method()
