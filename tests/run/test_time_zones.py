"""A project whose days begin in another time zone than UTC, over raw files by UTC day."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from drawloom.cli.main import run_command
from drawloom.model import Days
from drawloom.run.project import Project
from tests.run.odd_days import days

FIRST, LAST = date(2024, 3, 29), date(2024, 4, 2)  # the clock is changed on March 31
HOURLY = [datetime(2024, 3, 27, tzinfo=UTC) + timedelta(hours=n) for n in range(24 * 8)]
TEXT = """/* drawloom
table: core.local
until: {forever: it is a test}
*/
SELECT count(*) AS n, min(moment) AS earliest, max(moment) AS latest FROM raw.events
WHERE ds BETWEEN '{{ data_interval_start | ds }}' AND '{{ ds }}'
  AND moment >= '{{ data_interval_start }}' AND moment < '{{ data_interval_end }}'
"""


def write_project(root: Path, zone: str) -> Path:
    (root / "specs").mkdir(parents=True)
    (root / "specs" / "local.sql").write_text(TEXT)
    settings = f"name: zones\ntimezone: {zone}\nstart: {FIRST}\nend: {LAST}\ndefaults: {{owner: data@example.com}}\n"
    source = "sources:\n  raw.events: {files: 'raw/ds={ds}/*.csv', columns: {moment: TIMESTAMP}}\n"
    (root / "drawloom.yml").write_text(settings + source)
    for day in days(date(2024, 3, 27), date(2024, 4, 3)):
        path = root / "raw" / f"ds={day}" / "rows.csv"
        path.parent.mkdir(parents=True)
        path.write_text("moment\n" + "".join(f"{at:%Y-%m-%d %H:%M:%S}\n" for at in HOURLY if at.date() == day))
    return root


def hours_of(day: date, zone: str) -> tuple[int, datetime, datetime]:
    """Number, first and last of the hours (in UTC, without zone) of a day in a time zone."""
    found = [at.replace(tzinfo=None) for at in HOURLY if at.astimezone(ZoneInfo(zone)).date() == day]
    return len(found), min(found), max(found)


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Berlin", "Asia/Tokyo"])
def test_a_run_fills_the_day_of_the_time_zone(tmp_path: Path, zone: str) -> None:
    with Project.load(write_project(tmp_path, zone)) as project:
        assert project.run().exit_code == 0
        rows = project.query("SELECT ds, n, earliest, latest FROM core.local").to_pylist()
    assert {row["ds"]: (row["n"], row["earliest"], row["latest"]) for row in rows} == {
        day: hours_of(day, zone) for day in days(FIRST, LAST)
    }


def test_days_follow_the_clock_where_it_is_changed(tmp_path: Path) -> None:
    """In London the first moment of a day in UTC is the same day's in winter, and the day before's in summer."""
    with Project.load(write_project(tmp_path, "Europe/London")) as project:
        (step,) = project.pipelines[0].steps
        assert step.days_vary
        winter, summer = (project.day_reads.on(step, day)[0] for day in (date(2024, 3, 31), date(2024, 4, 1)))
        assert winter.days == Days.of(0)
        assert summer.days == Days.span(-1, 0)
        assert step.reads[0].on(date(2024, 4, 1)) == ((date(2024, 3, 31), date(2024, 4, 1)),)


def test_another_time_zone_makes_stale_what_depends_on_it(tmp_path: Path) -> None:
    prints = {}
    for zone in ("UTC", "Europe/Berlin", "Asia/Tokyo"):
        with Project.load(write_project(tmp_path / zone.replace("/", "-"), zone)) as project:
            prints[zone] = project.pipelines[0].fingerprint
    assert len(set(prints.values())) == 3


def test_advice_is_given_for_the_projects_time_zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_project(tmp_path, "Asia/Tokyo")
    assert run_command(["advise", str(root / "specs" / "local.sql"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["reads"] == {"raw.events": [[-1, 0]]}
