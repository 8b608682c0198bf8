"""From states to statistics: states of several partitions merged, and the metrics of what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.stats.measures import TOP
from drawloom.frameworks.stats.memory import memory
from drawloom.frameworks.stats.metrics import METRICS, PERCENTS, Merged
from drawloom.frameworks.stats.registers import estimate
from drawloom.frameworks.stats.scan import encode_value

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

Group = tuple[str, str, str]  # column, slice, and its value
_EXACT = Context(prec=100)
_GROUP = "column_name, slice, slice_value, metric"
_DIGEST = 'STRUCT("count" UBIGINT, "min" DOUBLE, "max" DOUBLE, centroids STRUCT(mean DOUBLE, weight DOUBLE)[])'
_TOPK = 'STRUCT("values" STRUCT("value" VARCHAR, "count" UBIGINT)[])'
_MOMENTS = 'STRUCT("count" UBIGINT, mean DOUBLE, dsquared DOUBLE)'
# Numbers that a float does not hold are merged by their texts.
_PLAIN = f"""
SELECT {_GROUP}, any_value(kind) AS kind, any_value(type) AS type, any_value(state ORDER BY ds DESC) AS state,
  CASE any_value(kind) WHEN 'sum' THEN sum(value) WHEN 'min' THEN min(value) ELSE max(value) END AS value,
  CASE any_value(kind) WHEN 'min' THEN coalesce(arg_min(value_text, value), min(value_text))
    ELSE coalesce(arg_max(value_text, value), max(value_text)) END AS value_text,
  CASE WHEN bool_or(value_text IS NOT NULL AND value IS NOT NULL AND (type = 'int' OR type LIKE 'decimal%'))
    THEN list(coalesce(value_text, CAST(CAST(value AS HUGEINT) AS VARCHAR))) FILTER (value IS NOT NULL) END AS exact
FROM states
WHERE kind IN ('sum', 'min', 'max', 'plan') OR (kind = 'none' AND (SELECT count(DISTINCT ds) FROM states) = 1)
GROUP BY {_GROUP}
HAVING any_value(kind) IN ('sum', 'plan') OR count(DISTINCT type) = 1"""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One metric of a column, of a slice of it, or of a table: its value, and a text where that says more."""

    column_name: str
    slice: str
    slice_value: str
    metric: str
    value: float | None
    value_text: str | None
    rows_seen: int
    sample_fraction: float = 1.0


@dataclass(frozen=True, slots=True)
class MergedStates:
    """What the states of some partitions say together: measures, the metrics that are wanted, and sampled shares."""

    measures: Mapping[Group, Mapping[str, Merged]]
    metrics: Mapping[Group, Sequence[str]]
    fractions: Mapping[Group, float]

    def statistics(self) -> Iterator[Statistic]:
        """All metrics, by column, slice and metric."""
        for group in sorted(self.metrics):
            column, by, value = group
            rows = int(self.measures["", by, value]["rows"].value or 0)
            measured = {**self.measures["", by, value], **self.measures.get(group, {})}
            for name in self.metrics[group]:
                if found := _value(name, measured):
                    sampled = name == "top" or name[1:].isdigit()
                    fraction = self.fractions.get(group, 1.0) if sampled else 1.0
                    yield Statistic(column, by, value, name, *found, rows, fraction)


def merge_states(states: pa.Table) -> MergedStates:
    """The states of one or several partitions as one.

    Sketches merge where type, engine and version are the same; of others, and of what does not merge, nothing is said.

    Args:
        states: rows of ``meta.column_states`` about one table.
    """
    measures: dict[Group, dict[str, Merged]] = {}
    metrics: dict[Group, list[str]] = {}
    with memory() as connection:
        connection.register("states", states)
        for row in _rows(connection, _PLAIN):
            group = row["column_name"], row["slice"], row["slice_value"]
            if row["kind"] == "plan":
                metrics[group] = json.loads(row["state"])
            else:
                measures.setdefault(group, {})[row["metric"]] = _plain(row)
        for group, name, merged in _sketches(connection):
            measures.setdefault(group, {})[name] = merged
        sql = "SELECT column_name, slice, slice_value, min(sample_fraction) AS f FROM states GROUP BY ALL"
        fractions = {(r["column_name"], r["slice"], r["slice_value"]): r["f"] for r in _rows(connection, sql)}
    return MergedStates(measures, metrics, fractions)


def _value(name: str, measured: Mapping[str, Merged]) -> tuple[float | None, str | None] | None:
    """The value of a metric; None where a measure of it is not known."""
    if name in ("row_count", "column_count"):
        found = measured["rows" if name == "row_count" else "columns"]
        return found.value, None
    metric = METRICS.get(name)
    if metric is None:  # an expression of the user
        return (measured[name].value, measured[name].text) if name in measured else None
    return metric.compute(measured) if all(need in measured for need in metric.needs) else None


def _rows(connection: DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.sql(sql).to_arrow_table().to_pylist()
    return found


def _plain(row: Mapping[str, Any]) -> Merged:
    if row["exact"] is None:
        return Merged(row["value"], row["value_text"] if row["kind"] != "sum" else None)
    numbers = [Decimal(text) for text in row["exact"]]
    if row["kind"] == "sum":
        total = Decimal(0)
        for number in numbers:
            total = _EXACT.add(total, number)
        return Merged(*encode_value(total))
    return Merged(*encode_value(min(numbers) if row["kind"] == "min" else max(numbers)))


def _sketches(connection: DuckDBPyConnection) -> Iterator[tuple[Group, str, Merged]]:
    kinds = {row["kind"] for row in _rows(connection, "SELECT DISTINCT kind FROM states")}
    for kind, value, read in _SKETCHES:
        if kind in kinds:
            yield from _sketch(connection, kind, value, read)
    if "hll" in kinds:
        yield from _distinct(connection)


def _distinct(connection: DuckDBPyConnection) -> Iterator[tuple[Group, str, Merged]]:
    found = list(_sketch(connection, "hll", "list(state) FILTER (state IS NOT NULL)", _texts))
    estimates = estimate(connection, [merged.texts for _, _, merged in found])
    for (group, name, _), value in zip(found, estimates, strict=True):
        yield group, name, Merged(value)


def _texts(states: Sequence[str] | None) -> Merged:
    return Merged(texts=tuple(states or ()))


def _merged(struct: str, function: str) -> str:
    return f"combine_aggr(to_aggregate_state(CAST(CAST(state AS JSON) AS {struct}), {function}))"


def _sketch(
    connection: DuckDBPyConnection, kind: str, value: str, read: Callable[[Any], Merged]
) -> Iterator[tuple[Group, str, Merged]]:
    """A kind of sketches, by column and measure; those of no values are NULL, whatever they are tagged."""
    tags = "count(DISTINCT type || ' ' || engine || ' ' || version) FILTER (state IS NOT NULL)"
    sql = f"SELECT {_GROUP}, {value} AS value FROM states WHERE kind = '{kind}' GROUP BY {_GROUP} HAVING {tags} <= 1"
    for row in _rows(connection, sql):
        yield (row["column_name"], row["slice"], row["slice_value"]), row["metric"], read(row["value"])


def _quantiles(values: Sequence[float] | None) -> Merged:
    return Merged(details=tuple(values or ()))


def _moments(value: Mapping[str, float] | None) -> Merged:
    return Merged(details=(value["count"], value["mean"], value["dsquared"]) if value else ())


def _top(values: Sequence[Mapping[str, Any]] | None) -> Merged:
    """The most frequent values with their counts; of equally frequent ones the smallest first.

    Counts are added up here: DuckDB adds to a value that one state lacks what it might have had there at most.
    """
    counts: dict[str, int] = {}
    for row in values or ():
        counts[row["value"]] = counts.get(row["value"], 0) + row["count"]
    ranked = sorted((-count, value) for value, count in counts.items())[:TOP]
    return Merged(text=json.dumps([[value, -count] for count, value in ranked], ensure_ascii=False) if ranked else None)


_PERCENTS = ", ".join(str(percent / 100) for percent in PERCENTS)
_QUANTILES = f"'approx_quantile', ['DOUBLE', 'FLOAT[]'], [NULL, [{_PERCENTS}]::FLOAT[]]"
_MOMENTS_MERGED = _merged(_MOMENTS, "'stddev_samp', ['DOUBLE']")
_SKETCHES: tuple[tuple[str, str, Callable[[Any], Merged]], ...] = (
    ("tdigest", f"CAST(finalize({_merged(_DIGEST, _QUANTILES)}) AS DOUBLE[])", _quantiles),
    ("moments", f"CAST({_MOMENTS_MERGED} AS {_MOMENTS})", _moments),
    ("topk", f"flatten(list(CAST(CAST(state AS JSON) AS {_TOPK}).values))", _top),
)
