"""The whole demo, its tables compared with the same queries over the raw files."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from drawloom.demo.walkthrough import WALKTHROUGH

pytestmark = pytest.mark.integration
DAYS = 21  # of features and scores


def run_demo(folder: Path) -> str:
    done = subprocess.run(
        [Path(sys.executable).parent / "drawloom", "demo", folder], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo") / "flights"
    return folder, run_demo(folder)


@pytest.fixture(scope="module")
def con(finished_demo: tuple[Path, str]) -> duckdb.DuckDBPyConnection:
    """The raw files as ``f``, ``w`` and ``p``, and the lake's tables by their names."""
    folder, _ = finished_demo
    con = duckdb.connect()
    day = "make_date(year, month, day) AS ds"
    con.execute(f"CREATE VIEW f AS SELECT *, {day} FROM '{folder}/landing/flights-*.parquet'")
    con.execute(f"CREATE VIEW w AS SELECT *, {day} FROM '{folder}/landing/weather-*.parquet'")
    con.execute(f"CREATE VIEW p AS SELECT * FROM read_csv('{folder}/reference/planes.csv')")
    for table in ("core/planes_seen", "core/flight_weather", "report/carrier_month", "report/carrier_week", "report/fleet",
                  "report/route_punctuality", "report/worst_airports", "report/weather_month", "growth/planes"):  # fmt: skip
        files = (
            f"read_parquet('{folder}/lake/{table}/*/*.parquet', hive_partitioning = true, hive_types = {{ds: DATE}})"
        )
        con.execute(f"CREATE VIEW {table.split('/')[1]} AS SELECT * FROM {files}")
    return con


def differing(con: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> list[Any]:
    both = f"((FROM ({ours}) EXCEPT ALL FROM ({theirs})) UNION ALL (FROM ({theirs}) EXCEPT ALL FROM ({ours})))"
    return con.execute(f"SELECT * FROM {both} LIMIT 5").fetchall()


def test_every_command_is_run(finished_demo: tuple[Path, str]) -> None:
    _, text = finished_demo
    assert all(step.title in text for step in WALKTHROUGH)
    assert "2013-02-08 .. 2013-02-09" in text  # the blizzard Nemo
    assert "departures of flights fell to 43 % of what a Saturday brings" in text
    assert "raw.weather 2013-12-31" in text  # the one day that the data does not have


def test_every_partition_is_there(finished_demo: tuple[Path, str]) -> None:
    folder, _ = finished_demo
    files = folder.glob("lake/*/*/ds=*/part-0.parquet")
    counts = Counter(str(path.parents[1].relative_to(folder / "lake")) for path in files)
    daily = dict.fromkeys(("core/flights", "core/carrier_day", "core/route_day", "core/planes_seen", "raw/flights",
                           "report/route_punctuality", "report/carrier_to_date", "report/worst_airports"), 365)  # fmt: skip
    other = {"raw/weather": 364, "core/flight_weather": 364, "report/carrier_week": 52, "report/carrier_month": 12}
    other |= {
        "report/fleet": 12,
        "report/weather_month": 11,
        "growth/planes_state": 18,
    }  # the last 7 days and month ends
    other |= {"core/plane_halves": 14, "metrics/plane_metrics": 28}
    other |= {f"experiments/asos{ending}": 30 for ending in ("", "_health", "_statistics")}
    other |= {f"experiments/plane_aa{ending}": 14 for ending in ("", "_counts", "_health", "_statistics", "_units")}
    sets = ("carrier_delays", "plane_delays")
    other |= {f"features/{name}{ending}": DAYS for name in sets for ending in ("", "_days", "_state", "_registry")}
    other |= {f"anomalies/disruptions{ending}": 69 for ending in ("", "_alerts", "_series")}
    other |= dict.fromkeys(("core/landings", "ml/late_tomorrow", "ml/late_tomorrow_inputs"), DAYS)
    growth = ("", "_counts", "_days", "_engagement", "_ratios")
    assert counts == daily | other | {f"growth/planes{ending}": 365 for ending in growth}


def test_planes_seen_counts_all_flights_so_far(con: duckdb.DuckDBPyConnection) -> None:
    ours = "SELECT carrier, tailnum, first_day, last_day, flights, miles FROM planes_seen WHERE ds = '2013-08-15'"
    theirs = """SELECT carrier, tailnum, min(ds), max(ds), count(*), CAST(sum(distance) AS BIGINT) FROM f
        WHERE dep_time IS NOT NULL AND ds <= '2013-08-15' GROUP BY ALL"""
    assert differing(con, ours, theirs) == []


def test_active_planes_flew_within_the_window(con: duckdb.DuckDBPyConnection) -> None:
    ours = """SELECT ds, active, ever FROM planes
        WHERE activity = 'flights' AND cut = '' AND window_days = 7 AND step = 'day'"""
    flew = "SELECT DISTINCT ds, tailnum FROM f WHERE dep_time IS NOT NULL AND tailnum IS NOT NULL"
    days = "SELECT DISTINCT ds FROM f"
    week = f"SELECT d.ds, count(DISTINCT tailnum) AS active FROM ({days}) AS d JOIN ({flew}) AS t ON t.ds BETWEEN d.ds - 6 AND d.ds GROUP BY ALL"
    first = f"SELECT min(ds) AS first_day FROM ({flew}) GROUP BY tailnum"
    ever = f"SELECT d.ds, count(*) AS ever FROM ({days}) AS d JOIN ({first}) ON first_day <= d.ds GROUP BY ALL"
    theirs = f"SELECT ds, active, ever FROM ({week}) JOIN ({ever}) USING (ds)"
    assert differing(con, ours, theirs) == []


def test_punctuality_covers_seven_days(con: duckdb.DuckDBPyConnection) -> None:
    ours = "SELECT ds, origin, dest, flights, on_time FROM route_punctuality"
    theirs = """SELECT d.ds, origin, dest, count(*), count(*) FILTER (WHERE arr_delay < 15)
        FROM f JOIN (SELECT DISTINCT ds FROM f) AS d ON f.ds BETWEEN d.ds - 6 AND d.ds GROUP BY ALL"""
    assert differing(con, ours, theirs) == []


def test_months_and_weeks_add_up(con: duckdb.DuckDBPyConnection) -> None:
    months = "SELECT ds, CAST(sum(flights) AS BIGINT), CAST(sum(cancelled) AS BIGINT) FROM carrier_month GROUP BY ds"
    raw = "SELECT last_day(ds), count(*), count(*) FILTER (WHERE dep_time IS NULL) FROM f GROUP BY ALL"
    assert differing(con, months, raw) == []
    weeks = "SELECT ds, CAST(sum(flights) AS BIGINT) FROM carrier_week GROUP BY ds"
    raw = "SELECT date_trunc('week', ds)::DATE + 6 AS sunday, count(*) FROM f WHERE ds < '2013-12-30' GROUP BY sunday"
    assert differing(con, weeks, raw) == []


def test_each_flight_has_the_weather_of_its_hour(con: duckdb.DuckDBPyConnection) -> None:
    ours = "SELECT ds, carrier, flight, origin, dest, visibility FROM flight_weather"
    theirs = """SELECT f.ds, carrier, flight, f.origin, dest, visib FROM f
        LEFT JOIN w ON w.origin = f.origin AND w.time_hour = f.time_hour WHERE f.ds < '2013-12-31'"""
    assert differing(con, ours, theirs) == []


def test_the_fleet_has_all_planes(con: duckdb.DuckDBPyConnection) -> None:
    ours = "SELECT sum(planes), sum(planes_known) FROM fleet WHERE ds = '2013-12-31'"
    theirs = """SELECT count(*), count(p.tailnum) FROM (SELECT DISTINCT carrier, tailnum FROM f WHERE dep_time > 0) AS seen
        LEFT JOIN p USING (tailnum)"""
    assert differing(con, ours, theirs) == []


def test_both_verdicts_are_printed(finished_demo: tuple[Path, str]) -> None:
    _, text = finished_demo
    assert "Ship treatment: metric_1 of treatment +0.6% (+0.3% to +0.9%)." in text
    assert "No effect on flights and punctuality was found; the experiment is over." in text


def test_halves_are_compared_by_what_their_planes_flew(finished_demo: tuple[Path, str]) -> None:
    folder, _ = finished_demo
    con = duckdb.connect()
    flown = f"""SELECT tailnum, make_date(year, month, day) AS ds FROM '{folder}/landing/flights-*.parquet'
        WHERE dep_time IS NOT NULL AND tailnum IS NOT NULL AND make_date(year, month, day) BETWEEN '2013-10-01' AND '2013-10-14'"""
    expected = con.execute(f"""SELECT md5(tailnum) < '8', count(DISTINCT tailnum), count(*) / count(DISTINCT tailnum)
        FROM ({flown}) GROUP BY ALL ORDER BY 1 DESC""").fetchall()  # fmt: skip
    found = con.execute(f"""SELECT n_baseline, mean_baseline, n_variant, mean_variant
        FROM '{folder}/lake/experiments/plane_aa/ds=2013-10-14/*.parquet' WHERE metric = 'flights'""").fetchone()  # fmt: skip
    assert found == pytest.approx((*expected[0][1:], *expected[1][1:]))


@pytest.mark.nightly
def test_running_the_demo_again_computes_nothing_twice(finished_demo: tuple[Path, str]) -> None:
    folder, _ = finished_demo
    before = {path: path.stat().st_mtime_ns for path in folder.glob("lake/*/*/ds=*/*.parquet")}
    run_demo(folder)
    after = {path: path.stat().st_mtime_ns for path in folder.glob("lake/*/*/ds=*/*.parquet")}
    changed = {path.parent.parent.name for path in before if after[path] != before[path]}
    assert changed <= {"carrier_week"}  # which the demo makes again on purpose


def test_scored_days_are_after_those_of_training(finished_demo: tuple[Path, str]) -> None:
    folder, _ = finished_demo
    con = duckdb.connect()
    (trained,) = con.execute(f"SELECT max(as_of) FROM '{folder}/training/training_set.parquet'").fetchall()[0]
    scores = f"read_parquet('{folder}/lake/ml/late_tomorrow/*/*.parquet', hive_partitioning = true, hive_types = {{ds: DATE}})"
    (first, rows) = con.execute(f"SELECT min(ds), count(*) FROM {scores}").fetchall()[0]
    assert str(trained)[:10] == "2013-10-31"  # the midnight at which the last day of its labels begins
    assert str(first) == "2013-10-31"  # whose scores are of the day after it
    flew = f"""SELECT count(DISTINCT tailnum) FROM '{folder}/lake/core/landings/ds=2013-11-06/*.parquet'"""
    assert (
        con.execute(f"SELECT count(*) FROM {scores} WHERE ds = '2013-11-06'").fetchall() == con.execute(flew).fetchall()
    )
    assert rows > 4000
