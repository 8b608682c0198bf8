"""The storms of 2013 in the flights that left New York: found by the default detector, at its default settings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from drawloom.demo.data import build_project
from drawloom.statistics.series import weekday_robust

LEFT = (
    "SELECT make_date(year, month, day) AS ds, count(dep_time) AS flights FROM read_parquet(?) GROUP BY ds ORDER BY ds"
)
HOLIDAYS = [
    *((5, day) for day in range(25, 28)),
    *((7, day) for day in (3, 4, 5)),
    *((8, 31), (9, 1), (9, 2)),
    *((11, day) for day in range(27, 32)),
    *((12, day) for day in range(24, 32)),
]
STORMS = {
    date(2013, 2, 8): "the blizzard Nemo",
    date(2013, 2, 9): "the day after, with closed airports",
    date(2013, 3, 8): "the winter storm Saturn",
    date(2013, 5, 23): "thunderstorms",
    date(2013, 9, 12): "thunderstorms",
    date(2013, 12, 10): "snow",
    date(2013, 12, 14): "the winter storm Electra",
}


@pytest.mark.nightly
def test_the_storms_are_found_by_name_of_day(tmp_path: Path) -> None:
    build_project(tmp_path / "demo")
    with duckdb.connect() as connection:
        rows = connection.execute(LEFT, [f"{tmp_path}/demo/landing/flights-2013-*.parquet"]).fetchall()
    days = [ds for ds, _ in rows]
    assert len(days) == 365
    values = np.array([[flights for _, flights in rows]], float)
    special = np.array([(ds.month, ds.day) in HOLIDAYS for ds in days])
    found = weekday_robust(values, 365 - 28, month_days=[ds.day for ds in days], special=special)
    fallen = {ds for ds, score in zip(days[28:], found.score[0], strict=True) if score < -4.5}
    assert fallen >= STORMS.keys()
    assert len(fallen) <= 14, sorted(fallen - STORMS.keys())
    worst = days[28 + int(np.nanargmin(found.score[0]))]
    assert worst in {date(2013, 2, 8), date(2013, 2, 9)}
