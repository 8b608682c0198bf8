"""A shop with two tables that are watched: landed clicks, orders that a spec fills, and countries without days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FIRST = date(2026, 1, 5)  # a Monday
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
SETTINGS = f"""name: shop
start: {FIRST}
end: {DAYS[-1]}
defaults: {{owner: a@example.com}}
sources:
  raw.clicks: {{files: "clicks/{{ds}}.parquet"}}
  raw.countries: {{files: countries.parquet}}
"""
ORDERS = """/* drawloom
table: core.orders
until: "forever: a test"
*/
SELECT id, amount, country FROM raw.clicks WHERE ds = '{{ ds }}' AND amount > 0
"""
SPEC = """kind: stats
name: warehouse
tables: ["*.*"]
tier: full
rollups: [week, table]
slices: {orders: {by: country, metrics: [row_count, amount.sum], top: 1}}
until: "forever: a test"
"""


def clicks(day: date, count: int = 8) -> list[dict[str, Any]]:
    """The clicks of a day: of every fourth no amount is known."""
    number = (day - FIRST).days * 100
    return [
        {"id": number + n, "amount": None if n % 4 == 0 else float(n + number), "country": ["US", "US", "DE"][n % 3]}
        for n in range(count)
    ]


def write_clicks(root: Path, day: date, rows: list[dict[str, Any]]) -> None:
    """Write the file of a day, or replace it."""
    schema = pa.schema({"id": pa.int64(), "amount": pa.float64(), "country": pa.string()})
    (root / "clicks").mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), root / "clicks" / f"{day}.parquet")


def write_shop(root: Path, spec: str = SPEC) -> Path:
    """The project in a folder."""
    (root / "specs").mkdir(parents=True)
    (root / "drawloom.yml").write_text(SETTINGS, encoding="utf-8")
    (root / "specs" / "orders.sql").write_text(ORDERS, encoding="utf-8")
    if spec:
        (root / "specs" / "stats.yml").write_text(spec, encoding="utf-8")
    for day in DAYS:
        write_clicks(root, day, clicks(day))
    pq.write_table(pa.table({"code": ["US", "DE"], "people": [331, 83]}), root / "countries.parquet")
    return root
