"""The values that the ``.sql`` files of growth are rendered with: quoted names, and numbers that follow from the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.fields import condition_sql
from drawloom.frameworks.growth.cuts import Cut, find_finer_cut, finest_cuts
from drawloom.frameworks.growth.spec import Growth, GrowthDimension

MAP_DAYS = 56
WINDOWS = (7, 28)  # of engagement
RATIO = 2.5  # entities that are long away become groups in the state once that makes it so many times smaller
TABLES = {
    "days": "_days",
    "state": "_state",
    "counts": "_counts",
    "keep": "_keep",
    "accounting": "",
    "engagement": "_engagement",
    "ratios": "_ratios",
}


@dataclass(frozen=True, slots=True)
class Activity:
    """The columns of one activity, and its name as a literal."""

    key: str
    condition: str

    @property
    def value(self) -> str:
        """Its name as a literal."""
        return sqlfiles.quote_value(self.key)

    @property
    def name(self) -> str:
        """The column that is true where an entity did it on a day."""
        return sqlfiles.quote_name(self.key)

    @property
    def first(self) -> str:
        """The column of the first day."""
        return sqlfiles.quote_name(f"{self.key}_first")

    @property
    def last(self) -> str:
        """The column of the last day."""
        return sqlfiles.quote_name(f"{self.key}_last")

    @property
    def bits(self) -> str:
        """The column of the bit map of active days."""
        return sqlfiles.quote_name(f"{self.key}_bits")

    @property
    def flags(self) -> str:
        """The column of its flags, where all activities are counted together."""
        return sqlfiles.quote_name(f"{self.key} flags")

    @property
    def days(self) -> str:
        """The column of its active days."""
        return sqlfiles.quote_name(f"{self.key} days")

    @property
    def past(self) -> str:
        """The column of the bit map before a range."""
        return sqlfiles.quote_name(f"{self.key} past")


@dataclass(frozen=True, slots=True)
class Dim:
    """One dimension."""

    key: str
    spec: GrowthDimension
    number: int
    snapshot: str = ""

    @property
    def name(self) -> str:
        """Its column."""
        return sqlfiles.quote_name(self.key)

    @property
    def value(self) -> str:
        """Its name as a literal."""
        return sqlfiles.quote_value(self.key)

    @property
    def column(self) -> str:
        """The column of the source, or of the snapshot."""
        return sqlfiles.quote_name(self.spec.column or self.key)

    @property
    def touch(self) -> str:
        """Whether the first or the last value counts."""
        return self.spec.touch

    @property
    def row(self) -> str:
        """Which row of a day it is taken from."""
        return f"{self.spec.touch}_row"

    @property
    def tailed(self) -> bool:
        """Whether its long tail is cut."""
        return self.spec.has_long_tail

    @property
    def top(self) -> int | None:
        """How many values are kept."""
        return self.spec.top

    @property
    def min(self) -> int:
        """How many entities a value must have."""
        return self.spec.min_entities or 0

    @property
    def keep(self) -> str:
        """The alias of the keep list where it is joined for this dimension."""
        return f"keep_{self.number}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table of snapshots, and the dimensions taken from it."""

    name: str
    table: str
    dims: tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Bit:
    """One bit of the flags: set where the bit map has a bit of ``mask``."""

    mask: int
    value: int


@dataclass(frozen=True, slots=True)
class Level:
    """The part of the flags of entities whose first day is less than ``days`` days ago."""

    days: int
    value: int


@dataclass(frozen=True, slots=True)
class WindowStep:
    """One window and step: its bits in the flags, from which flags on one is new, and how many days back it compares."""

    window: int
    step: str
    now: int
    before: int
    new: int

    @property
    def lag(self) -> int:
        """How many days ago the window ended that it is compared with."""
        return 1 if self.step == "day" else self.window


class Values:
    """The values that the templates use as ``g``."""

    def __init__(self, spec: Growth, start: date) -> None:
        self.start = start.isoformat()
        self.source = sqlfiles.quote_table(spec.source)
        self.entity = [sqlfiles.quote_name(column) for column in spec.entity]
        self.time = sqlfiles.quote_name(spec.time) if spec.time else None
        self.activities = [Activity(name, condition_sql(condition)) for name, condition in spec.activities.items()]
        self.flags = [activity.name for activity in self.activities]
        self.snapshots = _snapshots(spec)
        self.dims = _dims(spec, {dim.key: dim for snapshot in self.snapshots for dim in snapshot.dims})
        self.dim_names = [dim.name for dim in self.dims]
        self.touched = [dim for dim in self.dims if not dim.snapshot]
        self.last = [dim for dim in self.touched if dim.touch == "last"]
        self.first = [dim for dim in self.touched if dim.touch == "first"]
        self.tailed = any(dim.tailed for dim in self.dims)
        self.cuts = [Cut(cut) for cut in spec.all_cuts]
        self.cuts_by_size = sorted(self.cuts, key=lambda cut: -len(cut.keys))
        self._set_counters()
        self.tables = {key: sqlfiles.quote_table(spec.table + ending) for key, ending in TABLES.items()}
        self.ratio = None if self.snapshots else RATIO  # snapshots move those who are away
        self.mask55 = (1 << (MAP_DAYS - 1)) - 1
        self.windows = sorted(spec.windows)
        self.bits = [bit for number, window in enumerate(self.windows) for bit in _bits(number, window, spec.steps)]
        self.levels = _levels(self.windows)
        newest = {level.days: level.value for level in self.levels}
        self.parts = [
            _part(number, window, step, newest)
            for number, window in enumerate(self.windows)
            for step in ("day", "window")
            if step in spec.steps
        ]
        by_lag = {(part.step, part.window if part.step == "window" else 0): part for part in self.parts}
        self.lags = list(by_lag.values())
        self.longest = max(part.lag for part in self.parts)

    def _set_counters(self) -> None:
        """Choose what is counted over all entities: as little as possible, as each is a pass over the rows of the state."""
        cuts = [Cut(()), *self.cuts]
        finest = finest_cuts(cuts)
        self.summed = [(cut, find_finer_cut(cut.keys, finest)) for cut in cuts if cut not in finest]
        listed = finest if len(self.activities) == 1 else []  # no cut counts who did any of several activities
        self.lists = [(dim, find_finer_cut([dim.key], listed)) for dim in self.dims if dim.tailed]
        uncovered = [dim.name for dim, cut in self.lists if not cut]
        present = sqlfiles.quote_name("in 28 days")
        by_activity = [column for activity in self.activities for column in (activity.flags, activity.days)]
        self.present = present if uncovered else None
        self.counters = [*by_activity, *([present] if uncovered else [])]
        self.sets = [[*cut.names, column] for column in by_activity for cut in finest]
        self.sets += [[name, present] for name in uncovered]
        self.grouped = {name for names in self.sets for name in names}  # without dimensions that are in no cut


def _snapshots(spec: Growth) -> list[Snapshot]:
    tables: dict[str, list[str]] = {}
    for name, dimension in spec.dimensions.items():
        if dimension.snapshot:
            tables.setdefault(dimension.snapshot, []).append(name)
    numbers = {name: number for number, name in enumerate(spec.dimensions)}
    return [
        Snapshot(
            f"snapshot_{number}",
            sqlfiles.quote_table(table),
            tuple(Dim(name, spec.dimensions[name], numbers[name], f"snapshot_{number}") for name in names),
        )
        for number, (table, names) in enumerate(tables.items())
    ]


def _dims(spec: Growth, taken: Mapping[str, Dim]) -> list[Dim]:
    return [
        taken.get(name) or Dim(name, dimension, number)
        for number, (name, dimension) in enumerate(spec.dimensions.items())
    ]


def _bits(number: int, window: int, steps: Sequence[str]) -> list[Bit]:
    """Active in the window; in the one that ended a day before; in the one that ended where this one begins."""
    mask, value = (1 << window) - 1, 1 << (3 * number)
    shifts = {1: 1} | ({2: window} if "window" in steps else {})
    return [Bit(mask, value), *(Bit(mask << shift, value << place) for place, shift in shifts.items())]


def _levels(windows: Sequence[int]) -> list[Level]:
    """The newest entities have the highest value, so that each window's new ones are those above a bar."""
    days = sorted({1, *windows})
    unit = 1 << (3 * len(windows))
    return [Level(length, unit * (len(days) - rank)) for rank, length in enumerate(days)]


def _part(number: int, window: int, step: str, newest: Mapping[int, int]) -> WindowStep:
    unit, place = 1 << (3 * number), 1 if step == "day" else 2
    return WindowStep(window, step, unit, unit << place, newest[1 if step == "day" else window])
