"""What the demo shows: one command after the other, each with the sentence that goes before it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """A command of drawloom to run inside the demo project, and what to say before it.

    ``exit_code`` is the one that the command is meant to end with.
    """

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


STORY = (
    Scene("A year of flights becomes 365 immutable partitions.", _land("flights")),
    Scene("So does the weather. The last day of the year is missing from the data.", _land("weather")),
    Scene("What does a SELECT need? Read it, do not declare it.", ("advise", "specs/route_punctuality.sql")),
    Scene("What would be written, and why? Nothing is computed yet.", ("plan",)),
    Scene("Fill every partition, in the order that the SQL asks for.", ("run",), exit_code=3),
    Scene("Which carriers were on time in December?", ("query", DECEMBER)),
    Scene("What does fog do to departures?", ("query", WEATHER)),
    Scene("Which planes flew the most miles out of New York?", ("query", PLANES)),
    Scene(
        "A dozen lines of YAML count who is new, back and gone.",
        ("growth", "show", "planes", "--days", "7", "--activity", "flights"),
    ),
    Scene("Run it again: nothing is computed twice without a reason.", ("run",), exit_code=3),
    Scene("Ask for it all the same: the rows come out the same.", ("run", "report.carrier_week", "--force")),
    Scene(
        "A query that asks for the same weekday last year, badly: refused before it costs anything.",
        ("advise", "--strict", "advise/same_weekday_last_year.sql"),
        exit_code=2,
    ),
    Scene("The same question, asked well.", ("advise", "advise/same_weekday_last_year_better.sql")),
)
