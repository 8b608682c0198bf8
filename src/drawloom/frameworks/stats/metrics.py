"""The metrics of columns and tables: what each is computed of, which columns have it, and from which tier on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from drawloom.frameworks.stats.kinds import TypeClass
from drawloom.frameworks.stats.measures import BOOLS, EVERY, FLOATS, HASHED, LISTS, MEASURES, NUMBERS, TEXTS, TIMES

Tier = Literal["footer", "cheap", "standard", "full"]
TIERS: tuple[Tier, ...] = get_args(Tier)
ROW_COUNT = "row_count"
TABLE_METRICS = {
    ROW_COUNT: "rows",
    "column_count": "columns, fields of structs not counted",
}


@dataclass(frozen=True, slots=True)
class Merged:
    """A measure of one or several partitions: a number, a text where that says more, or what a sketch tells.

    ``texts`` are sketches that are not merged yet.
    """

    value: float | None = None
    text: str | None = None
    details: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()


Measured = Mapping[str, Merged]
Value = tuple[float | None, str | None]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of columns.

    Args:
        name: as in the table.
        needs: the measures that it is computed of.
        applies: the kinds of columns that have it.
        tier: the cheapest tier that has it; None where only a rule adds it.
        compute: its value and text of the measures of a column, of which ``rows`` is the number of rows.
        description: what it is, for people.
    """

    name: str
    needs: tuple[str, ...]
    applies: frozenset[TypeClass]
    tier: Tier | None
    compute: Callable[[Measured], Value]
    description: str

    @property
    def is_mergeable(self) -> bool:
        """Whether that of a week follows from those of its days."""
        return all(MEASURES[name].kind != "none" for name in self.needs)


def _same(name: str) -> Callable[[Measured], Value]:
    return lambda found: (found[name].value, found[name].text)


def _count_of(name: str) -> Callable[[Measured], Value]:
    """A count, which of no rows is none and not unknown."""
    return lambda found: (found[name].value or 0.0, None)


def _ratio(name: str, of: str, most: float | None = None) -> Callable[[Measured], Value]:
    def compute(found: Measured) -> Value:
        top, bottom = found[name].value or 0.0, found[of].value
        if not bottom:
            return None, None
        return (min(top / bottom, most) if most else top / bottom), None

    return compute


def _null_count(found: Measured) -> Value:
    return (found["rows"].value or 0.0) - (found["non_null"].value or 0.0), None


def _null_ratio(found: Measured) -> Value:
    rows = found["rows"].value
    return ((_null_count(found)[0] or 0.0) / rows if rows else None), None


def _mean(found: Measured) -> Value:
    """Exactly that of integers, whose sum is exact."""
    n, mean, _ = found["moments"].details or (0.0, 0.0, 0.0)
    if not n:
        return None, None
    whole = found["sum"].value if "sum" in found and found["sum"].text is None else None
    return (whole / n if whole is not None and whole == int(whole) and abs(whole) < 2**53 else mean), None


def _stddev(found: Measured) -> Value:
    """That of a sample; unknown of fewer than two values."""
    n, _, squared = found["moments"].details or (0.0, 0.0, 0.0)
    return ((squared / (n - 1)) ** 0.5 if n > 1 else None), None


def _distinct(found: Measured) -> Value:
    """Never more than there are values: a sketch may overshoot by some per cent."""
    value, values = found["hll"].value, found["non_null"].value or 0.0
    return (min(value, values) if value is not None else 0.0), None


def _quantile(percent: int) -> Callable[[Measured], Value]:
    def compute(found: Measured) -> Value:
        details = found["tdigest"].details
        return (details[PERCENTS.index(percent)] if details else None), None

    return compute


def _top(found: Measured) -> Value:
    """The share of the most frequent value, and the most frequent ones with their counts as JSON.

    Where most values are different there are no frequent ones, though the sketch names some.
    """
    text, values = found["topk"].text, found["non_null"].value
    distinct = found["hll"].value if "hll" in found else None
    if distinct and values and distinct > _MANY and distinct > values / 2:
        return None, None
    listed = json.loads(text) if text else []
    return (listed[0][1] / values if listed and values else None), text


_MANY = 1000
PERCENTS = (1, 5, 25, 50, 75, 95, 99)
_ORDERED = NUMBERS | TIMES | TEXTS
_METRICS = (
    Metric("null_count", ("non_null",), EVERY, "footer", _null_count, "rows without a value"),
    Metric("null_ratio", ("non_null",), EVERY, "footer", _null_ratio, "share of rows without a value"),
    Metric(
        "min", ("min",), _ORDERED, "cheap", _same("min"), "the smallest finite value; of times in seconds since 1970"
    ),
    Metric("max", ("max",), _ORDERED, "cheap", _same("max"), "the largest finite value"),
    Metric("sum", ("sum",), NUMBERS, "cheap", _same("sum"), "sum of the finite values"),
    Metric("mean", ("moments", "sum"), NUMBERS, "cheap", _mean, "mean of the finite values"),
    Metric(
        "stddev", ("moments",), NUMBERS, "cheap", _stddev, "standard deviation of the finite values, as of a sample"
    ),
    Metric("zero_count", ("zeros",), NUMBERS, "cheap", _count_of("zeros"), "values that are 0; NULL is not one"),
    Metric("negative_count", ("negatives",), NUMBERS, "cheap", _count_of("negatives"), "values below 0"),
    Metric("nan_count", ("nans",), FLOATS, "cheap", _count_of("nans"), "values that are NaN"),
    Metric("inf_count", ("infs",), FLOATS, "cheap", _count_of("infs"), "values that are infinite"),
    Metric("true_count", ("trues",), BOOLS, "cheap", _count_of("trues"), "values that are true"),
    Metric(
        "true_ratio",
        ("trues", "non_null"),
        BOOLS,
        "cheap",
        _ratio("trues", "non_null"),
        "share of values that are true",
    ),
    Metric("len_min", ("len_min",), TEXTS, "cheap", _same("len_min"), "characters of the shortest value"),
    Metric("len_max", ("len_max",), TEXTS, "cheap", _same("len_max"), "characters of the longest value"),
    Metric("len_mean", ("len_sum", "non_null"), TEXTS, "cheap", _ratio("len_sum", "non_null"), "characters of a value"),
    Metric("empty_count", ("empties",), TEXTS, "cheap", _count_of("empties"), "values that are ''"),
    Metric("size_min", ("size_min",), LISTS, "cheap", _same("size_min"), "elements of the shortest list or map"),
    Metric("size_max", ("size_max",), LISTS, "cheap", _same("size_max"), "elements of the longest list or map"),
    Metric(
        "size_mean",
        ("size_sum", "non_null"),
        LISTS,
        "cheap",
        _ratio("size_sum", "non_null"),
        "elements of a list or map",
    ),
    Metric("distinct", ("hll", "non_null"), HASHED, "standard", _distinct, "different values, within some per cent"),
    Metric(
        "distinct_ratio",
        ("hll", "non_null"),
        HASHED,
        "standard",
        _ratio("hll", "non_null", 1.0),
        "different values by values, within some per cent",
    ),
    Metric(
        "unique_ratio",
        ("uniques", "non_null"),
        HASHED,
        None,
        _ratio("uniques", "non_null"),
        "different values by values, exactly: 1 where each is unique",
    ),
    *(
        Metric(
            f"p{percent:02}", ("tdigest",), NUMBERS, "full", _quantile(percent), f"the value that {percent} % are below"
        )
        for percent in PERCENTS
    ),
    Metric(
        "top",
        ("topk", "non_null"),
        MEASURES["topk"].applies,
        "full",
        _top,
        "share of the most frequent value; the most frequent ones as text",
    ),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _METRICS}


def tier_metrics(tier: Tier, kind: TypeClass) -> list[str]:
    """The metrics that a tier has of columns of a kind."""
    within = TIERS[: TIERS.index(tier) + 1]
    return [metric.name for metric in _METRICS if metric.tier in within and kind in metric.applies]
