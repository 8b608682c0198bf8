"""The flights demo as one would write it by hand: a loop over tables and days, with DuckDB and nothing else.

`python -m bench.by_hand PROJECT LAKE [--land] [--checks] [--threads N]` reads what the demo reads and writes the same
partitions. The SELECTs are those of the demo with names replaced as text. What drawloom reads out of the SQL stands
here as constants: the order of the tables, and the days that each of them needs.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb

START, END = date(2013, 1, 1), date(2013, 12, 31)
TODAY, WEEK, MONTH = range(1), range(-6, 1), None  # None: from the first of the month
TABLES: dict[str, dict[str, range | tuple[int, ...] | None]] = {
    "core.flights": {"raw.flights": TODAY},
    "core.carrier_day": {"core.flights": TODAY},
    "core.route_day": {"core.flights": TODAY},
    "core.flight_weather": {"core.flights": TODAY, "raw.weather": TODAY},
    "core.planes_seen": {"core.flights": TODAY, "core.planes_seen": (-1,)},
    "report.carrier_to_date": {"core.carrier_day": MONTH},
    "report.route_punctuality": {"core.route_day": WEEK},
    "report.worst_airports": {"core.route_day": (-7, 0)},
    "report.carrier_week": {"core.carrier_day": WEEK},
    "report.carrier_month": {"report.carrier_to_date": TODAY},
    "report.fleet": {"core.planes_seen": TODAY},
    "report.weather_month": {"core.flight_weather": MONTH},
}
WEEKLY, MONTHLY = {"report.carrier_week"}, {"report.carrier_month", "report.fleet", "report.weather_month"}
NO_PLANES = """(SELECT '' AS carrier, '' AS tailnum, DATE '2013-01-01' AS first_day, DATE '2013-01-01' AS last_day,
  0::BIGINT AS flights, 0::BIGINT AS miles, DATE '2013-01-01' AS ds WHERE false)"""
REFERENCE = {
    "airlines": "{'carrier': 'VARCHAR', 'name': 'VARCHAR'}",
    "airports": """{'faa': 'VARCHAR', 'name': 'VARCHAR', 'lat': 'DOUBLE', 'lon': 'DOUBLE', 'alt': 'INTEGER',
      'tz': 'INTEGER', 'dst': 'VARCHAR', 'tzone': 'VARCHAR'}""",
    "planes": """{'tailnum': 'VARCHAR', 'year': 'INTEGER', 'type': 'VARCHAR', 'manufacturer': 'VARCHAR',
      'model': 'VARCHAR', 'engines': 'INTEGER', 'seats': 'INTEGER', 'speed': 'INTEGER', 'engine': 'VARCHAR'}""",
}
COPIES = "SELECT 1 FROM {new} GROUP BY %s HAVING count(*) > 1"
LOST = "SELECT 1 FROM {new} WHERE %s IS NULL"
CHECKS = {
    "core.flights": [
        LOST % "carrier IS NULL OR flight IS NULL OR origin IS NULL OR dest IS NULL OR scheduled_hour",
        COPIES % "carrier, flight, origin, dest",
        "SELECT 1 FROM {new} WHERE origin NOT IN ('EWR', 'JFK', 'LGA')",
    ],
    "core.carrier_day": [COPIES % "carrier"],
    "core.route_day": [LOST % "origin IS NULL OR dest", COPIES % "origin, dest"],
    "core.flight_weather": [
        LOST % "carrier IS NULL OR flight IS NULL OR origin",
        COPIES % "carrier, flight, origin, dest",
    ],
    "core.planes_seen": [COPIES % "carrier, tailnum"],
}


def run_days(table: str) -> Iterator[date]:
    """The days that name a partition of a table."""
    for n in range((END - START).days + 1):
        ds = START + timedelta(days=n)
        weekly = table not in WEEKLY or ds.weekday() == 6
        if weekly and (table not in MONTHLY or (ds + timedelta(days=1)).day == 1):
            yield ds


def needed(days: range | tuple[int, ...] | None, ds: date) -> list[date]:
    """The days to read for a day, without those before the first."""
    offsets = range(1 - ds.day, 1) if days is None else days
    return [day for n in offsets if (day := ds + timedelta(days=n)) >= START]


def partition(lake: Path, table: str, ds: date) -> Path:
    """The file of a day."""
    return lake / table.replace(".", "/") / f"ds={ds}" / "part-0.parquet"


def select(lake: Path, text: str, table: str, ds: date) -> str | None:
    """The SELECT of a day over files; None when one of them is not there."""
    sql = text.replace("{{ ds }}", str(ds))
    for name, days in TABLES[table].items():
        files = [str(partition(lake, name, day)) for day in needed(days, ds)]
        if not all(Path(file).exists() for file in files):
            return None
        relation = f"read_parquet({files}, hive_partitioning=true, hive_types={{'ds': DATE}})" if files else NO_PLANES
        sql = re.sub(rf"\b(FROM|JOIN) {re.escape(name)}\b", rf"\1 {relation}", sql)
    return sql


def land(con: duckdb.DuckDBPyConnection, project: Path, lake: Path) -> None:
    """Monthly raw files -> daily partitions, one statement a table."""
    for name in ("flights", "weather"):
        source = f"read_parquet('{project}/landing/{name}-2013-*.parquet')"
        rows = f"SELECT *, make_date(year, month, day) AS ds FROM {source}"
        (lake / "raw").mkdir(parents=True, exist_ok=True)
        options = "FORMAT parquet, COMPRESSION zstd, PARTITION_BY (ds), FILENAME_PATTERN 'part-{i}'"
        con.execute(f"COPY ({rows} ORDER BY ds) TO '{lake}/raw/{name}' ({options})")


def main() -> None:
    """Land if ``--land`` is given, then fill every partition."""
    parser = argparse.ArgumentParser()
    parser.add_argument("project", type=Path)
    parser.add_argument("lake", type=Path)
    parser.add_argument("--land", action="store_true")
    parser.add_argument("--checks", action="store_true")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    con = duckdb.connect(config={"threads": given.threads} if given.threads else {})
    if given.land:
        land(con, given.project, given.lake)
    con.execute("CREATE SCHEMA ref")
    for name, columns in REFERENCE.items():
        file = f"{given.project}/reference/{name}.csv"
        con.execute(f"CREATE TABLE ref.{name} AS FROM read_csv('{file}', header=true, columns={columns})")
    for table in TABLES:
        text = (given.project / f"specs/{table.partition('.')[2]}.sql").read_text(encoding="utf-8")
        for ds in run_days(table):
            if sql := select(given.lake, text.partition("*/")[2], table, ds):
                path = partition(given.lake, table, ds)
                path.parent.mkdir(parents=True, exist_ok=True)
                con.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
                for check in CHECKS.get(table, ()) if given.checks else ():
                    if con.execute(check.replace("{new}", f"read_parquet('{path}')")).fetchall():
                        raise SystemExit(f"{table} {ds}: {check}")


if __name__ == "__main__":
    main()
