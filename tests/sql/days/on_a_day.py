"""The days that a text reads on one day, and a small lake that shows only those, for the safety property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import duckdb

from drawloom.model import ALL, Days, Schedule
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.day_set import ProbeDays
from drawloom.sql.days.query import AnalysisContext
from drawloom.sql.days.values import PerProbe
from drawloom.sql.effects import ScriptEffects
from drawloom.sql.parse import parse
from drawloom.sql.scope import SourceBuilder
from drawloom.sql.template.macros import template_context
from drawloom.sql.template.rendering import Template


def days_read(
    text: str, day: date, dialect: str = "duckdb", keys: Sequence[str] = ("ds",), catalog: Any = None
) -> dict[str, Days]:
    """For each table, the days that the text reads when it runs for this day, as ordinals."""
    rendered = Template(text).render(template_context(day, 0, Schedule(), None, {}))
    statements = parse(rendered, dialect, None)[0]
    runs = ProbeDays([day])
    constants = ConstantFolder(dialect, rendered.text, {}, PerProbe([day]))
    builder = SourceBuilder(catalog or {}, tuple(keys), dialect, rendered)
    effects = ScriptEffects(AnalysisContext(constants, runs, builder))
    effects.run(statements)
    found: dict[str, Days] = {}
    for scan in effects.scans:
        days = scan.days.at(runs.ordinals)[0].shift(day.toordinal())
        found[scan.table.lower()] = found.get(scan.table.lower(), Days()) | days
    return found


def is_in(days: Days, column: str = "ds") -> str:
    """The days as a condition."""
    if days == ALL:
        return "TRUE"
    parts = []
    for first, last in days.spans:
        ends = [f"{column} >= '{date.fromordinal(first)}'"] if first is not None else []
        ends += [f"{column} < '{date.fromordinal(last + 1)}'"] if last is not None else []
        parts.append("(" + " AND ".join(ends or ["TRUE"]) + ")")
    return " OR ".join(parts) or "FALSE"


TIMES = ("00:00:00", "05:30:00", "23:59:59.5")


class Lake:
    """Tables with a row a day, of which any days can be hidden. The session counts days in UTC.

    With ``times`` there are rows at several times of each day.
    """

    def __init__(
        self,
        kind: str,
        days: Sequence[date],
        tables: Sequence[str] = ("a", "b", "c"),
        gaps: int = 6,
        times: bool = False,
        key: str = "ds",
    ) -> None:
        self.tables = tables
        self.connection = duckdb.connect()
        self.connection.execute(
            "SET threads = 1; SET memory_limit = '300MB'; SET max_temp_directory_size = '0MB'; SET TimeZone = 'UTC'"
        )
        self.connection.execute("CREATE SCHEMA m; CREATE SCHEMA f")
        for index, table in enumerate(tables):
            rows = [(day, (n + index) % 2, (n * 7 + index) % 11) for n, day in enumerate(days) if (n + index) % gaps]
            clocks = [f" {clock}" for clock in TIMES] if times else [""]
            values = ", ".join(f"('{day}{clock}'::{kind}, {i}, {v})" for day, i, v in rows for clock in clocks)
            self.connection.execute(f"CREATE TABLE f.{table} AS SELECT * FROM (VALUES {values}) AS t ({key}, id, v)")

    def result(self, sql: str, shown: Mapping[str, str]) -> tuple[int, int | None]:
        """What a query gives where each table shows only the rows with its condition: how many rows, and their hash.

        DuckDB counts and hashes them, in no order: a query that joins everything with everything gives millions of rows,
        which as Python objects take gigabytes and minutes.
        """
        for table in self.tables:
            condition = shown.get(f"m.{table}", "FALSE")
            self.connection.execute(f"CREATE OR REPLACE VIEW m.{table} AS SELECT * FROM f.{table} WHERE {condition}")
        found = self.connection.execute(f"SELECT count(*), sum(hash(r)::HUGEINT) FROM (\n{sql}\n) AS r").fetchone()
        assert found is not None
        return found

    def whole_result(self, sql: str) -> tuple[int, int | None]:
        """What a query gives over all days."""
        return self.result(sql, {f"m.{table}": "TRUE" for table in self.tables})


def around(day: date, before: int, after: int) -> list[date]:
    """The days from some before a day to some after it."""
    return [day + timedelta(days=n) for n in range(-before, after + 1)]
