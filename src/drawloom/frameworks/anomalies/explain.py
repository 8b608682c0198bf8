"""Why a flagged series changed: the slices that explain it, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.anomalies.feedback import SeriesKey
from drawloom.frameworks.anomalies.matrix import Matrix, fill_zeros, read_matrix, settings_of
from drawloom.model import StepContext

if TYPE_CHECKING:
    from drawloom.statistics.arrays import Array

AND = " & "
COLUMNS = ("table_name", "metric", "series", "slice", "slice_value")


def explain(context: StepContext, flagged: Mapping[SeriesKey, tuple[float, float]]) -> dict[SeriesKey, str]:
    """What explains each flagged series, as JSON; none where nothing does.

    Args:
        context: of the step.
        flagged: value and expected value by series.
    """
    if not flagged:
        return {}
    one_of = " OR ".join(
        f"(table_name = {sqlfiles.quote_value(table)} AND metric = {sqlfiles.quote_value(metric)})"
        for table, metric in sorted({key[:2] for key in flagged})
    )
    matrix = read_matrix(context, f"slice <> '' AND ({one_of})", COLUMNS, context.params["history"])
    matrix = fill_zeros(matrix, {tuple(pair) for pair in context.params["additive"]})
    by_series: dict[tuple[str, ...], list[int]] = {}
    for number, key in enumerate(matrix.keys):
        by_series.setdefault(key[:3], []).append(number)
    found: dict[SeriesKey, str] = {}
    for key, (value, expected) in flagged.items():
        if at := by_series.get(key):
            cause = _explain_one(context, matrix, at, value, expected)
            if cause:
                found[key] = json.dumps(cause, ensure_ascii=False, sort_keys=True)
    return found


def _explain_one(
    context: StepContext, matrix: Matrix, at: Sequence[int], value: float, expected: float
) -> dict[str, Any] | None:
    import numpy as np

    from drawloom.statistics.series import contributions, rate_and_mix

    slices = [(matrix.keys[n][3], matrix.keys[n][4]) for n in at]
    cuts = [cut for cut, _ in slices]
    weights = matrix.weights[at]
    if np.isnan(weights).all():
        usual = _forecast(context, matrix.values[at])
        shares = contributions(usual, np.nan_to_num(matrix.values[at, -1]), value - expected)
        sizes = usual / expected if expected else np.zeros(len(at))
        return _as_json(slices, shares, sizes, context.params["top"], {})
    shares, sizes, mix = (np.zeros(len(at)) for _ in range(3))
    numerators = matrix.values[at] * weights
    for cut in dict.fromkeys(cuts):
        own = [n for n, one in enumerate(cuts) if one == cut]
        before, before_weight = (_forecast(context, part[own]) for part in (numerators, weights))
        now, now_weight = (np.nan_to_num(part[own, -1]) for part in (numerators, weights))
        by_rate, by_mix = rate_and_mix(before, before_weight, now, now_weight)
        change = (by_rate + by_mix).sum()
        if change:
            shares[own], mix[own] = (by_rate + by_mix) / change, by_mix / change
        sizes[own] = before_weight / max(before_weight.sum(), 1e-12)
    by_share = np.abs(mix) > np.abs(shares) / 2
    sizes = np.where(by_share, 0.0, sizes)  # a share that moves is a cause, however large it was
    effects = {n: "mix" if by_share[n] else "rate" for n in range(len(at))}
    return _as_json(slices, shares, sizes, context.params["top"], effects)


def _forecast(context: StepContext, values: Array) -> Array:
    """What each slice should have been: by its weekdays, or as the median of what it was, or 0 where it never was."""
    import numpy as np

    from drawloom.statistics.series import Weekday, weekday_robust
    from drawloom.statistics.series.windows import medians

    settings = settings_of(context.params, context.ds)
    filled = values.copy()
    filled[np.isnan(filled[:, -1]), -1] = 0.0
    chosen = Weekday(min_history=15)
    judged = weekday_robust(filled, settings=chosen, month_days=settings["month_days"], special=settings["special"])
    usual = judged.expected[:, 0]
    return np.nan_to_num(np.where(np.isnan(usual), medians(values[:, :-1]), usual))


def _as_json(
    slices: Sequence[tuple[str, str]], shares: Array, sizes: Array, top: int, effects: Mapping[int, str]
) -> dict[str, Any] | None:
    from drawloom.statistics.series import find_causes

    single = [n for n, (cut, _) in enumerate(slices) if AND not in cut]
    found = find_causes(shares[single], sizes[single], [slices[n][0] for n in single], top)
    places = [single[n] for n in found.places]
    if len(places) == 1:
        places = _within(slices, places[0], shares, sizes) or places
    if not places:
        places = _pairs(slices, shares, sizes, top)
    if not places:
        return None
    causes = [
        {"slice": slices[n][0], "value": slices[n][1], "share": round(float(shares[n]), 4)}
        | ({"effect": effects[n]} if n in effects else {})
        for n in places
    ]
    return {"causes": causes, "explained": round(float(shares[places].sum()), 4)}


def _within(slices: Sequence[tuple[str, str]], parent: int, shares: Array, sizes: Array) -> list[int]:
    """The one pair of values that explains as much as the one value it is a part of."""
    from drawloom.statistics.series.causes import ENOUGH, LIFT

    cut, value = slices[parent]
    for n, (names, values) in enumerate(slices):
        parts = dict(zip(names.split(AND), values.split(AND), strict=False))
        if AND in names and parts.get(cut) == value:
            is_more_exact = sizes[n] * LIFT < sizes[parent]
            if is_more_exact and shares[n] >= max(ENOUGH, 0.9 * min(shares[parent], 1.0)):
                return [n]
    return []


def _pairs(slices: Sequence[tuple[str, str]], shares: Array, sizes: Array, top: int) -> list[int]:
    """Pairs of values, where no single one explains enough."""
    from drawloom.statistics.series import find_causes

    pairs = [n for n, (cut, _) in enumerate(slices) if AND in cut]
    found = find_causes(shares[pairs], sizes[pairs], [slices[n][0] for n in pairs], top)
    return [pairs[n] for n in found.places]
