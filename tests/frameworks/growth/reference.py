"""The expected growth tables, computed literally: sets of days, one entity and one day at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Any, Literal

Row = dict[str, Any]
Entity = tuple[Any, ...]
Cell = tuple[str | None, ...]
Step = Literal["day", "window"]
Kind = Literal["first", "last"]
Touch = dict[Kind, tuple[Any, ...]]

NULL = "(null)"
OTHER = "(other)"
KINDS: tuple[Kind, ...] = ("first", "last")
HISTORY = 56  # days of the activity map
MIN_RATIO = 2.5  # entities that are long away become groups once that makes the state so many times smaller
TAIL = 28  # days within which an entity counts for the rank of its value


@dataclass(frozen=True)
class Activity:
    """An activity: its condition in SQL, and the same condition in Python."""

    name: str
    sql: str | Literal[True] = True
    holds: Callable[[Row], bool | None] = lambda _: True


@dataclass(frozen=True)
class Dimension:
    """One dimension; ``table`` is the snapshot of `from`."""

    name: str
    touch: Kind = "last"
    table: str = ""
    column: str = ""
    top: int | None = None
    min_entities: int | None = None

    @property
    def field(self) -> str:
        return self.column or self.name

    @property
    def tailed(self) -> bool:
        return self.top is not None or self.min_entities is not None

    def keeps(self, rank: int, entities: int, *, before: bool) -> bool:
        """Whether a value is kept; one that was kept the day before has wider limits, by half."""
        slack = 1.5 if before else 1
        most, least = self.top, self.min_entities or 0
        return (most is None or rank <= slack * most) and slack * entities >= least


@dataclass(frozen=True)
class Spec:
    """A growth spec; ``start`` is its own first day, if it has one."""

    activities: tuple[Activity, ...] = (Activity("rides"),)
    dimensions: tuple[Dimension, ...] = ()
    entity: tuple[str, ...] = ("rider_id",)
    time: str = ""
    windows: tuple[int, ...] = (1, 7, 28)
    steps: tuple[Step, ...] = ("day", "window")
    cuts: tuple[tuple[str, ...], ...] | None = None
    start: date | None = None

    @property
    def all_cuts(self) -> tuple[tuple[str, ...], ...]:
        """The total and the cuts, each with its dimensions in the order of the spec."""
        names = [dimension.name for dimension in self.dimensions]
        cuts = [(name,) for name in names] if self.cuts is None else self.cuts
        return ((), *(tuple(name for name in names if name in cut) for cut in cuts))

    def touched(self, kind: Kind) -> tuple[Dimension, ...]:
        """The dimensions that take their value from the last row, or from the first."""
        return tuple(dimension for dimension in self.dimensions if not dimension.table and dimension.touch == kind)


@dataclass(frozen=True)
class Kept:
    """A value of a dimension that is not in its long tail on a day."""

    rank: int
    entities: int


def text(value: object) -> str:
    """A dimension's value as the tables show it."""
    if value is None:
        return NULL
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return "\\" + shown if shown in {NULL, OTHER} or shown.startswith("\\") else shown


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def window_of(day: date, length: int) -> set[date]:
    """The days of the window that ends on a day."""
    return {day - timedelta(n) for n in range(length)}


class Growth:
    """The expected rows of every table, for any day from ``first`` to ``last``."""

    def __init__(
        self,
        spec: Spec,
        first: date,
        last: date,
        events: Iterable[Row],
        snapshots: Mapping[str, Iterable[Row]] | None = None,
    ) -> None:
        self.spec = spec
        self.first = max(first, spec.start or first)
        self.days = days_between(self.first, last)
        self.nameless: Counter[date] = Counter()
        self.active_days: dict[str, dict[Entity, set[date]]] = {activity.name: {} for activity in spec.activities}
        self._touched: dict[Entity, dict[date, list[Touch]]] = {}
        self._active: dict[tuple[str, int, date, tuple[str, ...]], Counter[Cell]] = {}
        for row in events:
            if self.first <= row["ds"] <= last:
                self._take(row)
        self.seen_days: dict[Entity, set[date]] = {entity: set(days) for entity, days in self._touched.items()}
        self.values = {day: {entity: self._values(entity, day) for entity in self._known(day)} for day in self.days}
        self._snapshot_values(snapshots or {})
        self.kept = {dimension.name: self._kept(dimension) for dimension in spec.dimensions if dimension.tailed}
        self.cells = {day: {entity: self._shown(day, entity) for entity in self._known(day)} for day in self.days}

    def _take(self, row: Row) -> None:
        entity = tuple(row.get(name) for name in self.spec.entity)
        done = [activity.name for activity in self.spec.activities if activity.holds(row)]
        if None in entity:
            self.nameless[row["ds"]] += 1
        elif done:
            for name in done:
                self.active_days[name].setdefault(entity, set()).add(row["ds"])
            self._touched.setdefault(entity, {}).setdefault(row["ds"], []).append(self._touch(row))

    def _touch(self, row: Row) -> Touch:
        """What orders the rows of a day: the time, none before any, then the values of the dimensions of each kind."""
        at = row.get(self.spec.time) if self.spec.time else None
        when = (False, 0) if at is None else (True, at)
        return {
            kind: (*when, *(text(row.get(dimension.field)) for dimension in self.spec.touched(kind))) for kind in KINDS
        }

    def _known(self, day: date) -> list[Entity]:
        return [entity for entity, days in self._touched.items() if min(days) <= day]

    def _values(self, entity: Entity, day: date) -> dict[str, str]:
        """The values of an entity's touch dimensions on a day, before the long tail is cut."""
        by_day = self._touched[entity]
        first, last = min(by_day), max(seen for seen in by_day if seen <= day)
        return {**self._day_values(entity, first, "first"), **self._day_values(entity, last, "last")}

    def _day_values(self, entity: Entity, day: date, kind: Kind) -> dict[str, str]:
        """The values of the first or the last row of an entity's day."""
        rows = [touch[kind] for touch in self._touched[entity][day]]
        found = max(rows) if kind == "last" else min(rows)
        names = [dimension.name for dimension in self.spec.touched(kind)]
        return dict(zip(names, found[2:], strict=True))

    def _snapshot_values(self, snapshots: Mapping[str, Iterable[Row]]) -> None:
        for dimension in self.spec.dimensions:
            if dimension.table:
                found = {
                    (row["ds"], tuple(row.get(name) for name in self.spec.entity)): text(row.get(dimension.field))
                    for row in snapshots[dimension.table]
                }
                for day, entities in self.values.items():
                    for entity, values in entities.items():
                        values[dimension.name] = found.get((day, entity), NULL)

    def _kept(self, dimension: Dimension) -> dict[date, dict[str, Kept]]:
        kept: dict[date, dict[str, Kept]] = {}
        for day in self.days:
            before = kept.get(day - timedelta(1), {})
            counts = Counter(
                values[dimension.name]
                for entity, values in self.values[day].items()
                if not self.seen_days[entity].isdisjoint(window_of(day, TAIL))
            )
            ordered = sorted(counts, key=lambda value: (-counts[value], value))
            kept[day] = {
                value: Kept(rank, counts[value])
                for rank, value in enumerate(ordered, 1)
                if dimension.keeps(rank, counts[value], before=False)
                or (value in before and dimension.keeps(rank, counts[value], before=True))
            }
        return kept

    def _shown(self, day: date, entity: Entity) -> dict[str, str]:
        """The values of an entity on a day, '(other)' where they are in the long tail."""
        return {
            name: OTHER if name in self.kept and value not in self.kept[name][day] else value
            for name, value in self.values[day][entity].items()
        }

    def cell(self, entity: Entity, day: date, cut: Sequence[str]) -> Cell:
        """The cell in which an entity is counted on a day."""
        shown = self.cells[day][entity]
        return tuple(shown[dimension.name] if dimension.name in cut else None for dimension in self.spec.dimensions)

    def active(self, activity: str, window: int, day: date) -> set[Entity]:
        """The entities that are active on any day of the window that ends on this day."""
        window_days = window_of(day, window)
        return {e for e, days in self.active_days[activity].items() if not days.isdisjoint(window_days)}

    def states(self, activity: str, window: int, step: Step, day: date) -> dict[str, set[Entity]]:
        """The entities in each state of growth accounting, and all that were ever active."""
        first = {entity: min(days) for entity, days in self.active_days[activity].items()}
        lag = 1 if step == "day" else window
        now, then = self.active(activity, window, day), self.active(activity, window, day - timedelta(lag))
        ever = {entity for entity, seen in first.items() if seen <= day}
        new_days = {day} if step == "day" else window_of(day, window)
        new = {entity for entity, seen in first.items() if seen in new_days}
        return {
            "active": now,
            "new": new,
            "retained": now & then,
            "resurrected": now - then - new,
            "churned": then - now,
            "stale": ever - now - then,
            "ever": ever,
        }

    def growth(self, day: date) -> Iterator[Row]:
        """The rows of growth.<name>."""
        for activity, window, step, cut in product(self._names, self.spec.windows, self.spec.steps, self.spec.all_cuts):
            states = self.states(activity, window, step, day)
            counts = {state: self._count(entities, day, cut) for state, entities in states.items()}
            before = day - timedelta(1 if step == "day" else window)
            then = self.active(activity, window, before)
            came, left = self._count(then, day, cut), self._count_active(activity, window, before, cut)
            for cell in {*counts["ever"], *left}:
                yield {
                    **self._key(day, activity, window, cut, cell),
                    "step": step,
                    **{state: found[cell] for state, found in counts.items()},
                    "net_moved": came[cell] - left[cell],
                    "warmup": day < self.first + timedelta(2 * window - 1),
                }

    def engagement(self, day: date) -> Iterator[Row]:
        """The rows of growth.<name>_engagement."""
        for activity, window, cut in product(self._names, (7, 28), self.spec.all_cuts):
            window_days = window_of(day, window)
            counts = Counter(
                (self.cell(entity, day, cut), len(days & window_days))
                for entity, days in self.active_days[activity].items()
                if days & window_days
            )
            for (cell, days_active), entities in counts.items():
                key = self._key(day, activity, window, cut, cell)
                yield {**key, "days_active": days_active, "entities": entities}

    def keep(self, day: date) -> Iterator[Row]:
        """The rows of growth.<name>_keep."""
        for name, by_day in self.kept.items():
            for value, kept in by_day[day].items():
                yield {"ds": day, "dimension": name, "value": value, "rank": kept.rank, "entities": kept.entities}

    def ratios(self, day: date) -> Iterator[Row]:
        """The rows of growth.<name>_ratios."""
        for row in self.growth(day):
            activity, window, step = row["activity"], row["window_days"], row["step"]
            cut = [name for name in row["cut"].split(",") if name]
            cell = tuple(row[dimension.name] for dimension in self.spec.dimensions)
            before = day - timedelta(1 if step == "day" else window)
            then = self._count_active(activity, window, before, cut)[cell]
            today = self._count_active(activity, 1, day, cut)[cell]
            yield {
                **self._key(day, activity, window, cut, cell),
                "step": step,
                "quick_ratio": ratio(row["new"] + row["resurrected"], row["churned"]),
                "retention_rate": ratio(row["retained"], then),
                "stickiness": ratio(today, row["active"]) if 1 in self.spec.windows else None,
            }

    def entity_days(self, day: date) -> Iterator[Row]:
        """The rows of growth.<name>_days."""
        for entity, by_day in self._touched.items():
            if day in by_day:
                yield {
                    "ds": day,
                    **dict(zip(self.spec.entity, entity, strict=True)),
                    **{name: day in days.get(entity, ()) for name, days in self.active_days.items()},
                    **self._day_values(entity, day, "first"),
                    **self._day_values(entity, day, "last"),
                }

    def state(self, day: date) -> Iterator[Row]:
        """The rows of growth.<name>_state: one for each entity, and one for each group of inactive entities."""
        away = self.away(day)
        for entity, values in self.values[day].items():
            if entity not in away:
                row = {"ds": day, **dict(zip(self.spec.entity, entity, strict=True)), **values, "entities": 1}
                for name in self._names:
                    done = sorted(self._done(name, entity, day))
                    row |= {f"{name}_first": done[0] if done else None, f"{name}_last": done[-1] if done else None}
                    row[f"{name}_bits"] = sum(1 << (day - seen).days for seen in done if (day - seen).days < HISTORY)
                yield row
        for group, entities in self._groups(away, day).items():
            row = {"ds": day, **dict.fromkeys(self.spec.entity), **dict(group), "entities": entities}
            for name in self._names:
                first = self.first if row.pop(name) else None
                row |= {f"{name}_first": first, f"{name}_last": None, f"{name}_bits": 0}
            yield row

    def _groups(self, away: Iterable[Entity], day: date) -> Counter[tuple[tuple[str, Any], ...]]:
        """How many have the same values and did the same activities."""
        return Counter(
            (*self.values[day][entity].items(), *((name, bool(self._done(name, entity, day))) for name in self._names))
            for entity in away
        )

    def _done(self, activity: str, entity: Entity, day: date) -> set[date]:
        """The days up to this one on which an entity did something."""
        return {seen for seen in self.active_days[activity].get(entity, ()) if seen <= day}

    def away(self, day: date) -> set[Entity]:
        """The entities without a row of their own in the state: inactive for 56 days when the month began, and since."""
        ended = day.replace(day=1) - timedelta(1)
        ends = (day + timedelta(1)).day == 1
        if ends or ended < self.first or any(dimension.table for dimension in self.spec.dimensions):
            return set()
        known = self._known(ended)
        silent = [entity for entity in known if self.seen_days[entity].isdisjoint(window_of(ended, HISTORY))]
        if len(known) <= MIN_RATIO * (len(known) - len(silent) + len(self._groups(silent, ended))):
            return set()
        return {e for e in silent if self.seen_days[e].isdisjoint(days_between(ended, day))}

    @property
    def _names(self) -> list[str]:
        return [activity.name for activity in self.spec.activities]

    def _count(self, entities: Iterable[Entity], day: date, cut: Sequence[str]) -> Counter[Cell]:
        return Counter(self.cell(entity, day, cut) for entity in entities)

    def _count_active(self, activity: str, window: int, day: date, cut: Sequence[str]) -> Counter[Cell]:
        """The active entities in each cell; kept, as every row of ratios asks for them."""
        key = (activity, window, day, tuple(cut))
        if key not in self._active:
            self._active[key] = self._count(self.active(activity, window, day), day, cut)
        return self._active[key]

    def _key(self, day: date, activity: str, window: int, cut: Sequence[str], cell: Cell) -> Row:
        names = [dimension.name for dimension in self.spec.dimensions]
        values = dict(zip(names, cell, strict=True))
        return {"ds": day, "activity": activity, "window_days": window, "cut": ",".join(cut), **values}


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
