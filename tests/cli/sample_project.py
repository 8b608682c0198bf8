"""A small project in a temporary folder, with a runner for commands in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drawloom.cli.main import run_command

CONFIG = """
name: shop
start: 2026-03-01
end: 2026-03-10
defaults: {owner: shop@example.com}
"""
DAILY = """/* drawloom
table: core.daily
until: "forever: a test"
checks:
  - unique: [product]
*/
SELECT product, count(*) AS orders, sum(amount) AS amount
FROM raw.orders
WHERE ds = '{{ ds }}'
GROUP BY product
"""
ROLLING = """/* drawloom
table: core.rolling
until: "forever: a test"
*/
SELECT product, sum(orders) AS orders
FROM core.daily
WHERE ds BETWEEN '{{ macros.ds_add(ds, -6) }}' AND '{{ ds }}'
GROUP BY product
"""
EVER = """/* drawloom
table: core.ever
until: "forever: a test"
columns: {product: VARCHAR, orders: BIGINT}
*/
SELECT product, sum(orders) AS orders
FROM (
  SELECT product, orders FROM core.ever WHERE ds = '{{ yesterday_ds }}'
  UNION ALL
  SELECT product, orders FROM core.daily WHERE ds = '{{ ds }}'
) AS both_days
GROUP BY product
"""
ORDERS = "id,day,product,amount\n" + "".join(
    f"{n},2026-03-{1 + n % 10:02d},{product},{n}.50\n" for n, product in enumerate(["tea", "cake", "coffee"] * 20)
)
LAND = ("land", "raw.orders", "landing/*.csv", "--ds", "day")


@dataclass
class SampleProject:
    """The folder of a project, and what its last command printed."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command, check its exit code, and return what it printed on both streams."""
        self.capture.readouterr()
        found = run_command(["-C", str(self.folder), *arguments])
        out, err = self.capture.readouterr()
        assert found == code, f"exit {found}\n{out}\n{err}"
        return out + err

    def json(self, *arguments: str, code: int = 0) -> Any:
        """The JSON that a command prints."""
        return json.loads(self.run(*arguments, "--format", "json", code=code))

    def query(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json("query", sql)
        return rows

    def hashes(self) -> dict[tuple[str, str], str]:
        """The content hash of every partition in the registry."""
        from drawloom.run.project import Project

        with Project.load(self.folder) as project:
            records = project.registry.records()
        return {(t, str(ds)): r.content for t, days in records.items() for ds, r in days.items()}


def write_sample_project(folder: Path) -> None:
    """A project with raw files and three specs that depend on each other; nothing has landed or run."""
    files = {
        "drawloom.yml": CONFIG,
        "landing/orders.csv": ORDERS,
        "specs/daily.sql": DAILY,
        "specs/rolling.sql": ROLLING,
        "specs/ever.sql": EVER,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
