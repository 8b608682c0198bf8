"""Generated activity of many entities: every run with the same arguments writes the same rows.

`python -m bench.activity FOLDER --entities N --days N --once N` writes FOLDER/ds=YYYY-MM-DD/part-0.parquet for each day. Of the
entities 60 % are there on the first day, the others come later; each stays for an exponential time and is active on
few or many of its days, with a heavy tail. There are 200 countries, four platforms and NULL, and some 600 versions
of the app that move over time; some events come from a second platform, a few from another country. Besides, so many
come once in the first thirty days, and of a thousand of them one again on any later day.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb

START = date(2026, 1, 1)

# Draws are hashes, so that a row does not depend on threads, on seeds, or on what was drawn before it; hashed twice, as
# DuckDB combines hashes by XOR, and draws of one entity would otherwise depend on each other.
DRAW = "CREATE MACRO draw(a, b, salt) AS (hash(hash(a, b, salt)) >> 11) / 9007199254740992.0"
ENTITIES = """CREATE TABLE entities AS SELECT
  n,
  CAST(hash(n, 'id') >> 1 AS BIGINT) AS id,
  n >= $entities AS once,
  CASE WHEN once THEN CAST(floor(draw(n, 0, 'day') * 30) AS INTEGER) WHEN draw(n, 0, 'old') < 0.6 THEN 0 ELSE CAST(floor(draw(n, 0, 'born') * $days) AS INTEGER) END AS born,
  CASE WHEN once THEN 1 ELSE CAST(ceil(-ln(1 - draw(n, 0, 'life')) * 100) AS INTEGER) END AS life,
  CASE WHEN once THEN 1 ELSE 0.04 + 0.6 * pow(draw(n, 0, 'habit'), 4) END AS habit,
  'c' || CAST(floor(200 * pow(draw(n, 0, 'country'), 3)) AS INTEGER) AS country,
  CAST(floor(4 * pow(draw(n, 0, 'platform'), 2)) AS INTEGER) AS platform,
  draw(n, 0, 'unknown') < 0.02 AS unknown,
  least(CAST(floor(-ln(1 - draw(n, 0, 'slow')) * 50) AS INTEGER), 280) AS behind
FROM range($entities + $once) AS t(n)"""
EVENTS = """SELECT
  id,
  CAST($ds AS DATE) + to_microseconds(CAST(floor(86400000000 * draw(n, $day, e)) AS BIGINT)) AS moment,
  CASE WHEN draw(n, $day, -e - 1) < 0.005 THEN 'c' || CAST(floor(200 * draw(n, $day, 'abroad')) AS INTEGER)
    ELSE country END AS country,
  CASE WHEN unknown THEN NULL ELSE
    ['ios', 'android', 'web', 'tv'][1 + (platform + CAST(draw(n, e, $day) < 0.05 AS INTEGER)) % 4] END AS platform,
  'v' || (1000 + 4 * ($day - ($day + n) % 7) - behind) AS app_version  -- an entity updates once a week
FROM (
  SELECT *, unnest(range(1 + CAST(floor(-ln(1 - draw(n, $day, 'events')) * 2.6) AS BIGINT))) AS e
  FROM entities
  WHERE ($day >= born AND $day < born + life AND draw(n, $day, 'active') < habit)
    OR (once AND $day >= 30 AND draw(n, $day, 'again') < 0.001)
)
ORDER BY moment, id"""


def write(folder: Path, entities: int, days: int, once: int) -> None:
    """One file for each day."""
    with duckdb.connect() as con:
        con.execute(DRAW)
        con.execute(ENTITIES, {"days": days, "entities": entities, "once": once})
        for day, ds in enumerate(period(days)):
            target = file(folder, ds)
            target.parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"COPY ({EVENTS}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)", {"day": day, "ds": ds})


def period(days: int) -> Iterator[date]:
    """The first days of history."""
    return (START + timedelta(days=n) for n in range(days))


def file(folder: Path, ds: date) -> Path:
    """The file of one day."""
    return folder / f"ds={ds}" / "part-0.parquet"


def main() -> None:
    """Write the files; arguments from the command line."""
    parser = argparse.ArgumentParser(prog="bench.activity", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entities", type=int, required=True)
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--once", type=int, default=0)
    given = parser.parse_args()
    write(given.folder, given.entities, given.days, given.once)


if __name__ == "__main__":
    main()
