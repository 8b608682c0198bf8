"""Other ways to the numbers of a growth spec, each as good SQL for DuckDB with one thread, each a process of its own.

`python -m bench.growth_peers NAME ROOT DAY` reads the same files of events as drawloom does, and writes Parquet to
ROOT/peers. What a peer keeps from day to day (its tables up to the day before) is made by `prepare`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from bench.activity import START, file
from bench.growth_sql import CUT, DIMENSIONS, NAMES, SETS, WINDOWS, accounting, touches

PARQUET = "FORMAT parquet, COMPRESSION zstd"
STATE = "built/lake/growth/people_state"  # what drawloom keeps, for the floor


@dataclass(frozen=True)
class Job:
    """One day, and where its events and the peers' own tables are."""

    root: Path
    ds: date

    def events(self, days: int | None = None) -> str:
        """A SELECT of the events of the last so many days; of all, without."""
        return f"SELECT id, ds, moment, {NAMES} FROM {self._read('events', days)}"

    def user_days(self, days: int | None = None) -> str:
        """The same of the table of user-days."""
        return f"SELECT id, ds, {NAMES} FROM {self._read('user_day', days)}"

    def day_file(self, ds: date) -> Path:
        """The file of one day of user-days."""
        return file(self.root / "user_day", ds)

    def out(self, name: str) -> Path:
        """The prefix of the files that a peer writes."""
        return self.root / "peers" / name

    def copy(self, query: str, name: str, options: str = "") -> str:
        """The statement that writes the result of a query."""
        return f"COPY ({query}) TO '{self.out(name)}.parquet' ({PARQUET}{options})"

    def _read(self, table: str, days: int | None) -> str:
        # Named one by one: by a condition on ds DuckDB underestimates the rows, and builds joins the wrong way round.
        known = (self.ds - START).days + 1
        wanted = (self.ds - timedelta(days=n) for n in range(min(days or known, known)))
        files = [str(file(self.root / table, ds)) for ds in wanted]
        return f"read_parquet({files}, hive_partitioning = true)"


def nothing(_: Job) -> list[str]:
    """Python and DuckDB started, and no more."""
    return []


def floor(job: Job, options: str = ", COMPRESSION_LEVEL 1") -> list[str]:
    """The day's events read, the state of the day before copied, compressed as drawloom does."""
    used = f"bit_xor(hash(id, moment, {NAMES}))"  # a count is answered from the footer, without reading
    return [
        f"SELECT {used} FROM read_parquet('{file(job.root / 'events', job.ds)}')",
        job.copy(
            f"FROM read_parquet('{job.root}/{STATE}/ds={job.ds - timedelta(days=1)}/*.parquet')", "floor", options
        ),
    ]


def floor_usual(job: Job) -> list[str]:
    """The same, compressed as DuckDB does by default."""
    return floor(job, "")


def rescan(job: Job, *, moves: bool = True) -> list[str]:
    """All raw events of all history, every day again; the same tables as ours."""
    name = "rescan" if moves else "rescan_unmoved"
    first = touches(job.events(), "moment", job.ds, moves=moves)
    return [*first, *accounting(job.ds, START, job.out(name), moves=moves)]


def rescan_unmoved(job: Job) -> list[str]:
    """The same without net_moved, which needs everybody's dimensions of 1, 7 and 28 days ago."""
    return rescan(job, moves=False)


def user_day(job: Job, *, moves: bool = True) -> list[str]:
    """An incremental table of user-days, and every day one pass over all of it; the same tables as ours."""
    name = "user_day" if moves else "user_day_unmoved"
    first = touches(job.user_days(), "ds", job.ds, moves=moves)
    return [_user_days_of(job, job.ds), *first, *accounting(job.ds, START, job.out(name), moves=moves)]


def user_day_unmoved(job: Job) -> list[str]:
    """The same without net_moved."""
    return user_day(job, moves=False)


def user_day_56(job: Job, *, moves: bool = True) -> list[str]:
    """User-days of 56 days, and an incremental table of first days. Who was silent longer counts in the total only."""
    name = "user_day_56" if moves else "user_day_56_unmoved"
    known = f"FROM '{job.root}/peers/users.parquet' WHERE first < DATE '{job.ds}'"
    today, users = f"'{job.day_file(job.ds)}'", f"'{job.out('users_of_day')}.parquet'"
    added = f"SELECT d.id, DATE '{job.ds}' AS first FROM {today} AS d ANTI JOIN ({known}) AS u USING (id)"
    firsts = f"{known} AND first > DATE '{job.ds}' - 28 UNION ALL FROM {users}"
    silent = f"""INSERT INTO states SELECT '', NULL, NULL, NULL, 0, 3,
  (SELECT count(*) FROM ({known} UNION ALL FROM {users})) - (SELECT count(*) FROM entities)"""
    passed = touches(job.user_days(56), "ds", job.ds, moves=moves, firsts=firsts)
    states, *others = accounting(job.ds, START, job.out(name), moves=moves)
    return [_user_days_of(job, job.ds), job.copy(added, "users_of_day"), *passed, states, silent, *others]


def user_day_56_unmoved(job: Job) -> list[str]:
    """The same without net_moved."""
    return user_day_56(job, moves=False)


def count_distinct(job: Job) -> list[str]:
    """DAU, WAU and MAU by each dimension of the events; nothing of new, retained, churned, and so on."""
    windows = [f"count(DISTINCT id) FILTER (ds > DATE '{job.ds}' - {w}) AS active_{w}" for w in WINDOWS[:-1]]
    select = f"SELECT {CUT} AS cut, {NAMES}, {', '.join(windows)}, count(DISTINCT id) AS active_28"
    return [job.copy(f"{select} FROM ({job.events(28)}) GROUP BY GROUPING SETS ({SETS})", "count_distinct")]


def full_joins(job: Job) -> list[str]:
    """This window's distinct entities full-joined with the last one's, for each window and dimension; the day step."""
    firsts = f"CREATE TEMP TABLE firsts AS SELECT id, min(ds) AS first FROM ({job.events()}) GROUP BY id"
    parts = [_full_join(job, window, name) for window in WINDOWS for name in ("", *DIMENSIONS)]
    return [firsts, job.copy(" UNION ALL ".join(parts), "full_joins")]


def _full_join(job: Job, window: int, dimension: str) -> str:
    value = f"coalesce({dimension}, '(null)')" if dimension else "''"

    def distinct(last: date) -> str:
        first = last - timedelta(days=window - 1)
        days = f"ds BETWEEN DATE '{first}' AND DATE '{last}'"
        return f"SELECT DISTINCT id, {value} AS value FROM ({job.events(window + 1)}) WHERE {days}"

    return f"""SELECT '{dimension}' AS cut, value, {window} AS window_days,
  count(c.id) AS active,
  count(*) FILTER (f.first = DATE '{job.ds}' AND c.id IS NOT NULL) AS new,
  count(*) FILTER (c.id IS NOT NULL AND p.id IS NOT NULL) AS retained,
  count(*) FILTER (c.id IS NOT NULL AND p.id IS NULL AND f.first < DATE '{job.ds}') AS resurrected,
  count(*) FILTER (c.id IS NULL) AS churned
FROM ({distinct(job.ds)}) AS c FULL JOIN ({distinct(job.ds - timedelta(days=1))}) AS p USING (id, value)
JOIN firsts AS f USING (id) GROUP BY value"""


def lifecycle(job: Job) -> list[str]:
    """31 days by day in the way of PostHog: an array of days per person; one window, no dimensions, no stale."""
    states = f"""SELECT unnest(list_transform(days, lambda day, n: {{'day': day, 'state': CASE
      WHEN day = first THEN 'new' WHEN days[n - 1] = day - 1 THEN 'returning' ELSE 'resurrecting' END}})
    || list_transform(list_filter(days, lambda day, n: days[n + 1] IS DISTINCT FROM day + 1),
      lambda day: {{'day': day + 1, 'state': 'dormant'}}), recursive := true)
  FROM (
    SELECT id, any_value(first) AS first, list_sort(list(DISTINCT ds)) AS days
    FROM ({job.events(32)}) JOIN '{job.root}/peers/users.parquet' USING (id) GROUP BY id
  )"""
    wanted = f"day BETWEEN DATE '{job.ds}' - 30 AND DATE '{job.ds}'"
    return [job.copy(f"SELECT day, state, count(*) AS n FROM ({states}) WHERE {wanted} GROUP BY ALL", "lifecycle")]


def prepare(job: Job) -> list[str]:
    """What the peers keep: user-days up to the day before, and everybody's first day (as persons, the day included)."""
    before = [START + timedelta(days=n) for n in range((job.ds - START).days)]
    firsts = f"SELECT id, min(ds) AS first FROM ({job.events()}) GROUP BY id"
    return [*(_user_days_of(job, ds) for ds in before), job.copy(firsts, "users")]


def _user_days_of(job: Job, ds: date) -> str:
    target = job.day_file(ds)
    target.parent.mkdir(parents=True, exist_ok=True)
    lasts = ", ".join(f"arg_max(coalesce({name}, '(null)'), moment) AS {name}" for name in DIMENSIONS)
    events = file(job.root / "events", ds)
    return f"COPY (SELECT id, {lasts} FROM '{events}' GROUP BY id) TO '{target}' ({PARQUET})"


PEERS: dict[str, Callable[[Job], list[str]]] = {
    peer.__name__: peer
    for peer in (
        *(
            nothing,
            prepare,
            floor,
            floor_usual,
            rescan,
            rescan_unmoved,
            user_day,
            user_day_unmoved,
            user_day_56,
            user_day_56_unmoved,
        ),
        *(count_distinct, full_joins, lifecycle),
    )
}


def main() -> None:
    """Run one peer for one day."""
    parser = argparse.ArgumentParser(prog="bench.growth_peers", description=__doc__)
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("root", type=Path)
    parser.add_argument("day", type=date.fromisoformat)
    given = parser.parse_args()
    (given.root / "peers").mkdir(exist_ok=True)
    with duckdb.connect(config={"threads": 1}) as con:
        for statement in filter(None, PEERS[given.name](Job(given.root, given.day))):
            con.execute(statement)


if __name__ == "__main__":
    main()
