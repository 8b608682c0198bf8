"""When weekly and monthly pipelines run, and the partition keys of their runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pendulum
from airflow.timetables.base import TimeRestriction

from drawloom.airflow.timetable import EndedPeriodTimetable


def _partition_keys(table: EndedPeriodTimetable, first: datetime, last: datetime) -> list[str | None]:
    return [info.partition_key for info in table.iter_partition_dagrun_infos(earliest=first, latest=last)]


def test_weeks_and_months_have_their_last_day_as_key_and_run_after_it() -> None:
    weeks = EndedPeriodTimetable("0 5 * * 1", timezone="Europe/Paris", key_format="%Y-%m-%d")
    span = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 18, tzinfo=UTC)
    assert _partition_keys(weeks, *span) == ["2026-01-04", "2026-01-11", "2026-01-18"]
    months = EndedPeriodTimetable("0 0 1 * *", timezone="UTC", key_format="%Y-%m-%d")
    assert _partition_keys(months, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)) == [
        "2026-01-31",
        "2026-02-28",
    ]
    start = TimeRestriction(pendulum.datetime(2026, 1, 6), None, catchup=True)
    info = weeks.next_dagrun_info_v2(last_dagrun_info=None, restriction=start)
    assert info is not None
    assert (info.partition_key, info.run_after) == ("2026-01-11", pendulum.datetime(2026, 1, 12, 4))
