"""Compares rows in any order: which are missing, unexpected or changed, and in which cells. Floats may differ a little."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]
MOST_PAIRED = 200  # rows without a key that are paired by likeness; it takes the square of that


@dataclass(frozen=True, slots=True)
class Change:
    """An expected row, the one that came out in its place, and the columns that differ."""

    expected: Values
    found: Values
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowDiff:
    """How rows differ from those that are expected.

    ``columns`` are those that are compared, ``key`` the ones that identify a row. ``misplaced`` are rows that came out in
    another order, as (number of the row, expected, found).
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    equal: int
    missing: tuple[Values, ...] = ()
    unexpected: tuple[Values, ...] = ()
    changed: tuple[Change, ...] = ()
    misplaced: tuple[tuple[int, Values, Values], ...] = ()

    @property
    def same(self) -> bool:
        """Whether they do not differ."""
        return not (self.missing or self.unexpected or self.changed or self.misplaced)


def compare_rows(
    expected: Sequence[Values],
    found: Sequence[Values],
    columns: Sequence[str],
    key: Sequence[str] = (),
    *,
    tolerance: float = 0.0,
    ordered: bool = False,
    partial: bool = False,
) -> RowDiff:
    """How the rows differ in these columns.

    Args:
        expected: the rows that must come out.
        found: the rows that came out.
        columns: the columns to compare.
        key: those that identify a row, if they are known and among the columns.
        tolerance: how far floats may differ, as a share of the larger one.
        ordered: whether they must come in this order.
        partial: whether other rows may come out, too.
    """
    key = tuple(key) if key and set(key) <= set(columns) else ()
    equal = _Equal(columns, tolerance)
    missing, unexpected = _unmatched(expected, found, equal)
    matched = len(expected) - len(missing)
    if ordered and not (missing or unexpected):
        misplaced = [(n, a, b) for n, (a, b) in enumerate(zip(expected, found, strict=True)) if not equal.rows(a, b)]
        return RowDiff(tuple(columns), key, matched, misplaced=tuple(misplaced))
    pairs = _pair(missing, unexpected, key, equal)
    changed = tuple(Change(a, b, equal.different(a, b)) for a, b in pairs)
    paired_a, paired_b = {id(a) for a, _ in pairs}, {id(b) for _, b in pairs}
    return RowDiff(
        tuple(columns),
        key,
        matched,
        tuple(row for row in missing if id(row) not in paired_a),
        () if partial else tuple(row for row in unexpected if id(row) not in paired_b),
        changed,
    )


def is_equal(value: Any, other: Any, tolerance: float = 1e-9) -> bool:
    """Whether two values are equal; floats need only be so within the tolerance, and NaN equals NaN."""
    if isinstance(value, float) or isinstance(other, float):
        return _is_close(value, other, tolerance)
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(is_equal(a, b, tolerance) for a, b in zip(value, other, strict=True))
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(is_equal(value[key], other[key], tolerance) for key in value)
    if isinstance(value, bool) != isinstance(other, bool):
        return False
    return bool(value == other)


def _is_close(value: Any, other: Any, tolerance: float) -> bool:
    try:
        close = math.isclose(value, other, rel_tol=tolerance, abs_tol=min(tolerance, 1e-9))
        return close or (math.isnan(value) and math.isnan(other))
    except TypeError:  # one is not a number
        return False


@dataclass(frozen=True, slots=True)
class _Equal:
    columns: Sequence[str]
    tolerance: float

    def rows(self, row: Values, other: Values) -> bool:
        return all(is_equal(row[name], other[name], self.tolerance) for name in self.columns)

    def different(self, row: Values, other: Values) -> tuple[str, ...]:
        return tuple(name for name in self.columns if not is_equal(row[name], other[name], self.tolerance))


def _unmatched(expected: Sequence[Values], found: Sequence[Values], equal: _Equal) -> tuple[list[Values], list[Values]]:
    """The rows of each side that have no equal one on the other; those that are equal as texts are matched quickly."""
    left: dict[str, list[Values]] = {}
    for row in found:
        left.setdefault(_text(row, equal.columns), []).append(row)
    rest = []
    for row in expected:
        same = left.get(_text(row, equal.columns))
        match = next((n for n, other in enumerate(same or ()) if equal.rows(row, other)), None)
        if same and match is not None:
            del same[match]
        else:
            rest.append(row)
    others = [row for rows in left.values() for row in rows]
    missing = []
    for row in rest:
        match = next((n for n, other in enumerate(others) if equal.rows(row, other)), None)
        if match is None:
            missing.append(row)
        else:
            del others[match]
    return missing, others


def _text(row: Values, columns: Sequence[str]) -> str:
    return repr([row[name] for name in columns])


def _pair(
    missing: Sequence[Values], unexpected: Sequence[Values], key: tuple[str, ...], equal: _Equal
) -> list[tuple[Values, Values]]:
    """Missing and unexpected rows that are the same row with other values: of one key, or else those that are most alike."""
    if key:
        by_key: dict[str, list[Values]] = {}
        for row in unexpected:
            by_key.setdefault(_text(row, key), []).append(row)
        return [(row, by_key[text].pop(0)) for row in missing if by_key.get(text := _text(row, key))]
    if len(missing) > MOST_PAIRED or len(unexpected) > MOST_PAIRED:
        return []
    left = list(unexpected)
    pairs = []
    for row in missing:
        alike = [len(equal.columns) - len(equal.different(row, other)) for other in left]
        if alike and 2 * max(alike) >= len(equal.columns) and max(alike):
            pairs.append((row, left.pop(alike.index(max(alike)))))
    return pairs
