"""The timetable of weekly and monthly pipelines: a run starts when its period has ended; its key is the last day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.timetables.base import DagRunInfo
from airflow.timetables.trigger import CronPartitionTimetable


class EndedPeriodTimetable(CronPartitionTimetable):
    """Each tick of the cron begins a period. Its run fills the period before, and the partition key is that period's last day.

    ``CronPartitionTimetable`` would use the first day of a week as its key.
    """

    def _get_partition_date(self, *, run_date: Any) -> Any:
        return run_date.in_timezone(self._timezone).subtract(days=1).start_of("day").in_timezone("UTC")

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterable[DagRunInfo]:
        """One run for each period whose last day lies in this range, both ends included."""
        first, last = (self.localize_partition_datetime(moment) for moment in (earliest, latest))
        tick = self._get_next(first)
        while (day := self._get_partition_date(run_date=tick)) <= last:
            if day >= first:
                yield DagRunInfo(
                    run_after=day, data_interval=None, partition_date=day, partition_key=self._format_key(day)
                )
            tick = self._get_next(tick)
