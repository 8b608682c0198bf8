"""100 unit tests of specs, each of another table: one command, from the start of Python to the last line."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.measure import Line, Report, watched

TESTS = 100
CONFIG = """name: bench
start: 2026-01-01
end: 2026-01-31
defaults: {owner: bench@example.com}
sources:
  raw.orders:
    files: "nowhere/{ds}.parquet"
    columns: {id: BIGINT, customer: VARCHAR, product: VARCHAR, amount: "DECIMAL(9,2)", status: VARCHAR}
"""
SPEC = """/* drawloom
table: core.table_{n}
until: "forever: a benchmark"
columns: {{customer: VARCHAR, orders: BIGINT, spent: "DECIMAL(18,2)", week: BIGINT}}
checks:
  - unique: [customer]
*/
WITH today AS (
  SELECT customer, count(*) AS orders, sum(amount) AS spent FROM raw.orders
  WHERE ds = DATE '{{{{ ds }}}}' AND status <> 'refunded' AND product <> 'none {n}' GROUP BY customer
), known AS (
  SELECT customer, orders, spent FROM today
  UNION ALL
  SELECT customer, orders, spent FROM core.table_{n} WHERE ds = DATE '{{{{ ds }}}}' - INTERVAL '1' DAY
), week AS (
  SELECT customer, count(*) AS orders FROM raw.orders
  WHERE ds BETWEEN DATE '{{{{ ds }}}}' - INTERVAL '6' DAY AND DATE '{{{{ ds }}}}' GROUP BY customer
)
SELECT k.customer, CAST(sum(k.orders) AS BIGINT) AS orders, CAST(sum(k.spent) AS DECIMAL(18,2)) AS spent,
  any_value(w.orders) AS week
FROM known AS k LEFT JOIN week AS w ON w.customer = k.customer GROUP BY k.customer
"""
TEST = """test_{n}:
  ds: 2026-01-08
  given:
    raw.orders:
      2026-01-02: [{{customer: ana, product: tea, amount: 1, status: paid}}]
      2026-01-07: [{{customer: ana, product: tea, amount: 2, status: paid}}]
      2026-01-08:
        - {{customer: ana, product: tea, amount: 3.5, status: paid}}
        - {{customer: bo, product: cake, amount: 4, status: refunded}}
        - {{customer: cy, product: cake, amount: 5, status: paid}}
    core.table_{n}:
      2026-01-07:
        - {{customer: ana, orders: 2, spent: 3}}
        - {{customer: dee, orders: 1, spent: 9}}
  expect:
    core.table_{n}:
      - {{customer: ana, orders: 3, spent: 6.5, week: 3}}
      - {{customer: cy, orders: 1, spent: 5, week: 1}}
      - {{customer: dee, orders: 1, spent: 9, week: null}}
"""


def measure(runs: int) -> list[Report]:
    """The first run compiles the specs, later ones find them in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        _write(root)
        run = watched(sys.executable, "-m", "drawloom", "-C", root, "test")
        first = run()
        later = [run() for _ in range(runs)]
    lines = [
        Line("first run, cold cache", [first], TESTS),
        Line("later runs", later, TESTS),
    ]
    notes = ["goal: 100 tests in at most 10 s; with the start of Python and compiling 100 specs"]
    return [Report(f"{TESTS} unit tests of {TESTS} specs", lines, "test", notes=notes)]


def _write(root: Path) -> None:
    (root / "specs").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "drawloom.yml").write_text(CONFIG, encoding="utf-8")
    for n in range(TESTS):
        (root / "specs" / f"table_{n}.sql").write_text(SPEC.format(n=n), encoding="utf-8")
    (root / "tests" / "all.yml").write_text("\n".join(TEST.format(n=n) for n in range(TESTS)), encoding="utf-8")
