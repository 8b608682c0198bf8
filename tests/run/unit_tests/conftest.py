"""A project of small specs of which no row exists anywhere, and a runner of tests over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from drawloom.model import Problem
from drawloom.run.project import Project
from drawloom.run.unit_tests.load import Loaded, load_text
from drawloom.run.unit_tests.runner import Outcome, TestRunner

CONFIG = """
name: shop
start: 2026-01-01
end: 2026-01-31
defaults: {owner: shop@example.com}
sources:
  raw.orders:
    files: "nowhere/orders-{ds}.parquet"
    columns: {id: BIGINT, customer: VARCHAR, amount: "DECIMAL(9,2)", at: TIMESTAMP, shipped: BOOLEAN, status: VARCHAR}
  raw.odd:
    files: "nowhere/odd-{ds}.parquet"
    columns:
      day: DATE
      share: DOUBLE
      names: VARCHAR[]
      place: "STRUCT(city VARCHAR, lat DOUBLE)"
      counts: "MAP(VARCHAR, INTEGER)"
      extra: JSON
      zoned: TIMESTAMPTZ
      clock: TIME
      key: UUID
      bytes: BLOB
      small: TINYINT
  raw.countries:
    files: nowhere/countries.parquet
    columns: {code: VARCHAR, country: VARCHAR}
"""
SPECS = {
    "orders.sql": """/* drawloom
table: core.orders
until: "forever: a test"
cluster: [amount]
checks:
  - unique: [id]
*/
SELECT id, customer, amount, shipped FROM raw.orders
WHERE ds = DATE '{{ ds }}' AND status <> '{{ params.skipped }}'
""".replace("until", "params: {skipped: refunded}\nuntil"),
    "spent.sql": """/* drawloom
table: core.spent
until: "forever: a test"
checks:
  - unique: [customer]
columns: {customer: VARCHAR, orders: BIGINT, spent: "DECIMAL(18,2)"}
*/
SELECT customer, CAST(sum(orders) AS BIGINT) AS orders, CAST(sum(spent) AS DECIMAL(18,2)) AS spent
FROM (
  SELECT customer, orders, spent FROM core.spent WHERE ds = DATE '{{ ds }}' - INTERVAL '1' DAY
  UNION ALL
  SELECT customer, 1, amount FROM core.orders WHERE ds = DATE '{{ ds }}'
) AS known
GROUP BY customer
""",
    "week.sql": """/* drawloom
table: core.week
until: "forever: a test"
*/
SELECT customer, count(*) AS orders FROM core.orders
WHERE ds BETWEEN DATE '{{ ds }}' - INTERVAL '6' DAY AND DATE '{{ ds }}'
GROUP BY customer
""",
    "by_week.sql": """/* drawloom
table: core.by_week
schedule: "@weekly"
until: "forever: a test"
*/
SELECT count(*) AS orders FROM core.orders
WHERE ds BETWEEN DATE '{{ ds }}' - INTERVAL '6' DAY AND DATE '{{ ds }}'
""",
    "odd.sql": """/* drawloom
table: core.odd
until: "forever: a test"
*/
SELECT * EXCLUDE (ds) FROM raw.odd WHERE ds = DATE '{{ ds }}'
""",
    "countries.sql": """/* drawloom
table: core.countries
until: "forever: a test"
*/
SELECT o.customer, c.country FROM raw.orders AS o JOIN raw.countries AS c ON c.code = o.customer
WHERE o.ds = DATE '{{ ds }}'
""",
    "first.sql": """/* drawloom
table: core.first
until: "forever: a test"
columns: {customer: VARCHAR, day: DATE}
*/
SELECT customer, DATE '{{ ds }}' AS day FROM core.orders WHERE ds = DATE '{{ ds }}'
{% if is_incremental() %}
  AND customer NOT IN (SELECT customer FROM core.first WHERE ds = DATE '{{ yesterday_ds }}' AND customer IS NOT NULL)
UNION ALL
SELECT customer, day FROM core.first WHERE ds = DATE '{{ yesterday_ds }}'
{% endif %}
""",
    "doubled.py": """
import pyarrow as pa
from drawloom.frameworks.autodag.spec import AutoDag

def double(context):
    amounts = context.query(f"SELECT sum(amount) AS amount FROM core.orders WHERE ds = DATE '{context.ds}'")
    return pa.table({"twice": [2 * (amounts["amount"][0].as_py() or 0)]})

doubled = AutoDag(table="core.doubled", call=double, reads={"core.orders": "0"}, until="forever: a test",
                  columns={"twice": "DECIMAL(38,2)"})
""",
}
Run = Callable[..., list[Outcome]]


def write_shop(folder: Path) -> None:
    """Write the project into a folder."""
    (folder / "specs").mkdir(parents=True)
    (folder / "drawloom.yml").write_text(CONFIG, encoding="utf-8")
    for name, text in SPECS.items():
        (folder / "specs" / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def shop_runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestRunner]:
    folder = tmp_path_factory.mktemp("unit") / "shop"
    write_shop(folder)
    with Project.load(folder) as project, TestRunner(project) as runner:
        yield runner


@pytest.fixture
def run(shop_runner: TestRunner, tmp_path: Path) -> Run:
    """Run the tests of a YAML text over the project; ``tmp_path`` is the folder of its file."""

    def run_text(text: str) -> list[Outcome]:
        return shop_runner.run_all(loaded(text, tmp_path))

    return run_text


def loaded(text: str, folder: Path = Path()) -> list[Loaded]:
    """The tests of a YAML text that is valid."""
    found = list(load_text(text, "tests/shop.yml", folder))
    assert not [one for one in found if isinstance(one, Problem)], found
    return [one for one in found if isinstance(one, Loaded)]


def told(outcomes: Sequence[Outcome]) -> str:
    """All problems of the outcomes, one a line."""
    return "\n".join(str(problem) for outcome in outcomes for problem in outcome.problems)


def states(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]
