"""The commands that ``drawloom demo`` runs, each with the sentence that it prints first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoCommand:
    """A command to run inside the demo project, the sentence to print first, and the exit code that is expected."""

    title: str
    command: tuple[str, ...]
    exit_code: int = 0


DECEMBER = "SELECT place, carrier, flights, punctuality FROM report.carrier_month WHERE ds = '2013-12-31'"
WEATHER = """
SELECT weather, sum(flights) AS flights, sum(cancelled) AS cancelled,
  round(sum(an_hour_late) / sum(flights), 3) AS an_hour_late
FROM report.weather_month GROUP BY weather ORDER BY an_hour_late DESC"""
PLANES = """
SELECT tailnum, carrier, flights, miles FROM core.planes_seen
WHERE ds = '2013-12-31' ORDER BY miles DESC LIMIT 5"""


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
    DemoCommand("Fill every partition, in the order that follows from the SQL.", ("run",), exit_code=3),
    DemoCommand("Which carriers were on time in December?", ("query", DECEMBER)),
    DemoCommand("What does fog do to departures?", ("query", WEATHER)),
    DemoCommand("Which planes flew the most miles out of New York?", ("query", PLANES)),
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
    DemoCommand("Run it again: nothing is computed twice without a reason.", ("run",), exit_code=3),
    DemoCommand("Force it all the same: the rows come out the same.", ("run", "report.carrier_week", "--force")),
    DemoCommand(
        "A bad query for the same weekday last year is refused before it costs anything.",
        ("advise", "--strict", "advise/same_weekday_last_year.sql"),
        exit_code=2,
    ),
    DemoCommand("The same query, written well.", ("advise", "advise/same_weekday_last_year_better.sql")),
)
