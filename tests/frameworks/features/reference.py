"""A literal reference of features: for one entity and one moment, all events before it, one window at a time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """A measure: ``ops`` are names, or pairs of a name and k; windows are days, or None for all so far."""

    name: str
    ops: Sequence[str | tuple[str, int]]
    windows: Sequence[int | None]
    value: str | None = None
    where: Callable[[Row], bool] = lambda _: True
    by: str | None = None
    values: Sequence[str] = ()
    other: bool = False

    def parts(self) -> Iterator[tuple[str, Callable[[Row], bool]]]:
        """The endings of its features, and which rows count for each."""
        if self.by is None:
            yield "", self.where
            return
        by = self.by
        for value in self.values:
            yield f"__{value}", lambda row, value=value: self.where(row) and str(row[by]) == value  # type: ignore[misc]
        if self.other:
            yield "__other", lambda row: self.where(row) and str(row[by]) not in self.values


@dataclass(frozen=True)
class Reference:
    """The features of some events; ``entity`` is the column of their entity, ``time`` that of their moment."""

    events: Sequence[Row]
    measures: Sequence[Measured]
    entity: str = "rider"
    time: str = "at"
    tie: str = "tie"
    floor: bool = False  # whether windows begin with their day
    _by_entity: dict[Any, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in sorted(self.events, key=lambda row: (row[self.time], row[self.tie])):
            if row[self.entity] is not None:
                self._by_entity.setdefault(row[self.entity], []).append(row)

    def day(self, ds: date) -> list[dict[str, Any]]:
        """The rows of a day: of each entity that was seen, as of the next midnight."""
        moment = datetime.combine(ds + timedelta(days=1), time(), UTC)
        rows = []
        for entity, events in self._by_entity.items():
            days = [event[self.time].date() for event in events if event[self.time] < moment]
            if days:
                known = {"ds": ds, self.entity: entity, "first_ds": min(days), "last_ds": max(days)}
                rows.append({**known, **self.features(entity, moment)})
        return rows

    def features(self, entity: Any, moment: datetime) -> dict[str, Any]:
        """All features of an entity as of a moment: events before it, from the start of the window on."""
        found: dict[str, Any] = {}
        for measure in self.measures:
            for ending, condition in measure.parts():
                for op in measure.ops:
                    name, k = (op, 0) if isinstance(op, str) else op
                    for days in measure.windows:
                        rows = list(filter(condition, self._in_window(entity, moment, days)))
                        values = [row[measure.value] for row in rows] if measure.value else [1] * len(rows)
                        window = f"{days}d" if days else "ltd"
                        found[f"{measure.name}_{name}_{window}{ending}"] = _compute(name, k, values)
        return found

    def _in_window(self, entity: Any, moment: datetime, days: int | None) -> Iterable[Row]:
        for row in self._by_entity.get(entity, ()):
            if row[self.time] < moment and (days is None or row[self.time] >= self._begin(moment, days)):
                yield row

    def _begin(self, moment: datetime, days: int) -> datetime:
        begin = moment - timedelta(days=days)
        return datetime.combine(begin.date(), time(), UTC) if self.floor else begin

    def after(self, entity: Any, moment: datetime, days: int) -> list[Row]:
        """The events of an entity from a moment on, for so many days: what labels are made of."""
        end = moment + timedelta(days=days)
        return [row for row in self._by_entity.get(entity, ()) if moment <= row[self.time] < end]


def _compute(op: str, k: int, values: Sequence[Any]) -> Any:
    given = [value for value in values if value is not None]
    match op:
        case "count":
            return len(given)
        case "n_distinct":
            return len(set(given))
        case "top_k":
            ranked = sorted(Counter(map(str, given)).items(), key=lambda item: (-item[1], item[0]))
            return [value for value, _ in ranked[:k]] or None
        case "last_k":
            return [str(value) for value in reversed(given[-k:])] or None
    return _of_values(op, given) if given else None


def _of_values(op: str, values: Sequence[Any]) -> Any:
    match op:
        case "sum":
            return math.fsum(values)
        case "avg":
            return math.fsum(values) / len(values)
        case "stddev":
            mean = math.fsum(values) / len(values)
            squares = math.fsum((value - mean) ** 2 for value in values)
            return math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else None
        case "min" | "max":
            return min(values) if op == "min" else max(values)
        case "first" | "last":
            return values[0] if op == "first" else values[-1]
    raise AssertionError(op)
