"""The values that the ``.sql`` files of features are rendered with: quoted names, and what follows from the spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.features.ops import STATES, Op
from drawloom.frameworks.features.spec import METRIC_FAMILY, Features, FeatureSource, Measure, slug
from drawloom.frameworks.features.windows import CARRIED, Window
from drawloom.frameworks.fields import condition_sql

TABLES = {
    "days": "_days",
    "state": "_state",
    "values": "_values",
    "values_state": "_values_state",
    "latest": "_latest",
    "latest_state": "_latest_state",
    "features": "",
}
VALUE_OPS = {"n_distinct", "top_k"}  # computed from the values that an entity had
SPANS = {window.days: f"d{window.days}" if window.days else "ltd" for window in map(Window, (*CARRIED, None))}
_MERGED_BY = {
    "count": "sum",
    "n": "sum",
    "sum": "sum",
    "low": "min",
    "high": "max",
    "min": "min",
    "max": "max",
    "last_day": "max",
}
_TYPES = {
    "count": "BIGINT",
    "n": "BIGINT",
    "sum": "DECIMAL(38, 18)",
    "low": "DOUBLE",
    "high": "DOUBLE",
    "rest": "DOUBLE",
    "m2": "DOUBLE",
}


@dataclass(frozen=True, slots=True)
class StateColumn:
    """One number or value of a unit's state: its column in a day's rows, and in a span of the carried state."""

    unit: str
    state: str

    @property
    def name(self) -> str:
        """Its column where all columns are of one window."""
        return sqlfiles.quote_name(f"{self.unit}_{self.state}")

    def of(self, window: Window) -> str:
        """Its column in the carried state."""
        return sqlfiles.quote_name(f"{SPANS[window.days]}_{self.unit}_{self.state}")

    @property
    def is_spread(self) -> bool:
        """Whether it takes a second look at the rows, when their mean is known."""
        return self.state in {"rest", "m2"}

    @property
    def type(self) -> str | None:
        """Its type; None where it is that of the values."""
        return "DATE" if self.state == "last_day" else _TYPES.get(self.state)

    def merged(self, column: str) -> str:
        """SQL that makes one of those of several parts, whose last days are in ``part_day``; of the spread, see the macros.

        What is first and last skips parts without a value, as it skips rows without one.
        """
        if self.state == "first":
            return f"arg_min({column}, part_day)"
        if self.state == "last":
            return f"arg_max({column}, part_day)"
        merged = f"{_MERGED_BY[self.state]}({column})"
        return f"CAST({merged} AS {self.type})" if _MERGED_BY[self.state] == "sum" else merged


@dataclass(frozen=True, slots=True)
class Unit:
    """A measure, or its part of one bucket: the rows and values that several features are computed from.

    ``text`` and ``rows_text`` are its value and the condition of its rows as the spec writes them, for people.
    """

    key: str
    measure: str
    ending: str
    condition: str
    value: str | None
    ops: tuple[Op, ...]
    windows: tuple[Window, ...]
    description: str = ""
    text: str = ""
    rows_text: str = ""

    @property
    def column(self) -> str:
        """The column of its values in rows of a source."""
        return sqlfiles.quote_name(f"{self.key} value")

    @property
    def decimal(self) -> str:
        """The column of its values as exact numbers."""
        return sqlfiles.quote_name(f"{self.key} number")

    @property
    def double(self) -> str:
        """The column of its values as floats: far from zero, decimals made of floats are less exact than these."""
        return sqlfiles.quote_name(f"{self.key} float")

    @property
    def lowest(self) -> str:
        """The column of the lowest value of all parts that are merged."""
        return sqlfiles.quote_name(f"{self.key} lowest")

    @property
    def has_spread(self) -> bool:
        """Whether it has a standard deviation, which takes a second look at its rows."""
        return "m2" in self.states

    @property
    def states(self) -> tuple[str, ...]:
        """The states that its ops take, each once."""
        wanted = {state for op in self.ops for state in op.states}
        order = dict.fromkeys(state for states in STATES.values() for state in states)
        return tuple(state for state in order if state in wanted)

    @property
    def columns(self) -> tuple[StateColumn, ...]:
        """Its columns of state."""
        return tuple(StateColumn(self.key, state) for state in self.states)

    @property
    def is_numeric(self) -> bool:
        """Whether its values are added up."""
        return bool({"sum", "n", "m2"} & set(self.states))

    @property
    def literal(self) -> str:
        """Its name as a literal."""
        return sqlfiles.quote_value(self.key)

    @property
    def latest(self) -> int:
        """How many of its newest values are kept."""
        return max((op.k for op in self.ops if op.name == "last_k"), default=0)

    def quoted(self, op: Op, window: Window) -> str:
        """The column of a feature, quoted."""
        return sqlfiles.quote_name(self.feature(op, window))

    def place(self, op: Op, window: Window, number: int) -> str:
        """The column of one value of a list, quoted."""
        return sqlfiles.quote_name(f"{self.feature(op, window)} {number}")

    def state(self, name: str) -> StateColumn:
        """One of its columns."""
        return StateColumn(self.key, name)

    def feature(self, op: Op, window: Window) -> str:
        """The column of a feature."""
        return f"{self.measure}_{op.name}_{window.name}{self.ending}"

    def columns_in(self, window: Window) -> tuple[StateColumn, ...]:
        """Its columns that the state of a carried window has, for that window and those that are put together from it.

        What was last in any window is known from all days so far.
        """
        days = window.days
        if days is None:
            has_last = {"last", "last_day"} if "last" in self.states else set()
            wanted = set(self.states) if window in self.windows else has_last
        else:
            needed = any(one.days is not None and one.days >= days for one in self.windows)
            wanted = set(self.states) - {"last", "last_day"} if needed else set()
        return tuple(column for column in self.columns if column.state in wanted)


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows of one source, and what is computed of them."""

    number: int
    table: str
    keys: tuple[str, ...]
    condition: str
    time: str | None
    tie: str | None
    units: tuple[Unit, ...]
    arrived: str | None = None

    @property
    def valued(self) -> tuple[Unit, ...]:
        """The units whose values are kept, each with its number of events."""
        return tuple(unit for unit in self.units if VALUE_OPS & {op.name for op in unit.ops})

    @property
    def listed(self) -> tuple[Unit, ...]:
        """The units whose newest values are kept."""
        return tuple(unit for unit in self.units if unit.latest)

    @property
    def spread(self) -> tuple[Unit, ...]:
        """The units with a standard deviation, which takes a second look at their rows."""
        return tuple(unit for unit in self.units if unit.has_spread)


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """A feature: its column, and its SQL; of a list, the columns of its values."""

    name: str
    sql: str
    places: tuple[str, ...] = ()


class Values:
    """The values that the templates use as ``f``."""

    def __init__(self, spec: Features) -> None:
        self.spec = spec
        self.keys = [sqlfiles.quote_name(column) for column in spec.entity.key]
        self.sources = tuple(_sources(spec))
        self.units = [unit for source in self.sources for unit in source.units]
        self.columns = [column for unit in self.units for column in unit.columns]
        self.tables = {key: sqlfiles.quote_table(spec.table + ending) for key, ending in TABLES.items()}
        self.ever = Window(None)
        self.carried = [Window(days) for days in sorted(CARRIED) if self.in_state(Window(days))]
        windows = {window for unit in self.units for window in unit.windows if window.days}
        self.windows = sorted(windows, key=lambda window: window.days or 0)
        self.composed = [window for window in self.windows if not window.is_carried and window.days != 1]
        self.joined = [window for window in self.windows if not window.is_carried]
        self.valued = [(source, unit) for source in self.sources for unit in source.valued]
        self.listed = [(source, unit) for source in self.sources for unit in source.listed]
        self.zero = spec.empty.count

    def in_state(self, window: Window) -> list[StateColumn]:
        """The columns of a carried window in the state."""
        return [column for unit in self.units for column in unit.columns_in(window)]

    def in_window(self, window: Window) -> list[StateColumn]:
        """The columns that the features of a window are computed from; the last values are not among them."""
        units = [unit for unit in self.units if window in unit.windows]
        return [column for unit in units for column in unit.columns if column.state not in {"last", "last_day"}]

    def spread(self, columns: Sequence[StateColumn]) -> list[Unit]:
        """The units of these columns that have a standard deviation."""
        keys = {column.unit for column in columns if column.state == "m2"}
        return [unit for unit in self.units if unit.key in keys]

    def window(self, days: int) -> Window:
        """A window of days."""
        return Window(days)

    def reads_of(self, window: Window) -> list[tuple[int, list[int]]]:
        """The parts of a window by their length: how many days ago each ends."""
        lengths = dict.fromkeys(part.days for part in window.parts)
        return [(length, [part.ago for part in window.parts if part.days == length]) for length in lengths]

    def of_values(self, op_name: str) -> list[tuple[Unit, Op, Window]]:
        """The features of an op that is computed from kept values."""
        return [
            (unit, op, window)
            for unit in self.units
            for op in unit.ops
            if op.name == op_name
            for window in unit.windows
        ]

    @property
    def top_windows(self) -> list[Window]:
        """The windows of the most frequent values."""
        return list(dict.fromkeys(window for _, _, window in self.of_values("top_k")))

    @property
    def value_relations(self) -> list[str]:
        """The relations of features that are computed from kept values."""
        return [
            *(["valued"] if self.valued else []),
            *(sqlfiles.quote_name(f"{window.name}_top") for window in self.top_windows),
            *(["latest"] if self.listed else []),
        ]

    @property
    def steps(self) -> list[str]:
        """The keys of ``TABLES`` that are filled, in order."""
        return [
            key
            for key in TABLES
            if (self.valued or not key.startswith("values")) and (self.listed or not key.startswith("latest"))
        ]

    @property
    def derived(self) -> list[tuple[str, str]]:
        """The features that are computed from others: name and SQL."""
        return [(sqlfiles.quote_name(name), condition_sql(text)) for name, text in self.spec.derive.items()]

    def features(self, ranged: bool) -> list[FeatureColumn]:
        """The features that are computed from states, each as SQL over the relations of its window.

        Args:
            ranged: whether all windows are relations of their own, as where a range of days is filled.
        """
        return [
            self._column(unit, op, window, ranged) for unit in self.units for op in unit.ops for window in unit.windows
        ]

    def _column(self, unit: Unit, op: Op, window: Window, ranged: bool) -> FeatureColumn:
        name = unit.quoted(op, window)
        if op.k:
            relation = self._listed_in(op, window)
            places = tuple(f"{relation}.{unit.place(op, window, n)}" for n in range(1, op.k + 1))
            return FeatureColumn(name, "", places)
        if op.name == "n_distinct":
            return FeatureColumn(
                name, f"valued.{name}" if self.zero is None else f"coalesce(valued.{name}, {self.zero})"
            )
        return FeatureColumn(name, self._feature(unit, op, window, ranged))

    def _listed_in(self, op: Op, window: Window) -> str:
        """The relation with the values of a list."""
        return "latest" if op.name == "last_k" else sqlfiles.quote_name(f"{window.name}_top")

    def _feature(self, unit: Unit, op: Op, window: Window, ranged: bool) -> str:
        def at(state: str) -> str:
            return self._state(unit, state, window, ranged)

        match op.name:
            case "count":
                return at("count") if self.zero is None else f"coalesce({at('count')}, {self.zero})"
            case "sum":
                return f"CAST({at('sum')} AS DOUBLE)"
            case "avg":
                return f"CAST({at('sum')} AS DOUBLE) / nullif({at('n')}, 0)"
            case "stddev":
                return f"CASE WHEN {at('n')} > 1 THEN sqrt({at('m2')} / ({at('n')} - 1)) END"
            case "last":
                return self._last(unit, window, ranged)
        return at(op.name)

    def _state(self, unit: Unit, state: str, window: Window, ranged: bool) -> str:
        """The state of a window, in the relation that has it."""
        column = unit.state(state)
        if window.days is None:
            return f"e.{column.name if ranged else column.of(window)}"
        if window.is_carried and not ranged:
            return f"e.{column.of(window)}"
        return f"w{window.days}.{column.name}"

    def _last(self, unit: Unit, window: Window, ranged: bool) -> str:
        """The last value of a window: that of all days so far, where its day is in the window."""
        last = self._state(unit, "last", self.ever, ranged)
        if window.days is None:
            return last
        recent = f"{self._state(unit, 'last_day', self.ever, ranged)} > e.ds - INTERVAL '{window.days}' DAY"
        return f"CASE WHEN {recent} THEN {last} END"

    @property
    def reach(self) -> int:
        """Days back to the oldest state that a day reads."""
        offsets = [part.ago for window in self.composed for part in window.parts if part.days > 1]
        return max([1, *offsets, *(days - 7 for days in (window.days or 0 for window in self.carried))])


def _sources(spec: Features) -> Iterator[SourceRows]:
    of_metrics: dict[str, list[Unit]] = {}
    of_sources: dict[str, list[Unit]] = {name: [] for name in spec.all_sources}
    for name, measure in spec.measures.items():
        if measure.metric:
            source = measure.metric.rpartition(".")[0]
            of_metrics.setdefault(source, []).append(_metric_unit(spec, name, measure))
        else:
            of_sources[spec.source_of(measure)] += _units(spec, name, measure)
    number = 0
    for name, units in of_sources.items():
        if units:
            number += 1
            yield source_rows(spec, number, spec.all_sources[name], units)
    for source, units in of_metrics.items():
        number += 1
        key = f"CAST(subject AS {spec.entity.type or 'VARCHAR'})"
        only = f"subject_type = {sqlfiles.quote_value(spec.entity.name)}"
        table = sqlfiles.quote_table(f"{METRIC_FAMILY}.{source}")
        yield SourceRows(number, table, (key,), only, None, None, tuple(units))


def source_rows(spec: Features, number: int, source: FeatureSource, units: Sequence[Unit]) -> SourceRows:
    """The rows of a source of the spec, for these units."""
    return SourceRows(
        number,
        sqlfiles.quote_table(source.table),
        tuple(sqlfiles.quote_name(column) for column in spec.entity.key),
        condition_sql(source.where),
        sqlfiles.quote_name(source.time),
        sqlfiles.quote_name(source.tie_breaker) if source.tie_breaker else None,
        tuple(units),
        sqlfiles.quote_name(source.arrived) if source.arrived else None,
    )


def _units(spec: Features, name: str, measure: Measure) -> Iterator[Unit]:
    whole = Unit(
        name,
        name,
        "",
        condition_sql(measure.where),
        condition_sql(measure.value) if measure.value else None,
        measure.ops,
        spec.windows_of(measure),
        measure.description,
        measure.value or "",
        "" if measure.where == "true" else measure.where,
    )
    if not measure.by:
        yield whole
        return
    column = f"CAST({sqlfiles.quote_name(measure.by.column)} AS VARCHAR)"
    for value in measure.by.values:
        is_value = f"{column} = {sqlfiles.quote_value(value)}"
        yield _bucket(whole, f"__{slug(value)}", is_value, f"{measure.by.column} = {value}")
    if measure.by.other:
        listed = ", ".join(map(sqlfiles.quote_value, measure.by.values))
        is_other = f"coalesce({column} NOT IN ({listed}), TRUE)"
        yield _bucket(whole, "__other", is_other, f"{measure.by.column} is another")


def _bucket(unit: Unit, ending: str, condition: str, text: str) -> Unit:
    """The part of a measure with some values of a column."""
    return replace(
        unit,
        key=unit.key + ending,
        ending=ending,
        condition=f"{unit.condition} AND {condition}",
        rows_text=" and ".join(part for part in (unit.rows_text, text) if part),
    )


def _metric_unit(spec: Features, name: str, measure: Measure) -> Unit:
    metric = (measure.metric or "").rpartition(".")[2]
    condition = f"metric = {sqlfiles.quote_value(metric)}"
    text = f"metric {measure.metric}"
    return Unit(name, name, "", condition, "value", measure.ops, spec.windows_of(measure), measure.description, text)
