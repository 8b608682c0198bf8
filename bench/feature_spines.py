"""The spine of `bench.features_training`, and its features by their definition: `python -m bench.feature_spines FOLDER`."""

from __future__ import annotations

import sys

import duckdb

WINDOWS = {"7d": 7, "28d": 28, "ltd": None}
AGGREGATES = {"count": "count(e.amount)", "sum": "sum(e.amount)", "min": "min(e.amount)", "max": "max(e.amount)"}
# The entities are those of bench/feature_events.py: hashed twice, as DuckDB combines hashes by XOR.
SPINE = """SELECT
  n AS row_number,
  CAST(hash(hash(CAST(floor($entities * pow((hash(hash(n, 'row')) >> 11) / 9007199254740992.0, 2)) AS BIGINT), 'id')) >> 1 AS BIGINT) AS entity_id,
  CAST($ds AS TIMESTAMP) + to_microseconds(CAST(hash(hash(n, 'moment')) % (29 * 86400000000) AS BIGINT)) AS moment
FROM range($count) AS t(n)"""


def naive() -> str:
    """Every event of an entity beside each of its rows, a FILTER for each window."""
    found = [
        f"{sql} FILTER (WHERE e.moment >= s.moment - INTERVAL {days} DAY) AS amount_{name}_{window}"
        if days
        else f"{sql} AS amount_{name}_{window}"
        for window, days in WINDOWS.items()
        for name, sql in AGGREGATES.items()
    ]
    return f"""SELECT s.row_number, {", ".join(found)}
        FROM spine AS s LEFT JOIN events AS e ON e.entity_id = s.entity_id AND e.moment < s.moment
        GROUP BY s.row_number ORDER BY s.row_number"""


def main(folder: str) -> None:
    """Write the training set with one thread."""
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute(f"CREATE VIEW events AS SELECT * FROM '{folder}/events/*/*.parquet'")
        con.execute(f"CREATE VIEW spine AS SELECT * FROM '{folder}/spine.parquet'")
        con.execute(f"COPY ({naive()}) TO '{folder}/naive.parquet' (FORMAT parquet, COMPRESSION zstd)")


if __name__ == "__main__":
    main(sys.argv[1])
