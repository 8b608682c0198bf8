"""Training sets: the SQL of features as of the moments of a spine, by three plans.

``temporal`` is merged from the states of whole days and the events of the days at the ends of windows; ``snapshot`` reads
the features of the day before; ``naive`` is the definition, from all events, which the others must equal.

A spine is a relation ``spine`` of row_id, the keys, row_at (the moment in UTC, a TIMESTAMP) and row_day (its day).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.features.catalogue import Feature, list_features
from drawloom.frameworks.features.ops import Op
from drawloom.frameworks.features.spec import Features, Measure
from drawloom.frameworks.features.values import TABLES, FeatureColumn, SourceRows, StateColumn, Unit, Values
from drawloom.frameworks.features.windows import Window

FOLDER = Path(__file__).parent
SPINE = "spine"
DAY_TABLES = {key: TABLES[key] for key in ("days", "values", "latest")}  # whole days, as states
Accuracy = Literal["temporal", "snapshot"]
Tail = Literal["exact", "day"]


@dataclass(frozen=True, slots=True)
class AsOf:
    """What features are as of a moment.

    Args:
        accuracy: ``temporal`` counts all events before the moment, ``snapshot`` those of whole days before it.
        tail: whether a window begins at the very moment so many days before, or at the start of that day.
        as_known: only events count that had arrived before the moment.
    """

    accuracy: Accuracy = "temporal"
    tail: Tail = "exact"
    as_known: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Features and labels of one set, in order."""

    spec: Features
    names: tuple[str, ...]
    labels: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[Feature, ...]:
        """Their definitions, in the same order."""
        known = {feature.name: feature for feature in list_features(self.spec)}
        return tuple(known[name] for name in self.names)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all of them: features, then labels."""
        return (*self.names, *self.labels)


def as_of_sql(wanted: Wanted, as_of: AsOf, *, naive: bool = False) -> str:
    """The SELECT of row_id and the features of each row of the spine, in order.

    Args:
        wanted: the features.
        as_of: what counts for them.
        naive: the definition instead of the plan that is fast.
    """
    file = "naive" if naive else "snapshot" if as_of.accuracy == "snapshot" else "training"
    text = sqlfiles.render_sql(
        FOLDER / f"{file}.sql",
        f=AsOfValues(narrow(wanted.spec, wanted.names)),
        names=[sqlfiles.quote_name(name) for name in wanted.names],
        floor=as_of.tail == "day",
        as_known=as_of.as_known,
        in_order=" ORDER BY p.part_day",  # the same bytes in every run
    )
    return sqlfiles.fill_day(text, date.min)


def narrow(spec: Features, names: Collection[str]) -> Features:
    """The set with only what these features are computed from."""
    needed = {name.lower() for name in names}
    for name, text in reversed(spec.derive.items()):
        if name.lower() in needed:
            needed |= _columns(text)
    derive = {name: text for name, text in spec.derive.items() if name.lower() in needed}
    measures = {name: part for name, one in spec.measures.items() if (part := _part(spec, name, one, needed))}
    return spec.model_copy(update={"measures": measures, "derive": derive})


def _part(spec: Features, name: str, measure: Measure, needed: Collection[str]) -> Measure | None:
    values = Values(spec.model_copy(update={"measures": {name: measure}, "derive": {}}))
    found = [
        (op, window)
        for unit in values.units
        for op in unit.ops
        for window in unit.windows
        if unit.feature(op, window).lower() in needed
    ]
    ops, windows = (tuple(dict.fromkeys(parts)) for parts in zip(*found, strict=True)) if found else ((), ())
    return measure.model_copy(update={"ops": ops, "windows": windows}) if found else None


def _columns(text: str) -> set[str]:
    import sqlglot
    from sqlglot import exp

    return {column.name.lower() for column in sqlglot.parse_one(text, dialect="duckdb").find_all(exp.Column)}


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of the table of features; counts of entities without a row are what an empty count is."""

    name: str
    is_count: bool


class AsOfValues(Values):
    """The values that the templates of training sets use as ``f``."""

    @property
    def needs_ever(self) -> bool:
        """Whether all days so far are looked at."""
        return bool(self.spec.active) or any(self.ever in unit.windows for unit in self.units)

    @property
    def as_of_columns(self) -> list[StateColumn]:
        """The columns of state that are merged: what was last in a window is found in its own parts."""
        return [column for column in self.columns if column.state != "last_day"]

    @property
    def as_of_windows(self) -> list[Window]:
        """The windows that are put together."""
        return [window for window in self.windows if self.as_of(window)] + ([self.ever] if self.needs_ever else [])

    def as_of(self, window: Window) -> list[StateColumn]:
        """The columns of state of a window."""
        units = [unit for unit in self.units if window in unit.windows]
        return [column for unit in units for column in unit.columns if column.state != "last_day"]

    def is_of(self, source: SourceRows, column: StateColumn) -> bool:
        """Whether a column is computed from this source."""
        return column.unit in {unit.key for unit in source.units}

    def relation(self, window: Window) -> str:
        """The relation with the states of a window."""
        return f"w{window.days or 'ltd'}"

    @property
    def value_windows(self) -> list[Window]:
        """The windows in which values are counted."""
        features = [*self.of_values("n_distinct"), *self.of_values("top_k")]
        return list(dict.fromkeys(window for _, _, window in features))

    @property
    def latest_windows(self) -> list[Window]:
        """The windows of the newest values."""
        return list(dict.fromkeys(window for _, _, window in self.of_values("last_k")))

    @property
    def as_of_relations(self) -> list[str]:
        """The relations that features are read from."""
        return [
            *(self.relation(window) for window in self.as_of_windows),
            *(["valued"] if self.valued else []),
            *(sqlfiles.quote_name(f"{window.name}_top") for window in self.top_windows),
            *(sqlfiles.quote_name(f"{window.name}_latest") for window in self.latest_windows),
        ]

    @property
    def stored(self) -> list[StoredColumn]:
        """The columns of the table of features, without derived ones."""
        return [
            StoredColumn(unit.quoted(op, window), op.name in {"count", "n_distinct"})
            for unit, op, window in self._features()
        ]

    @property
    def naive_columns(self) -> list[FeatureColumn]:
        """The features in the relations of the definition."""
        return [
            FeatureColumn(unit.quoted(op, window), self._naive(source, unit, op, window))
            for source in self.sources
            for unit in source.units
            for op in unit.ops
            for window in unit.windows
        ]

    @property
    def naive_relations(self) -> list[str]:
        """The relations of the definition."""
        tops = [self.top_relation(unit, window) for unit, _, window in self.of_values("top_k")]
        return [*(f"features_{source.number}" for source in self.sources), *tops]

    def top_relation(self, unit: Unit, window: Window) -> str:
        """The relation of the definition with the most frequent values of a measure."""
        return sqlfiles.quote_name(f"{unit.key} top {window.name}")

    def _naive(self, source: SourceRows, unit: Unit, op: Op, window: Window) -> str:
        relation = self.top_relation(unit, window) if op.name == "top_k" else f"features_{source.number}"
        column = f"{relation}.{unit.quoted(op, window)}"
        is_count = op.name in {"count", "n_distinct"} and self.zero is not None
        return f"coalesce({column}, {self.zero})" if is_count else column

    def _features(self) -> Iterator[tuple[Unit, Op, Window]]:
        for unit in self.units:
            for op in unit.ops:
                for window in unit.windows:
                    yield unit, op, window

    def _state(self, unit: Unit, state: str, window: Window, ranged: bool) -> str:  # noqa: ARG002 - all windows are relations
        return f"{self.relation(window)}.{unit.state(state).name}"

    def _last(self, unit: Unit, window: Window, ranged: bool) -> str:
        return self._state(unit, "last", window, ranged)

    def _listed_in(self, op: Op, window: Window) -> str:
        return sqlfiles.quote_name(f"{window.name}_{'latest' if op.name == 'last_k' else 'top'}")
