"""The messages of CollegeMsg and what was computed from them by others, which a folder beside the repository holds."""

from __future__ import annotations

import csv
import os
from datetime import UTC, date, datetime
from pathlib import Path

from tests.frameworks.growth.reference import Row

SHARED = Path(__file__).parents[3] / "../shared/data/growth"
FIRST, LAST = date(2004, 4, 15), date(2004, 12, 21)
COUNTS = ("active", "new", "retained", "resurrected", "churned", "stale", "ever")


def messages() -> list[Row]:
    """One row for each message; its sender is active. None where the file is not at hand."""
    rows = _rows("CollegeMsg.txt", " ")
    return [{"ds": datetime.fromtimestamp(int(row["time"]), UTC).date(), "rider_id": int(row["src"])} for row in rows]


def accounting() -> list[Row]:
    """The rows of growth.<name> without a cut, and the quick ratio."""
    return [
        {
            "ds": date.fromisoformat(row["ds"]),
            "window_days": int(row["window"]),
            "step": row["step"],
            **{name: int(row[name]) for name in COUNTS},
            "quick_ratio": float(row["quick_ratio"]) if row["quick_ratio"] else None,
        }
        for row in _rows("golden_collegemsg_accounting.csv", ",")
    ]


def engagement() -> list[Row]:
    """The rows of growth.<name>_engagement without a cut."""
    names = {"window": "window_days", "active_days": "days_active", "users": "entities"}
    return [
        {"ds": date.fromisoformat(row["ds"]), **{names[name]: int(row[name]) for name in names}}
        for row in _rows("golden_collegemsg_lness.csv", ",")
    ]


def _rows(name: str, delimiter: str) -> list[dict[str, str]]:
    path = SHARED / name
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter=delimiter))
    assert not os.environ.get("CI"), f"{path} is missing: the golden files must be there in CI"
    return []
