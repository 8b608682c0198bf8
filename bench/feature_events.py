"""Generated events of entities, for features: every run with the same arguments writes the same rows.

`python -m bench.feature_events FOLDER --events N --entities N --days N` writes FOLDER/ds=YYYY-MM-DD/part-0.parquet for each
day. Some entities have far more events than others; one value in twenty is missing.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import duckdb

START = date(2026, 1, 1)
# Hashed twice, as DuckDB combines hashes by XOR.
EVENTS = """SELECT
  CAST(hash(hash(CAST(floor($entities * pow((hash(hash(n, $day, 'who')) >> 11) / 9007199254740992.0, 2)) AS BIGINT), 'id')) >> 1 AS BIGINT) AS entity_id,
  CAST($ds AS TIMESTAMP) + to_microseconds(CAST(hash(hash(n, $day, 'at')) % 86400000000 AS BIGINT)) AS moment,
  CASE WHEN hash(hash(n, $day, 'none')) % 20 > 0 THEN round((hash(hash(n, $day, 'value')) % 100000) / 100.0, 2) END AS amount,
  n AS seq
FROM range($count) AS t(n)
ORDER BY moment"""


def write(folder: Path, events: int, entities: int, days: int) -> None:
    """One file for each day."""
    with duckdb.connect() as con:
        for day in range(days):
            ds = START + timedelta(days=day)
            target = folder / f"ds={ds}" / "part-0.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            given = {"day": day, "ds": str(ds), "entities": entities, "count": events // days}
            con.execute(f"COPY ({EVENTS}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)", given)


def main() -> None:
    """Write the events."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for name in ("--events", "--entities", "--days"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args()
    write(given.folder, given.events, given.entities, given.days)


if __name__ == "__main__":
    main()
