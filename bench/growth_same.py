"""Asserts that drawloom and its peers of bench/growth_peers.py have the same numbers.

`python -m bench.growth_same peers ROOT DAY` compares one day of ROOT/work with ROOT/peers;
`python -m bench.growth_same projects ONE OTHER [TABLE...]` compares the content of every partition that two projects
both have, except those of some tables.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import duckdb

from bench.growth_sql import NAMES

KEYS = f"cut, {NAMES}, window_days"
UNMOVED = "active, new, retained, resurrected, churned, stale, ever"
COUNTS = f"{UNMOVED}, net_moved"
RATIOS = "round(quick_ratio, 9), round(retention_rate, 9), round(stickiness, 9)"
# Which versions are kept depends on those of the day before, which the peers do not know: they keep the top 50.
ALIKE = "cut <> 'app_version'"
KEPT = "cut = 'app_version' AND app_version <> '(other)' AND ever > 0"
ACCOUNTING, ENGAGEMENT, QUOTIENTS = "growth.people", "growth.people_engagement", "growth.people_ratios"


def peers(root: Path, ds: date) -> None:
    """One day of ours against every peer, as far as it has the numbers."""
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA growth")
        for name in (ACCOUNTING, ENGAGEMENT, QUOTIENTS):
            path = root / "work/lake" / name.replace(".", "/") / f"ds={ds}" / "*.parquet"
            con.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}', hive_partitioning = false)")
        for name in ("rescan", "user_day"):
            _same_tables(con, root / "peers" / name)
        for name in ("rescan_unmoved", "user_day_unmoved"):
            _same(con, f"{KEYS}, step, {UNMOVED}", ACCOUNTING, f"'{root}/peers/{name}.accounting.parquet'", ALIKE)
        for name, counts in (("user_day_56", COUNTS), ("user_day_56_unmoved", UNMOVED)):
            peer = f"'{root}/peers/{name}.accounting.parquet'"
            _same(con, f"{KEYS}, step, {counts}", ACCOUNTING, peer, "cut = ''")
        _same_textbook(con, root / "peers")


def projects(one: Path, other: Path, *but: str) -> None:
    """Every partition that both projects have has the same content, except those of some tables."""
    from drawloom.run.project import Project

    contents = []
    for folder in (one, other):
        with Project.load(folder) as project:
            records = project.registry.records()
            contents.append({(t, ds): record.content for t, days in records.items() for ds, record in days.items()})
    both = {key for key in contents[0].keys() & contents[1].keys() if key[0] not in but}
    differ = sorted(key for key in both if contents[0][key] != contents[1][key])
    assert both, "the projects have no partition in common"
    assert not differ, f"{len(differ)} of {len(both)} partitions differ: {differ[:5]}"


def _same_tables(con: duckdb.DuckDBPyConnection, peer: Path) -> None:
    """All tables; of versions those that both sides keep, without net_moved."""
    accounting = f"'{peer}.accounting.parquet'"
    _same(con, f"{KEYS}, step, {COUNTS}, warmup", ACCOUNTING, accounting, ALIKE)
    _same(con, f"{KEYS}, days_active, entities", ENGAGEMENT, f"'{peer}.engagement.parquet'", ALIKE)
    _same(con, f"{KEYS}, step, {RATIOS}", QUOTIENTS, f"'{peer}.ratios.parquet'", ALIKE)
    kept = [f"SELECT app_version FROM {relation} WHERE {KEPT}" for relation in (ACCOUNTING, accounting)]
    both = f"{KEPT} AND app_version IN ({' INTERSECT '.join(kept)})"
    _same(con, f"{KEYS}, step, {UNMOVED}", ACCOUNTING, accounting, both)


def _same_textbook(con: duckdb.DuckDBPyConnection, peers: Path) -> None:
    """The totals of the peers that count less."""
    ours = f"(FROM {ACCOUNTING} WHERE cut = '' AND step = 'day')"
    counts = "window_days, active, new, retained, resurrected, churned"
    _same(con, counts, ours, f"'{peers}/full_joins.parquet'", "cut = ''")
    wide = f"FROM '{peers}/count_distinct.parquet' WHERE cut = ''"
    long = f"(UNPIVOT ({wide}) ON active_1 AS '1', active_7 AS '7', active_28 AS '28' INTO NAME w VALUE active)"
    _same(con, "window_days, active", ours, f"(SELECT *, CAST(w AS INTEGER) AS window_days FROM {long})")
    states = f"(PIVOT (FROM '{peers}/lifecycle.parquet') ON state USING sum(n) ORDER BY day DESC LIMIT 1)"
    renamed = f'(SELECT new, "returning" AS retained, resurrecting AS resurrected, dormant AS churned FROM {states})'
    _same(con, "new, retained, resurrected, churned", f"(FROM {ours} WHERE window_days = 1)", renamed)


def _same(con: duckdb.DuckDBPyConnection, names: str, ours: str, theirs: str, which: str = "true") -> None:
    """The same rows of these columns on both sides, and at least one."""
    left, right = (f"(SELECT {names} FROM {relation} WHERE {which})" for relation in (ours, theirs))
    difference = f"(FROM {left} EXCEPT ALL FROM {right}) UNION ALL (FROM {right} EXCEPT ALL FROM {left})"
    differ = con.execute(difference).fetchall()
    assert con.execute(f"SELECT count(*) > 0 FROM {left}").fetchone() == (True,), f"{ours}: nothing to compare"
    assert not differ, f"{ours} and {theirs}: {len(differ)} rows differ, like {differ[:4]}"


if __name__ == "__main__":
    if sys.argv[1] == "peers":
        peers(Path(sys.argv[2]), date.fromisoformat(sys.argv[3]))
    else:
        projects(Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
