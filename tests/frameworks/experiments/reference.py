"""What an experiment comes out at, row by row in Python: the meaning of the words, with nothing of the SQL."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

Row = Mapping[str, Any]
DAY = timedelta(days=1)
COMPLETED: Callable[[Row], bool] = lambda row: row["status"] == "completed"  # noqa: E731
COMPONENTS: Mapping[str, tuple[Callable[[Row], float | None], str]] = {
    "rides": (lambda row: 1.0 if COMPLETED(row) else None, "sum"),
    "fare": (lambda row: float(row["fare"]) if COMPLETED(row) else None, "sum"),
    "tip": (lambda row: row["tip"] if COMPLETED(row) else None, "sum"),
    "rode": (lambda row: 1.0 if COMPLETED(row) else None, "max"),
    "longest": (lambda row: float(row["wait_seconds"]), "max"),
}


@dataclass(frozen=True)
class Unit:
    """One subject of an experiment."""

    subject: str
    variant: str
    first: datetime
    country: str
    exposures: int


@dataclass(frozen=True)
class Reference:
    """An experiment as of a day."""

    spec: Mapping[str, Any]
    tables: Mapping[str, Sequence[Row]]
    day: date

    @property
    def start(self) -> date:
        return date.fromisoformat(self.spec["start"])

    @property
    def last(self) -> date:
        return min(self.day, date.fromisoformat(self.spec["end"]))

    def exposures(self) -> Iterator[tuple[str, Row]]:
        """Each row that counts, and whose exposure it is."""
        mapped = defaultdict(set)
        for row in self.tables["core.identities"]:
            if row["ds"] <= self.day:
                mapped[row["cookie_id"]].add(row["rider_id"])
        for row in self.tables["core.assignments"]:
            at = row["assigned_at"].date()
            counts = row["cookie_id"] is not None and row["variation"] in self.spec["variants"]
            if row["experiment"] != self.spec["name"] or not self.start <= row["ds"] <= self.last or not counts:
                continue
            subjects = mapped.get(row["cookie_id"], {row["cookie_id"]})
            if self.start <= at <= self.last and len(subjects) == 1:
                yield next(iter(subjects)), row

    def units(self) -> list[Unit]:
        found = defaultdict(list)
        for subject, row in self.exposures():
            found[subject].append((row["assigned_at"], row["variation"], row["country"] or "(null)"))
        return [
            Unit(subject, min(seen)[1], min(seen)[0], min(seen)[2], len(seen))
            for subject, seen in sorted(found.items())
            if len({variant for _, variant, _ in seen}) == 1
        ]

    def is_in_window(self, unit: Unit, row: Row) -> bool:
        mode, delay, window = self.spec["exposure_day"], self.spec.get("delay", 0), self.spec.get("window")
        since = (row["ds"] - unit.first.date()).days
        if mode == "exact":
            begin = unit.first + delay * DAY
            whole = delay + 1 <= since <= (delay + window - 1 if window else since)
            edge = since == delay or (window and since == delay + window)
            inside = row["requested_at"] >= begin and (not window or row["requested_at"] < begin + window * DAY)
            return bool(whole or (edge and inside))
        first = delay + (1 if mode == "exclude" else 0)
        return bool(first <= since <= (first + window - 1 if window else since))

    def events(self, unit: Unit, products: Collection[str] | None = None) -> tuple[list[Row], list[Row]]:
        """A unit's events in its window, and before its exposure."""
        now, before = [], []
        for row in self.tables["core.rides"]:
            if row["rider_id"] != unit.subject or row["ds"] > self.day:
                continue
            if products is not None and (row["product"] or "(null)") not in products:
                continue
            if self.is_in_window(unit, row):
                now.append(row)
            if 1 <= (unit.first.date() - row["ds"]).days <= self.spec["pre_period"]:
                before.append(row)
        return now, before

    def values(
        self, units: Sequence[Unit], component: str, products: Collection[str] | None = None
    ) -> tuple[list[float], list[float]]:
        """The values of units now and before, without a cap."""
        of, combine = COMPONENTS[component]
        results: tuple[list[float], list[float]] = ([], [])
        for unit in units:
            for place, events in zip(results, self.events(unit, products), strict=True):
                known = [value for value in map(of, events) if value is not None]
                place.append((sum(known) if combine == "sum" else max(known)) if known else 0.0)
        return results

    def cap(self, component: str) -> float:
        cap = self.spec.get("cap", {}).get(component)
        if not cap:
            return math.inf
        if "value" in cap:
            return float(cap["value"])
        return float(np.quantile(self.values(self.units(), component)[0], cap["percentile"]))

    def capped(self, units: Sequence[Unit], component: str, products: Collection[str] | None = None) -> tuple[Any, Any]:
        now, before = self.values(units, component, products)
        return np.minimum(now, self.cap(component)), np.minimum(before, self.cap(component))

    def cells(self) -> Iterator[tuple[str, str, list[Unit], Collection[str] | None]]:
        """Each cell: its cut and value, its units, and the products whose rides count."""
        units = self.units()
        yield "", "", units, None
        if self.spec.get("activation"):
            yield from self._activation(units)
        cuts: Mapping[str, Callable[[Unit], str]] = {
            "country": lambda unit: unit.country,
            "day": lambda unit: str(unit.first.date()),
            "week": lambda unit: str(unit.first.date() - timedelta(days=unit.first.weekday())),
        }
        for cut in self.spec.get("cuts", ()):
            if cut == "product":
                for value, products in self._products(units).items():
                    yield cut, value, units, products
                continue
            kept = self._kept(Counter(map(cuts[cut], units)), cut)
            groups = defaultdict(list)
            for unit in units:
                value = cuts[cut](unit)
                groups[value if value in kept else "(other)"].append(unit)
            for value, members in groups.items():
                yield cut, value, members, None

    def _activation(self, units: Sequence[Unit]) -> Iterator[tuple[str, str, list[Unit], None]]:
        """Those that did what the activation names after their exposure, and those that did not."""
        done = self.values(units, self.spec["activation"]["metric"])[0]
        for name, is_on in (("activated", True), ("not activated", False)):
            members = [unit for unit, value in zip(units, done, strict=True) if (value > 0) is is_on]
            if members:
                yield "activation", name, members, None

    def _products(self, units: Sequence[Unit]) -> dict[str, set[str]]:
        """The products of each cell: those of most units alone, the others together."""
        names = Counter(name for unit in units for name in {row["product"] or "(null)" for row in self.events(unit)[0]})
        kept = self._kept(names, "country")
        others = {name for name in names if name not in kept}
        return {name: {name} for name in kept} | ({"(other)": others} if others else {})

    def _kept(self, counts: Counter[str], cut: str) -> set[str]:
        if cut != "country":
            return set(counts)
        ordered = sorted(counts, key=lambda value: (-counts[value], value))
        return set(ordered[: self.spec.get("top", 20)])

    def moments(self) -> dict[tuple[str, str, str, str], dict[str, float]]:
        """The statistics by metric, variant, cut and value of the cut: y, d, x, z as the table has them."""
        found = {}
        for cut, value, members, products in self.cells():
            for variant in self.spec["variants"]:
                units = [unit for unit in members if unit.variant == variant]
                if not units:
                    continue
                for metric in self.components():
                    now, before = self.capped(units, metric, products)
                    none = np.zeros(len(units))
                    found[metric, variant, cut, value] = moments_of(now, none, before, none)
                (y, x), (d, z) = (self.capped(units, name, products) for name in ("fare", "rides"))
                found["fare_per_ride", variant, cut, value] = moments_of(y, d, x, z)
                if products is None:
                    found["wait_median", variant, cut, value] = self.median(units)
        return found

    def components(self) -> list[str]:
        """The metrics that are neither a ratio nor a quantile."""
        named = (name for names in self.spec["metrics"].values() for name in names)
        return [name for name in named if name in COMPONENTS]

    def median(self, units: Sequence[Unit]) -> dict[str, Any]:
        """The median wait of units' events; and of each unit how many are up to it, and how many there are."""
        waits = [[row["wait_seconds"] for row in self.events(unit)[0]] for unit in units]
        ordered = sorted(wait for found in waits for wait in found)
        value = ordered[math.ceil(len(ordered) / 2) - 1] if ordered else None
        below, events, none = (
            [sum(value is not None and wait <= value for wait in found) for found in waits],
            [len(found) for found in waits],
            np.zeros(len(units)),
        )
        return {**moments_of(below, events, none, none), "quantile": value}


def moments_of(y: Any, d: Any, x: Any, z: Any) -> dict[str, float]:
    """Means, sums of squared deviations and of products of deviations."""
    named = {"": y, "_denominator": d, "_pre": x, "_pre_denominator": z}
    centred = {name: np.asarray(values) - np.mean(values) for name, values in named.items()}
    result = {f"mean{name}": float(np.mean(values)) for name, values in named.items()}
    result |= {f"m2{name}": float(np.sum(values**2)) for name, values in centred.items()}
    pairs = {
        "c_denominator": ("", "_denominator"), "c_pre": ("", "_pre"), "c_pre_denominator": ("", "_pre_denominator"),
        "c_denominator_pre": ("_denominator", "_pre"), "c_denominator_pre_denominator": ("_denominator", "_pre_denominator"),
        "c_pre_pre_denominator": ("_pre", "_pre_denominator"),
    }  # fmt: skip
    result |= {name: float(np.sum(centred[a] * centred[b])) for name, (a, b) in pairs.items()}
    return {"n": len(np.asarray(y)), **result}
