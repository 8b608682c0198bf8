"""What Airflow must know of drawloom in every process."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from drawloom.airflow.timetable import EndedPeriodTimetable


class DrawloomPlugin(AirflowPlugin):
    """Registers the timetable of weeks and months."""

    name = "drawloom"
    timetables = [EndedPeriodTimetable]  # noqa: RUF012 - as Airflow declares it
