"""The Airflow plugin: registers the timetable. Every Airflow process imports it, so nothing heavy may be imported here."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module

from airflow.plugins_manager import AirflowPlugin

from drawloom.airflow.timetable import EndedPeriodTimetable

TASK_PARENTS = {"scheduler", "celery"}  # processes that fork the processes of tasks
LIBRARIES = ("sqlglot", "duckdb", "sqlalchemy", "tenacity")


def _preload_libraries() -> None:
    """Import libraries before the fork; each task would spend 0.17 s of CPU on them otherwise."""
    if TASK_PARENTS & set(sys.argv):
        for name in LIBRARIES:
            with suppress(ImportError):
                import_module(name)


class DrawloomPlugin(AirflowPlugin):
    """The timetable of weekly and monthly pipelines."""

    name = "drawloom"
    timetables = [EndedPeriodTimetable]  # noqa: RUF012 - as Airflow declares it


_preload_libraries()
