"""A small project with sources of every kind, whose engine is one line of its settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from drawloom import Project
from drawloom.run.local_runner import Summary
from tests.conformance.kinds import SPARK
from tests.servers.jdk import find_jdk

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 5)
DAYS = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]

SETTINGS = """\
name: shop
start: {first}
end: {last}
defaults: {{owner: shop@example.com, retries: 0}}
engine: {engine}
sources:
  {raw}.orders: {{files: "landing/orders/{{ds}}.csv", columns: {{id: BIGINT, product: VARCHAR, amount: "DECIMAL(9,2)", note: VARCHAR}}}}
  {raw}.visits: {{files: "landing/visits/ds={{ds}}/*.parquet"}}
  {raw}.clicks: {{files: "landing/clicks-{{ds_nodash}}.parquet"}}
  {raw}.products: {{files: landing/products.csv, columns: {{product: VARCHAR, kind: VARCHAR}}}}
  {raw}.kinds: {{files: landing/kinds.parquet}}
"""

SPECS: dict[str, tuple[str, str]] = {
    "daily": (
        "checks:\n  - unique: [product]\n  - not_null: [kind]",
        """SELECT o.product, p.kind, count(*) AS orders, CAST(sum(o.amount) AS DECIMAL(18,2)) AS amount, max(o.note) AS note
FROM {raw}.orders AS o JOIN {raw}.products AS p ON p.product = o.product
WHERE o.ds = DATE '{{{{ ds }}}}' GROUP BY o.product, p.kind""",
    ),
    "rolling": (
        "cluster: [product]",
        """SELECT product, CAST(sum(orders) AS BIGINT) AS orders, count(DISTINCT ds) AS days, max(ds) AS last_day
FROM {core}.daily WHERE ds BETWEEN DATE '{{{{ ds }}}}' - INTERVAL '2' DAY AND DATE '{{{{ ds }}}}' GROUP BY product""",
    ),
    "ever": (
        "columns: {product: VARCHAR, orders: BIGINT, first_day: DATE}",
        """SELECT product, CAST(sum(orders) AS BIGINT) AS orders, min(first_day) AS first_day FROM (
  SELECT product, orders, first_day FROM {core}.ever WHERE ds = DATE '{{{{ ds }}}}' - INTERVAL '1' DAY
  UNION ALL
  SELECT product, orders, ds FROM {core}.daily WHERE ds = DATE '{{{{ ds }}}}'
) AS both_days GROUP BY product""",
    ),
    "visitors": (
        "",
        """SELECT v.visitor, v.at, v.score, v.tags, c.clicks
FROM {raw}.visits AS v
LEFT JOIN (SELECT visitor, count(*) AS clicks FROM {raw}.clicks WHERE ds = DATE '{{{{ ds }}}}' GROUP BY visitor) AS c
  ON c.visitor = v.visitor
WHERE v.ds = DATE '{{{{ ds }}}}'""",
    ),
    "fancy": (
        "",
        """SELECT d.product, k.label, d.amount FROM {core}.daily AS d JOIN {raw}.kinds AS k ON k.kind = d.kind
WHERE d.ds = DATE '{{{{ ds }}}}' AND d.kind = 'hot' AND DATE '{{{{ ds }}}}' <> DATE '2026-03-03'""",
    ),
}
TABLES = tuple(SPECS)
PARTITION_COUNT = len(TABLES) * len(DAYS)


def engine_line(kind: str) -> str:
    """The value of ``engine`` in the settings; the servers' addresses are in environment variables."""
    match kind:
        case "duckdb":
            return "duckdb"
        case "spark" | "volatile":
            settings = ", ".join(f'{name}: "{value}"' for name, value in SPARK.items())
            return f"{{kind: spark, url: 'local[2]', settings: {{{settings}}}}}"
        case "trino-hive":
            return "trino"
        case _:
            base = os.environ["DRAWLOOM_TRINO"].rpartition("/")[0]
            return f"{{kind: trino, url: {base}/iceberg, lake_catalog: hive}}"


@dataclass
class SmallProject:
    """The folder of a project, and the schemas that its tables and its sources are in."""

    folder: Path
    schema: str
    kind: str = "duckdb"
    specs: dict[str, tuple[str, str]] = field(default_factory=lambda: dict(SPECS))

    def __post_init__(self) -> None:
        for ds in DAYS:
            self.land(ds)
        self._copy(
            "SELECT * FROM (VALUES ('tea', 'hot'), ('cake', 'sweet'), ('it''s', 'hot')) AS t(product, kind)",
            "products.csv",
        )
        self._copy("SELECT * FROM (VALUES ('hot', 'Hot ☕'), ('sweet', 'Süß')) AS t(kind, label)", "kinds.parquet")
        for name in self.specs:
            self.spec(name)
        self.use(self.kind)

    @property
    def raw(self) -> str:
        return f"{self.schema}_raw"

    def name(self, table: str) -> str:
        return f"{self.schema}.{table}"

    def use(self, kind: str) -> None:
        """Change the engine in the settings."""
        self.kind = kind
        text = SETTINGS.format(first=FIRST, last=LAST, engine=engine_line(kind), raw=self.raw)
        (self.folder / "drawloom.yml").write_text(text, encoding="utf-8")

    def spec(self, name: str, options: str | None = None, sql: str | None = None) -> None:
        """Write a spec, or overwrite it with other options or another text."""
        old = self.specs[name]
        self.specs[name] = (old[0] if options is None else options, old[1] if sql is None else sql)
        head, text = self.specs[name]
        until = "" if "until:" in head else 'until: "forever: a test"\n'
        body = text.format(raw=self.raw, core=self.schema)
        path = self.folder / "specs" / f"{name}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"/* drawloom\ntable: {self.name(name)}\n{until}{head}\n*/\n{body}\n", encoding="utf-8")

    def land(self, ds: date, more: int = 0) -> None:
        """Write the files of a day, with ``more`` late orders."""
        n = ds.day
        numbers = f"range({4 + n + more}) AS r(x)"
        product = "['tea', 'cake', 'it''s'][1 + x % 3]"
        note = """CASE x % 4 WHEN 0 THEN 'a "quoted", note' WHEN 1 THEN 'line' || chr(10) || 'break' WHEN 2 THEN 'back\\slash' END"""
        self._copy(
            f"SELECT 100 * {n} + x AS id, {product} AS product, CAST(x + 0.25 AS DECIMAL(9,2)) AS amount, {note} AS note FROM {numbers}",
            f"orders/{ds}.csv",
        )
        at = f"TIMESTAMP '{ds} 10:00:00.123456' + INTERVAL (x) HOUR"
        visits = f"SELECT x AS visitor, {at} AS at, CASE x WHEN 1 THEN 'nan'::DOUBLE WHEN 2 THEN NULL ELSE x / 3 END AS score, [x, NULL] AS tags"
        self._copy(f"{visits}, DATE '{ds}' AS ds FROM range({n}) AS r(x)", f"visits/ds={ds}/a.parquet")
        self._copy(f"{visits}, DATE '{ds}' AS ds FROM range({n}, {n + 2}) AS r(x)", f"visits/ds={ds}/b.parquet")
        self._copy(f"SELECT x % 2 AS visitor, x AS click FROM range({n}) AS r(x)", f"clicks-{ds:%Y%m%d}.parquet")

    def _copy(self, select: str, path: str) -> None:
        target = self.folder / "landing" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        duckdb.execute(f"COPY ({select}) TO '{target}'")

    @contextmanager
    def open(self) -> Iterator[Project]:
        """The project in this process."""
        with Project.load(self.folder) as project:
            yield project

    def run(self, *names: str, **options: Any) -> dict[str, int]:
        """Run the project; returns the number of partitions by outcome, and fails if one failed."""
        with self.open() as project:
            summary = project.run(project.plan([self.name(name) for name in names], **options), jobs=2)
        return outcomes(summary)

    def run_command(self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> str:
        """Run a command of the command line in a process of its own; returns its output."""
        java = {"JAVA_HOME": str(find_jdk(17, "Spark").home)}
        environment = {**os.environ, **java, **(env or {})}
        if self.kind == "volatile":
            environment.pop("DRAWLOOM_METASTORE", None)
        done = subprocess.run(
            [sys.executable, "-m", "drawloom", "-C", str(self.folder), *arguments],
            check=False, capture_output=True, text=True, env=environment,
        )  # fmt: skip
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}"
        return done.stdout

    def rows(self, table: str) -> list[str]:
        """All rows of a table, sorted, as texts, in which NaN and NULL differ."""
        with self.open() as project:
            return sorted_rows(project.query(f"SELECT * FROM {self.name(table)}"))

    def all_rows(self) -> dict[str, list[str]]:
        """The rows of all tables."""
        with self.open() as project:
            return {t: sorted_rows(project.query(f"SELECT * FROM {self.name(t)}")) for t in self.specs}

    def partitions_to_write(self) -> dict[str, int]:
        """The number of partitions that a run would write, by table."""
        with self.open() as project:
            todo = [partition.key[0].partition(".")[2] for partition in project.plan().todo]
        return {table: todo.count(table) for table in sorted(set(todo))}

    def engines(self, table: str) -> list[str]:
        """The engine that wrote each day of a table, by the registry."""
        with self.open() as project:
            return [record.engine for _, record in sorted(project.registry.records()[self.name(table)].items())]


def outcomes(summary: Summary) -> dict[str, int]:
    """The number of results by outcome; fails with the first error."""
    failed = [
        f"{result.table} {result.ds} {result.outcome}: {result.error}" for result in summary.results if result.error
    ]
    assert not failed, failed[0]
    found = [result.outcome for result in summary.results]
    return {outcome: found.count(outcome) for outcome in sorted(set(found))}


def sorted_rows(result: pa.Table) -> list[str]:
    """Rows as texts, in order, with columns in the order of their names."""
    names = sorted(result.column_names)
    return sorted(repr([row[name] for name in names]) for row in result.to_pylist())
