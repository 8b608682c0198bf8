"""What all formulas share: arrays of floats, and divisions by zero that give NaN instead of a warning."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.str_]
P = ParamSpec("P")
R = TypeVar("R")


def floats(values: ArrayLike) -> Array:
    """Numbers as an array of 64 bit floats; None becomes NaN."""
    return np.asarray(values, dtype=np.float64)


def quiet(function: Callable[P, R]) -> Callable[P, R]:
    """Without numpy's warnings: what is undefined is NaN, and has a reason in the result."""

    @wraps(function)
    def inner(*args: P.args, **named: P.kwargs) -> R:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            return function(*args, **named)

    return inner


def must_be_between(name: str, value: float, low: float, high: float) -> None:
    """Raises ValueError unless low < value < high."""
    if not low < value < high:
        raise ValueError(f"{name} == {value}, must be between {low:g} and {high:g}")


def must_be_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raises ValueError unless the value is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} == {value!r}, must be one of {', '.join(choices)}")
