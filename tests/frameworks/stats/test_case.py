"""The laws of all frameworks, on two days of a table with all kinds of columns."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from drawloom.testing import FrameworkCase

pytestmark = pytest.mark.unmeasured

FIRST = date(2026, 1, 5)
DAYS = [FIRST + timedelta(days=n) for n in range(2)]
SPEC = """kind: stats
name: warehouse
tables: ["core.*"]
tier: full
rules:
  - {match: {name: "*_id"}, add: [unique_ratio], drop: [sum, mean, stddev, top]}
  - {match: {column: orders.amount}, expressions: {refunds: "sum(CASE WHEN amount < 0 THEN 1 END)"}}
slices: {orders: {by: country, metrics: [row_count, amount.sum]}}
rollups: [week]
until: "forever: a test"
"""
ROWS = [
    {"ds": DAYS[0], "order_id": 1, "amount": 2.5, "country": "US", "ok": True},
    {"ds": DAYS[0], "order_id": 2, "amount": -1.0, "country": "DE", "ok": None},
    {"ds": DAYS[1], "order_id": 3, "amount": None, "country": "US", "ok": False},
]


def test_statistics_keep_all_laws(tmp_path: Path) -> None:
    FrameworkCase(SPEC, {"core.orders": ROWS}).check(tmp_path)
