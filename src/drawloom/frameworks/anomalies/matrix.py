"""The rows of series as a matrix: series x days."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from drawloom.frameworks import sqlfiles
from drawloom.model import StepContext

if TYPE_CHECKING:
    from drawloom.statistics.arrays import Array

BETWEEN = "\x1f"  # in keys, which are one text here
MARK = "(rows)"  # the metric of rows that only say that a day was there


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Values by key and day; NaN where there is none. ``weights`` are those of ratios."""

    keys: Sequence[tuple[str, ...]]
    values: Array
    weights: Array


def read_matrix(context: StepContext, condition: str, columns: Sequence[str], history: int) -> Matrix:
    """The rows of a spec's series that fulfil a condition, up to the day of a run.

    Args:
        context: of the step.
        condition: SQL over the columns of the series.
        columns: which columns are the key.
        history: how many days before the day of the run.
    """
    import numpy as np
    import pyarrow as pa

    between = f", {sqlfiles.quote_value(BETWEEN)}, "
    key = f"concat({between.join(map(sqlfiles.quote_name, columns))}, '')"
    table = sqlfiles.quote_table(f"{context.params['table']}_series")
    rows = context.query(f"SELECT {key} AS key, ds, value, weight FROM {table} WHERE {condition}")
    encoded = rows["key"].combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    at = rank[np.array(encoded.indices, np.int64)] if len(names) else np.empty(0, np.int64)
    first = (context.ds - timedelta(days=history) - date(1970, 1, 1)).days
    day = np.array(rows["ds"].cast(pa.date32()).cast(pa.int32()), np.int64) - first
    values, weights = (np.full((len(names), history + 1), np.nan) for _ in range(2))
    for target, column in ((values, "value"), (weights, "weight")):
        target[at, day] = np.array([*rows[column].to_pylist(), None], float)[:-1]
    return Matrix([tuple(names[n].split(BETWEEN)) for n in order], values, weights)


def fill_zeros(matrix: Matrix, additive: Collection[tuple[str, str]]) -> Matrix:
    """With 0 where a sum has no row on a day on which its table had one, from the first value of the series on."""
    import numpy as np

    there: dict[str, Array] = {}
    for key, row in zip(matrix.keys, matrix.values, strict=True):
        there[key[0]] = there.get(key[0], False) | ~np.isnan(row)
    values = matrix.values.copy()
    for number, key in enumerate(matrix.keys):
        if (key[0], key[1]) in additive:
            row = values[number]
            seen = np.logical_or.accumulate(~np.isnan(row))
            row[np.isnan(row) & seen & there[key[0]]] = 0.0
    return Matrix(matrix.keys, values, matrix.weights)


def month_days(ds: date, history: int) -> Any:
    """The day of the month of each column."""
    import numpy as np

    return np.array([(ds - timedelta(days=n)).day for n in range(history, -1, -1)])


def is_special(ds: date, history: int, special: Collection[str]) -> Any:
    """For each column whether it is a special day."""
    import numpy as np

    known = set(special)
    return np.array([(ds - timedelta(days=n)).isoformat() in known for n in range(history, -1, -1)], bool)


def settings_of(params: Mapping[str, Any], ds: date) -> dict[str, Any]:
    """What a detector gets besides the values."""
    history = params["history"]
    return {
        "warn": params["warn"],
        "min_history": params["min_history"],
        "settings": params["settings"],
        "month_days": month_days(ds, history),
        "special": is_special(ds, history, params["special"]),
    }
