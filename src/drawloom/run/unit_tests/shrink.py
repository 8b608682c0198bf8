"""Makes inputs small: takes rows away as long as what comes out keeps what matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Inputs = Mapping[str, Sequence[T]]
MOST_RUNS = 150  # of the step; each takes some hundredths of a second


def shrink(inputs: Inputs[Any], keeps: Callable[[Inputs[Any]], bool]) -> dict[str, list[Any]]:
    """The inputs without rows that do not matter, by delta debugging: larger parts are tried before smaller ones.

    Args:
        inputs: the rows of each table; with all of them ``keeps`` must hold.
        keeps: whether what comes out of these rows is still good.
    """
    found = {table: list(rows) for table, rows in inputs.items()}
    runs = 0
    for table in sorted(found, key=lambda name: -len(found[name])):
        size = max(1, len(found[table]) // 2)
        while found[table]:
            start = 0
            while start < len(found[table]) and runs < MOST_RUNS:
                fewer = {**found, table: found[table][:start] + found[table][start + size :]}
                runs += 1
                if keeps(fewer):
                    found = fewer
                else:
                    start += size
            if size == 1 or runs >= MOST_RUNS:
                break
            size = max(1, size // 2)
    return found
