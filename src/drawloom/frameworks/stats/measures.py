"""What a scan computes of a column: measures, each an aggregate whose state merges with that of other partitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drawloom.frameworks.stats.digest import middles
from drawloom.frameworks.stats.kinds import MOST_DIGITS, ScannedColumn, TypeClass

MergeKind = Literal["sum", "min", "max", "moments", "hll", "tdigest", "topk", "none", "plan"]
STATE_KINDS: frozenset[MergeKind] = frozenset({"moments", "hll", "tdigest", "topk"})
SAMPLED: frozenset[MergeKind] = frozenset({"tdigest", "topk"})  # the only ones that a sample is enough for
TOP = 20  # values of which a state keeps the counts
NUMBERS: frozenset[TypeClass] = frozenset({"int", "float", "decimal"})
TIMES: frozenset[TypeClass] = frozenset({"date", "timestamp"})
TEXTS: frozenset[TypeClass] = frozenset({"string"})
LISTS: frozenset[TypeClass] = frozenset({"list", "map"})
FLOATS: frozenset[TypeClass] = frozenset({"float"})
BOOLS: frozenset[TypeClass] = frozenset({"bool"})
HASHED: frozenset[TypeClass] = frozenset({*NUMBERS, *TIMES, *TEXTS, "binary", "other"})
EVERY: frozenset[TypeClass] = frozenset({*HASHED, *LISTS, *BOOLS, "struct"})


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregate of a column.

    Args:
        name: by which metrics and states name it.
        kind: how states of several partitions merge; ``none`` where only a scan of all of them would tell.
        applies: the kinds of columns that have it.
        sql: the aggregate in DuckDB's dialect. ``{x}`` is the column; ``{v}`` its finite values: NaN and infinities,
            which would be the result of everything they are part of, are counted apart. ``{n}`` is the size of a list or map.
        portable: other aggregates for the other engines, where they have not what ``sql`` uses; () where a
            measure takes a query of its own there (see ``sketches``).
        few: those of few rows, whose values are handed over.
    """

    name: str
    kind: MergeKind
    applies: frozenset[TypeClass]
    sql: str
    portable: tuple[str, ...] | None = None
    few: tuple[str, ...] | None = None

    def aggregates(self, column: ScannedColumn, engine: str, *, of_few: bool = False) -> tuple[str, ...]:
        """The aggregates that it takes of a column on an engine; none where it takes a query of its own."""
        template = self._for_type(column, engine)
        portable = self.few if of_few and self.few else self.portable
        texts = (template,) if engine == "duckdb" or portable is None else portable
        parts = {"x": column.sql, "v": _finite(column, engine), "n": _size(column, engine)}
        return tuple(re.sub(r"\{([xvn])\}", lambda found: parts[found[1]], text) for text in texts)

    def _for_type(self, column: ScannedColumn, engine: str) -> str:
        """Sums of decimals that may not fit into 38 digits are those of floats; elsewhere those of integers have 64 bits."""
        if self.name != "sum":
            return self.sql
        if column.digits > MOST_DIGITS:
            return "sum(CAST({x} AS DOUBLE))"
        if engine == "duckdb" or column.kind == "decimal":
            return self.sql
        return "sum(CAST({v} AS DOUBLE))" if column.kind == "float" else "sum(CAST({v} AS DECIMAL(38, 0)))"


def _finite(column: ScannedColumn, engine: str) -> str:
    if column.kind == "float":
        test = (
            f"isfinite({column.sql})" if engine == "duckdb" else f"NOT isnan({column.sql}) AND NOT isinf({column.sql})"
        )
        return f"CASE WHEN {test} THEN {column.sql} END"
    if column.kind in TIMES and engine == "duckdb":  # DuckDB has days at infinity
        return f"CASE WHEN isfinite({column.sql}) THEN {column.sql} END"
    return column.sql


def _size(column: ScannedColumn, engine: str) -> str:
    if engine == "duckdb":
        return f"{'cardinality' if column.kind == 'map' else 'len'}({column.sql})"
    return f"list_len({f'map_keys({column.sql})' if column.kind == 'map' else column.sql})"


def _exported(aggregate: str) -> str:
    return f"CAST(to_json({aggregate} EXPORT_STATE) AS VARCHAR)"


_ORDERED = NUMBERS | TIMES | TEXTS
_MEASURES = (
    Measure("non_null", "sum", EVERY, "count({x})"),
    Measure("min", "min", _ORDERED, "min({v})"),
    Measure("max", "max", _ORDERED, "max({v})"),
    Measure("sum", "sum", NUMBERS, "sum({v})"),
    Measure(
        "moments",
        "moments",
        NUMBERS,
        _exported("stddev_samp(CAST({v} AS DOUBLE))"),
        ("count({v})", "avg(CAST({v} AS DOUBLE))", "var_pop(CAST({v} AS DOUBLE))"),
    ),
    Measure("zeros", "sum", NUMBERS, "count_if({x} = 0)", ("count(CASE WHEN {x} = 0 THEN 1 END)",)),
    Measure("negatives", "sum", NUMBERS, "count_if({x} < 0)", ("count(CASE WHEN {x} < 0 THEN 1 END)",)),
    Measure("nans", "sum", FLOATS, "count_if(isnan({x}))", ("count(CASE WHEN isnan({x}) THEN 1 END)",)),
    Measure("infs", "sum", FLOATS, "count_if(isinf({x}))", ("count(CASE WHEN isinf({x}) THEN 1 END)",)),
    Measure("trues", "sum", BOOLS, "count_if({x})", ("count(CASE WHEN {x} THEN 1 END)",)),
    Measure("len_min", "min", TEXTS, "min(length({x}))"),
    Measure("len_max", "max", TEXTS, "max(length({x}))"),
    Measure("len_sum", "sum", TEXTS, "sum(length({x}))"),
    Measure("empties", "sum", TEXTS, "count_if({x} = '')", ("count(CASE WHEN {x} = '' THEN 1 END)",)),
    Measure("size_min", "min", LISTS, "min({n})"),
    Measure("size_max", "max", LISTS, "max({n})"),
    Measure("size_sum", "sum", LISTS, "sum({n})"),
    Measure("hll", "hll", HASHED, _exported("approx_count_distinct({x})"), ("approx_distinct({x})",)),
    Measure("uniques", "none", HASHED, "count(DISTINCT {x})"),
    Measure(
        "tdigest",
        "tdigest",
        NUMBERS,
        _exported("approx_quantile(CAST({v} AS DOUBLE), 0.5)"),
        (
            "count({v})",
            "min(CAST({v} AS DOUBLE))",
            "max(CAST({v} AS DOUBLE))",
            f"approx_quantile(CAST({{v}} AS DOUBLE), [{', '.join(map(repr, middles()))}])",
        ),
        ("list(CAST({v} AS DOUBLE))",),
    ),
    Measure(
        "topk", "topk", TEXTS | BOOLS | {"int", "date"}, _exported(f"approx_top_k(CAST({{x}} AS VARCHAR), {TOP})"), ()
    ),
)
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _MEASURES}
