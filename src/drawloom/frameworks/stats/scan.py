"""Scanning a partition: the states of its columns, from wide aggregates over batches of columns."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.stats.digest import digest_state
from drawloom.frameworks.stats.kinds import ScannedColumn, quote_text, scanned_columns
from drawloom.frameworks.stats.measures import MEASURES, SAMPLED, MergeKind
from drawloom.frameworks.stats.memory import memory
from drawloom.frameworks.stats.metrics import METRICS, Tier
from drawloom.frameworks.stats.registers import pack
from drawloom.frameworks.stats.rules import ColumnPlan, Rule, expression_kind, plan_columns
from drawloom.frameworks.stats.sketches import VERSION, count_registers, count_values, is_hashed
from drawloom.model import digest

if TYPE_CHECKING:
    import pyarrow as pa

Query = Callable[[str], "pa.Table"]
_QUERIED: Mapping[MergeKind, Callable[..., Iterator[str | None]]] = {"hll": count_registers, "topk": count_values}
EXACT = 2**53  # whole numbers up to it are exact as floats
OTHER = "(other)"
NO_VALUE = "(null)"
SAMPLE_KEYS = 8  # columns whose values together choose the rows of a sample
# How many columns one query aggregates of so many rows and more, measured: many rows want few, few rows want many.
_BATCHES = ((500_000, 8), (0, 250))
_REMOTE_BATCH = 100
_FEW = 500  # rows of which Spark and Trino hand over the values of numbers


@dataclass(frozen=True, slots=True)
class Slice:
    """Statistics of the rows with each value of a column: the most frequent values, all others as ``(other)``.

    ``metrics`` are pairs of a column ('' for the table) and one of its metrics.
    """

    by: str
    metrics: tuple[tuple[str, str], ...]
    top: int


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What is computed of a table."""

    tier: Tier = "standard"
    rules: tuple[Rule, ...] = ()
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    slices: tuple[Slice, ...] = ()
    sample_above_rows: int | None = None
    engine: str = "duckdb"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "tier": self.tier,
            "rules": [rule.to_json() for rule in self.rules],
            "tags": {name: list(tags) for name, tags in sorted(self.tags.items())},
            "slices": [[one.by, [list(pair) for pair in one.metrics], one.top] for one in self.slices],
            "sample_above_rows": self.sample_above_rows,
            "engine": self.engine,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ScanPlan:
        """The plan of ``to_json``; other keys are passed over."""
        slices = (Slice(by, tuple((a, b) for a, b in pairs), top) for by, pairs, top in values["slices"])
        rules = tuple(map(Rule.from_json, values["rules"]))
        sample = values["sample_above_rows"]
        return cls(values["tier"], rules, values["tags"], tuple(slices), sample, values["engine"])


@dataclass(frozen=True, slots=True)
class State:
    """The state of one measure of a column, or of a slice of it; '' is the column of what is about all rows."""

    column_name: str
    metric: str
    kind: MergeKind
    type: str
    value: float | None
    value_text: str | None
    state: str | None
    rows_seen: int
    sample_fraction: float = 1.0
    slice: str = ""
    slice_value: str = ""


def state_version(engine: str) -> str:
    """What changes where an engine makes other states of the same values: states of two versions do not merge."""
    return _duckdb_version() if engine == "duckdb" else VERSION


@lru_cache(maxsize=1)
def _duckdb_version() -> str:
    """What this DuckDB makes of known values."""
    with memory() as connection:
        texts = (
            "approx_count_distinct(i)",
            "approx_count_distinct(x)",
            "approx_count_distinct(s)",
            "approx_quantile(x, 0.5)",
            "approx_top_k(s, 3)",
            "stddev_samp(x)",
        )
        items = ", ".join(f"CAST(to_json({text} EXPORT_STATE) AS VARCHAR)" for text in texts)
        known = "SELECT i, i / 7 AS x, 'v' || i AS s FROM range(100) t(i)"
        (row,) = connection.execute(f"SELECT {items} FROM ({known})").fetchall()
    return digest(row)


def scan_table(query: Query, table: str, plan: ScanPlan, where: str = "") -> list[State]:
    """The states of a table's rows.

    Args:
        query: runs a SELECT in DuckDB's dialect.
        table: quoted, for a query.
        plan: what is computed.
        where: a condition of its rows, such as their day.

    Raises:
        DrawloomError: as ``query``.
    """
    return _Scan(query, table, plan, where).run()


class _Scan:
    def __init__(self, query: Query, table: str, plan: ScanPlan, where: str) -> None:
        self._query = query
        self._plan = plan
        self._from = f"{table}{f' WHERE {where}' if where else ''}"
        schema = query(f"SELECT * FROM {table} LIMIT 0").schema
        self._all = list(scanned_columns(schema))
        self._top_level = sum(1 for name in schema.names if name.lower() != "ds")
        self._columns = list(plan_columns(self._all, plan.tier, plan.rules, plan.tags))
        self._hidden = {plan.column.name: plan.hidden for plan in self._columns}
        self._rows = int(query(f"SELECT count(*) AS n FROM {self._from}").column(0)[0].as_py())

    def run(self) -> list[State]:
        """The states of the table, its columns and its slices."""
        states = [
            self._metrics("", ["row_count", "column_count"]),
            State("", "rows", "sum", "", float(self._rows), None, None, self._rows),
            State("", "columns", "max", "", float(self._top_level), None, None, self._rows),
            *(self._metrics(one.column.name, [*one.metrics, *one.expressions]) for one in self._columns),
        ]
        for batch in self._batches():
            states += self._whole(batch)
        states += self._sampled()
        for one in self._plan.slices:
            states += self._sliced(one)
        return states

    def _metrics(self, column: str, names: Sequence[str], by: str = "", value: str = "") -> State:
        """The metrics that are wanted of a column, kept beside the states that they are computed of."""
        return State(column, "metrics", "plan", "", None, None, json.dumps(names), self._rows, 1.0, by, value)

    def _batches(self) -> Iterator[list[ColumnPlan]]:
        size = next(size for rows, size in _BATCHES if self._rows >= rows)
        size = size if self._plan.engine == "duckdb" else _REMOTE_BATCH
        for start in range(0, len(self._columns), size):
            yield self._columns[start : start + size]

    def _whole(self, columns: Sequence[ColumnPlan]) -> list[State]:
        """What is computed of all rows."""
        parts = [
            part
            for column in columns
            for part in self._parts(column)
            if not self._is_queried(part) and (part.kind not in SAMPLED or self._fraction(column) == 1)
        ]
        # Those of the user are a query of their own: they may call portable functions, and are parsed for it.
        given = [part for column in columns for part in _expressions(column)]
        return [
            *self._aggregate(parts, self._from, self._rows, 1.0),
            *self._aggregate(given, self._from, self._rows, 1.0),
            *self._queried(columns),
        ]

    def _is_queried(self, part: _Part) -> bool:
        return self._plan.engine != "duckdb" and part.kind in _QUERIED and is_hashed(part.column)

    def _queried(self, columns: Sequence[ColumnPlan]) -> Iterator[State]:
        """What takes queries of their own, on engines that do not hand over states."""
        if self._plan.engine == "duckdb":
            return
        for name, read in _QUERIED.items():
            wanted = [one.column for one in columns if name in one.measures and is_hashed(one.column)]
            states = read(self._query, wanted, self._from)
            for column, state in zip(wanted, states, strict=True):
                yield State(column.name, name, MEASURES[name].kind, column.type, None, None, state, self._rows)

    def _parts(self, plan: ColumnPlan) -> Iterator[_Part]:
        engine, few = self._plan.engine, self._rows <= _FEW
        for name in plan.measures:
            measure = MEASURES[name]
            if sql := measure.aggregates(plan.column, engine, of_few=few):
                yield _Part(plan.column, name, measure.kind, sql)

    def _fraction(self, column: ColumnPlan) -> float:
        """The share of the rows that sketches of a column see."""
        if self._plan.engine != "duckdb":
            return 1.0
        limit = self._plan.sample_above_rows
        return min(column.sample, limit / self._rows if limit and self._rows > limit else 1.0)

    def _sampled(self) -> list[State]:
        states: list[State] = []
        for fraction in sorted({self._fraction(column) for column in self._columns} - {1.0}):
            columns = [column for column in self._columns if self._fraction(column) == fraction]
            parts = [part for column in columns for part in self._parts(column) if part.kind in SAMPLED]
            if parts:
                states += self._aggregate(parts, self._sample(fraction), self._rows, fraction)
        return states

    def _sample(self, fraction: float) -> str:
        """The rows of a sample, the same each time: rows are chosen by their values, so equal rows go together."""
        keys = [column.sql for column in self._all if column.kind not in {"list", "map", "struct"}][:SAMPLE_KEYS]
        chosen = f"hash({', '.join(keys)}) % 1000000 < {round(fraction * 1_000_000)}"
        word = "AND" if " WHERE " in self._from else "WHERE"
        return f"{self._from} {word} {chosen}"

    def _aggregate(self, parts: Sequence[_Part], source: str, rows: int, fraction: float) -> list[State]:
        if not parts:
            return []
        found = self._query(f"SELECT {_items(parts)} FROM {source}")
        return _states(parts, found.slice(0, 1), rows, fraction)

    def _sliced(self, one: Slice) -> Iterator[State]:
        """The states of each slice: one query, over the values that are most frequent in this partition."""
        by = next((plan.column for plan in self._columns if plan.column.name.lower() == one.by.lower()), None)
        if by is None or "top" in self._hidden[by.name]:  # its values would be written
            return
        value = f"CAST({by.sql} AS VARCHAR)"
        ranked = f"SELECT {value} AS v, count(*) AS n FROM {self._from} GROUP BY {value} ORDER BY n DESC, v LIMIT {one.top + 1}"
        most = [row["v"] for row in self._query(ranked).to_pylist() if row["v"] is not None][: one.top]
        listed = ", ".join(map(quote_text, most)) or "''"
        group = (
            f"CASE WHEN {by.sql} IS NULL THEN '{NO_VALUE}' WHEN {value} IN ({listed}) THEN {value} ELSE '{OTHER}' END"
        )
        wanted = self._wanted_of_slices(one)
        parts = list(self._slice_parts(wanted))
        items = f"{group} AS v, count(*) AS n" + (f", {_items(parts)}" if parts else "")
        found = self._query(f"SELECT {items} FROM {self._from} GROUP BY {group} ORDER BY v")
        for number in range(found.num_rows):
            row = found.slice(number, 1)
            name, rows = row.column("v")[0].as_py(), int(row.column("n")[0].as_py())
            yield self._metrics("", ["row_count"], one.by, name)
            yield State("", "rows", "sum", "", float(rows), None, None, rows, 1.0, one.by, name)
            yield from (self._metrics(column, names, one.by, name) for column, names in wanted.items())
            yield from _states(parts, row, rows, 1.0, one.by, name)

    def _wanted_of_slices(self, one: Slice) -> dict[str, list[str]]:
        """The metrics of slices by column: those of columns that the table has, of their kind, and not hidden."""
        columns = {column.name.lower(): column for column in self._all}
        wanted: dict[str, list[str]] = {}
        for name, metric in one.metrics:
            column = columns.get(name.lower())
            if column and column.kind in METRICS[metric].applies and metric not in self._hidden[column.name]:
                wanted.setdefault(column.name, []).append(metric)
        return wanted

    def _slice_parts(self, wanted: Mapping[str, Sequence[str]]) -> Iterator[_Part]:
        for column in self._all:
            if names := wanted.get(column.name):
                yield from self._parts(ColumnPlan(column, tuple(names)))


@dataclass(frozen=True, slots=True)
class _Part:
    """A measure of a column, and its aggregates."""

    column: ScannedColumn
    name: str
    kind: MergeKind
    sql: tuple[str, ...]


def _expressions(plan: ColumnPlan) -> Iterator[_Part]:
    for name, text in plan.expressions.items():
        yield _Part(plan.column, name, expression_kind(text), (text,))


def _items(parts: Sequence[_Part]) -> str:
    return ", ".join(f"{sql} AS a{n}_{k}" for n, part in enumerate(parts) for k, sql in enumerate(part.sql))


def _states(
    parts: Sequence[_Part], found: pa.Table, rows: int, fraction: float, by: str = "", value: str = ""
) -> list[State]:
    """The states in the only row of a result."""
    states = []
    for number, part in enumerate(parts):
        values = [found.column(f"a{number}_{k}")[0].as_py() for k in range(len(part.sql))]
        amount, text, state = _encode(part, values)
        # A number of different values, as other engines tell it, does not merge.
        kind = "none" if part.kind == "hll" and state is None else part.kind
        column = part.column
        states.append(State(column.name, part.name, kind, column.type, amount, text, state, rows, fraction, by, value))
    return states


def _encode(part: _Part, values: Sequence[Any]) -> tuple[float | None, str | None, str | None]:
    """The number, text and state of a measure."""
    if part.kind == "moments" and len(values) == 3:
        n, mean, variance = values
        squared = (variance or 0.0) * n
        return None, None, json.dumps({"count": n, "mean": mean or 0.0, "dsquared": squared})
    if part.kind == "tdigest" and not isinstance(values[0], str | None):
        return None, None, digest_state(values)
    if part.kind in {"moments", "hll", "tdigest", "topk"} and isinstance(values[0], str | None):
        return None, None, _shortened(part.kind, values[0])
    return (*encode_value(values[0]), None)


def _shortened(kind: MergeKind, state: str | None) -> str | None:
    """A state as it is kept: one of top values without what is only for adding rows to it, registers as letters."""
    if state is None or kind not in {"topk", "hll"}:
        return state
    return pack(state) if kind == "hll" else json.dumps({"values": json.loads(state)["values"]}, ensure_ascii=False)


def encode_value(value: Any) -> tuple[float | None, str | None]:
    """A value as a number, and as a text where the number does not say it exactly."""
    if value is None:
        return None, None
    if isinstance(value, bool | int | float | Decimal):
        return _encode_number(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.timestamp(), value.isoformat(sep=" ")
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp(), value.isoformat()
    return None, str(value)


def _encode_number(value: float | Decimal) -> tuple[float, str | None]:
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() and value.as_tuple().exponent == 0
        exact = whole and abs(value) <= EXACT
        return float(value), None if exact else f"{value:f}"
    number = float(value)
    exact = not isinstance(value, int) or abs(value) <= EXACT
    return (number if math.isfinite(number) or isinstance(value, float) else math.inf), None if exact else str(value)
