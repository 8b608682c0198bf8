"""The forty features of `bench.features` by hand: `python -m bench.feature_peers NAME FOLDER DAY`."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

WINDOWS = (1, 7, 28, 60, None)
AGGREGATES = {
    "events_count": "count(*)",
    "amount_count": "count(amount)",
    "amount_sum": "sum(amount)",
    "amount_avg": "avg(amount)",
    "amount_min": "min(amount)",
    "amount_max": "max(amount)",
    "amount_stddev": "stddev_samp(amount)",
    "amount_last": "arg_max(amount, moment)",
}


def suffix(window: int | None) -> str:
    """How the features of a window end."""
    return f"{window}d" if window else "ltd"


def naive(ds: str) -> str:
    """One pass over all events, a FILTER for each window."""
    found = [
        f"{sql} FILTER (WHERE {inside(ds, window)}) AS {name}_{suffix(window)}"
        for window in WINDOWS
        for name, sql in AGGREGATES.items()
    ]
    return f"SELECT entity_id, {', '.join(found)} FROM events WHERE ds <= DATE '{ds}' GROUP BY entity_id"


def by_window(ds: str) -> str:
    """A query for each window, joined."""
    queries = []
    for window in WINDOWS:
        columns = ", ".join(f"{sql} AS {name}_{suffix(window)}" for name, sql in AGGREGATES.items())
        queries.append(
            f"(SELECT entity_id, {columns} FROM events WHERE {inside(ds, window)} AND ds <= DATE '{ds}' GROUP BY entity_id) AS w{suffix(window)}"
        )
    joins = " ".join(f"LEFT JOIN {query} USING (entity_id)" for query in queries[:-1])
    return f"SELECT * FROM {queries[-1]} {joins}"


def inside(ds: str, window: int | None) -> str:
    """Whether an event is in the window that ends with a day."""
    return f"ds > DATE '{ds}' - {window}" if window else "true"


def main(name: str, folder: str, ds: str) -> None:
    """Run one contender with one thread, and write its table."""
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute(
            f"CREATE VIEW events AS SELECT * FROM read_parquet('{folder}/*/*.parquet', hive_partitioning = true)"
        )
        if name == "floor":
            con.execute("SELECT max(entity_id), max(moment), max(amount), max(seq) FROM events").fetchall()
        elif name != "nothing":
            query = naive(ds) if name == "naive" else by_window(ds)
            con.execute(f"COPY ({query}) TO '{Path(folder).parent}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


if __name__ == "__main__":
    main(*sys.argv[1:])
