"""Golden files of growth accounting: own visits, and the messages of CollegeMsg where they lie beside the repository.

``python -m tests.frameworks.growth.golden`` writes those of the visits again, from the literal reference.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.corpora import COLLEGE, DATA, SHARED, needs
from tests.frameworks.growth.reference import Growth, Row, Spec

COUNTS = ("active", "new", "retained", "resurrected", "churned", "stale", "ever")
ACCOUNTING = ("ds", "window", "step", *COUNTS, "quick_ratio")
ENGAGEMENT = ("ds", "window", "active_days", "users")


@dataclass(frozen=True)
class Golden:
    """Events and the expected accounting: without dimensions, for windows of 1, 7 and 28 days."""

    first: date
    last: date
    events_file: Path
    accounting_file: Path
    engagement_file: Path

    def events(self) -> list[Row]:
        """A row for each event, whose sender or visitor is the entity."""
        if self.events_file.suffix == ".csv":
            rows = _rows(self.events_file, ",")
            return [{"ds": date.fromisoformat(row["ds"]), "rider_id": int(row["visitor"])} for row in rows]
        rows = _rows(self.events_file, " ")
        return [
            {"ds": datetime.fromtimestamp(int(row["time"]), UTC).date(), "rider_id": int(row["src"])} for row in rows
        ]

    def accounting(self) -> list[Row]:
        """The rows of growth.<name> without a cut, and the quick ratio."""
        return [
            {
                "ds": date.fromisoformat(row["ds"]),
                "window_days": int(row["window"]),
                "step": row["step"],
                **{name: int(row[name]) for name in COUNTS},
                "quick_ratio": float(row["quick_ratio"]) if row["quick_ratio"] else None,
            }
            for row in _rows(self.accounting_file, ",")
        ]

    def engagement(self) -> list[Row]:
        """The rows of growth.<name>_engagement without a cut."""
        names = {"window": "window_days", "active_days": "days_active", "users": "entities"}
        return [
            {"ds": date.fromisoformat(row["ds"]), **{names[name]: int(row[name]) for name in names}}
            for row in _rows(self.engagement_file, ",")
        ]


OWN = DATA / "growth"
VISITS = Golden(date(2026, 1, 10), date(2026, 4, 5), OWN / "visits.csv", OWN / "accounting.csv", OWN / "engagement.csv")
MESSAGES = Golden(
    date(2004, 4, 15),
    date(2004, 12, 21),
    SHARED / COLLEGE,
    SHARED / "growth/golden_collegemsg_accounting.csv",
    SHARED / "growth/golden_collegemsg_lness.csv",
)
ALL = [
    pytest.param(VISITS, id="visits"),
    pytest.param(MESSAGES, id="messages", marks=[needs(COLLEGE), pytest.mark.nightly]),
]


def _rows(path: Path, delimiter: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def main() -> None:
    """Write the files of the visits."""
    visits = sorted(_visits(Random(7)))
    _write(VISITS.events_file, ("ds", "visitor"), [{"ds": ds, "visitor": visitor} for ds, visitor in visits])
    found = Growth(Spec(), VISITS.first, VISITS.last, VISITS.events())
    ratios = {
        (row["ds"], row["window_days"], row["step"]): row["quick_ratio"]
        for day in found.days
        for row in found.ratios(day)
    }
    rows = [row for day in found.days for row in found.growth(day)]
    accounting = [
        row | {"window": row["window_days"], "quick_ratio": ratios[row["ds"], row["window_days"], row["step"]]}
        for row in rows
    ]
    _write(VISITS.accounting_file, ACCOUNTING, accounting)
    engagement = [
        {"ds": day, "window": row["window_days"], "active_days": row["days_active"], "users": row["entities"]}
        for day in found.days
        for row in found.engagement(day)
    ]
    _write(VISITS.engagement_file, ENGAGEMENT, sorted(engagement, key=lambda row: tuple(row.values())))


def _visits(random: Random) -> Iterable[tuple[date, int]]:
    """Visitors who come often, now and then, or once; many of them begin late, stay away for weeks, or leave."""
    for visitor in range(1, 161):
        begin = random.randrange(70)
        end = begin + random.choice([1, 10, 30, 90])
        often = random.choice([0.05, 0.2, 0.6])
        away = range(begin + 5, begin + 5 + random.choice([0, 0, 12, 40]))
        for n in range(begin, min(end, (VISITS.last - VISITS.first).days + 1)):
            if n == begin or (n not in away and random.random() < often):
                yield from [(VISITS.first + timedelta(n), visitor)] * random.choice([1, 1, 2])


def _write(path: Path, names: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
