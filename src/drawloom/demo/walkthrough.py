"""The commands that ``drawloom demo`` runs, each with the sentence that it prints first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DemoCommand:
    """A command to run inside the demo project, the sentence to print first, and the exit code that is expected.

    ``program``: drawloom, or python for a script of the project.
    """

    title: str
    command: tuple[str, ...]
    exit_code: int = 0
    program: Literal["drawloom", "python"] = "drawloom"


DECEMBER = "SELECT place, carrier, flights, punctuality FROM report.carrier_month WHERE ds = '2013-12-31'"
WEATHER = """
SELECT weather, sum(flights) AS flights, sum(cancelled) AS cancelled,
  round(sum(an_hour_late) / sum(flights), 3) AS an_hour_late
FROM report.weather_month GROUP BY weather ORDER BY an_hour_late DESC"""
PLANES = """
SELECT tailnum, carrier, flights, miles FROM core.planes_seen
WHERE ds = '2013-12-31' ORDER BY miles DESC LIMIT 5"""

CALIBRATION = """
WITH late AS (
  SELECT tailnum, ds, bool_or(arr_delay > 15) AS is_late FROM core.flights WHERE NOT cancelled GROUP BY ALL
)
SELECT ntile AS tenth, count(*) AS planes, round(avg(score), 3) AS says, round(avg(CAST(is_late AS INTEGER)), 3) AS late,
  bar(avg(CAST(is_late AS INTEGER)), 0, 0.5, 30) AS "late, drawn"
FROM (
  SELECT s.ds, s.tailnum, s.score, coalesce(l.is_late, FALSE) AS is_late, ntile(10) OVER (ORDER BY s.score) AS ntile
  FROM ml.late_tomorrow AS s
  LEFT JOIN late AS l ON l.tailnum = s.tailnum AND l.ds = s.ds + 1
)
GROUP BY ntile ORDER BY ntile"""
PLANES_OF_THE_DAY = """
SELECT tailnum, min(carrier) AS carrier FROM core.landings WHERE ds = DATE '{{ ds }}' GROUP BY tailnum"""


def _land(table: str) -> tuple[str, ...]:
    return ("land", f"raw.{table}", f"landing/{table}-2013-*.parquet", "--ds", "make_date(year, month, day)")


WALKTHROUGH = (
    DemoCommand("A year of flights becomes 365 immutable partitions.", _land("flights")),
    DemoCommand("So does the weather. The last day of the year is missing from the data.", _land("weather")),
    DemoCommand(
        "What does a SELECT depend on? That is read from its SQL, not declared.",
        ("advise", "specs/route_punctuality.sql"),
    ),
    DemoCommand("What would be written, and why? Nothing is computed yet.", ("plan",)),
    DemoCommand(
        "Fill every partition, in the order that follows from the SQL; features come later.",
        ("run", "--exclude", "kind:features"),
        exit_code=3,
    ),
    DemoCommand("Which carriers were on time in December?", ("query", DECEMBER)),
    DemoCommand("What does fog do to departures?", ("query", WEATHER)),
    DemoCommand("Which planes flew the most miles out of New York?", ("query", PLANES)),
    DemoCommand(
        "On which days was something wrong, and where? Each was judged by the days before it.",
        ("anomalies", "--all", "--days", "365"),
    ),
    DemoCommand(
        "A dozen lines of YAML count who is new, resurrected and churned.",
        ("show", "planes", "--days", "14", "--activity", "flights"),
    ),
    DemoCommand(
        "A real experiment of ASOS.com (CC BY 4.0), of which counts, means and variances are public: did it work?",
        ("show", "asos", "--brief"),
    ),
    DemoCommand(
        "An A/A test on purpose: planes in two halves by a hash. Whatever it found would be wrong.",
        ("show", "plane_aa", "--brief"),
    ),
    DemoCommand(
        "Features of planes and of carriers: how late they have been, as was known at each midnight of late October.",
        ("run", "features.plane_delays", "features.carrier_delays", "--to", "2013-10-30"),
    ),
    DemoCommand(
        "A training set: features of a midnight, and whether the plane was late on the day that began there.",
        (
            "features",
            "training-set",
            "plane_delays.*",
            "carrier_delays.*",
            "--population",
            PLANES_OF_THE_DAY,
            "--from",
            "2013-10-24",
            "--to",
            "2013-10-30",
            "--accuracy",
            "snapshot",
            "--label",
            "late_tomorrow",
            "-o",
            "training",
        ),
    ),
    DemoCommand("A model of scikit-learn learns from these days of October.", ("train.py",), program="python"),
    DemoCommand(
        "It scores days that it was not trained on, in November, with the same features: others would be refused.",
        ("run", "features.plane_delays", "features.carrier_delays"),
    ),
    DemoCommand("Are planes late as often as it says?", ("query", CALIBRATION)),
    DemoCommand("Run it again: nothing is computed twice without a reason.", ("run",), exit_code=3),
    DemoCommand("Force it all the same: the rows come out the same.", ("run", "report.carrier_week", "--force")),
    DemoCommand(
        "A bad query for the same weekday last year is refused before it costs anything.",
        ("advise", "--strict", "advise/same_weekday_last_year.sql"),
        exit_code=2,
    ),
    DemoCommand("The same query, written well.", ("advise", "advise/same_weekday_last_year_better.sql")),
)
