"""What must always hold for a framework, on a SELECT that reads yesterday of its own table and a window of another."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from drawloom.testing import FrameworkCase

pytestmark = pytest.mark.unmeasured

FIRST = date(2026, 1, 29)
DAYS = [FIRST + timedelta(days=n) for n in range(6)]
RIDES = [{"ds": ds, "rider": rider} for n, ds in enumerate(DAYS) for rider in range(n + 1)]
SPEC = """kind: autodag
table: core.rides_so_far
until: "forever: a test"
columns: {today: BIGINT, three_days: BIGINT, ever: BIGINT}
sql: |
  SELECT
    count(CASE WHEN r.ds = DATE '{{ ds }}' THEN 1 END) AS today,
    count(*) AS three_days,
    count(CASE WHEN r.ds = DATE '{{ ds }}' THEN 1 END)
      + coalesce((SELECT ever FROM core.rides_so_far WHERE ds = DATE '{{ ds }}' - 1), 0) AS ever
  FROM raw.rides AS r
  WHERE r.ds BETWEEN DATE '{{ ds }}' - 2 AND DATE '{{ ds }}'
"""


def test_autodag_keeps_all_laws(tmp_path: Path) -> None:
    counts = [n + 1 for n in range(len(DAYS))]
    expected = [
        {"ds": ds, "today": n + 1, "three_days": sum(counts[max(0, n - 2) : n + 1]), "ever": sum(counts[: n + 1])}
        for n, ds in enumerate(DAYS)
    ]
    FrameworkCase(SPEC, {"raw.rides": RIDES}, {"core.rides_so_far": expected}).check(tmp_path)
