"""What Airflow must know of drawloom: it reads this in every process, so nothing heavy is imported here."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from drawloom.airflow.timetable import EndedPeriodTimetable

PARENTS = {"scheduler", "celery"}  # processes from which those of tasks are forked
LIBRARIES = ("sqlglot", "duckdb", "sqlalchemy", "tenacity")


def _apps() -> list[dict[str, Any]]:
    """Our part of Airflow's server; the other processes have no use for it."""
    if "api-server" not in sys.argv and "airflow.api_fastapi.app" not in sys.modules:
        return []
    from drawloom.airflow.server import app

    return [{"app": app, "url_prefix": "/drawloom", "name": "drawloom"}]


def _load_libraries() -> None:
    """A forked task finds loaded what would cost it 0.17 s of CPU each time."""
    if PARENTS & set(sys.argv):
        for name in LIBRARIES:
            with suppress(ImportError):
                import_module(name)


class DrawloomPlugin(AirflowPlugin):
    """The timetable of weeks and months, and pictures for the pages of DAGs."""

    name = "drawloom"
    timetables = [EndedPeriodTimetable]  # noqa: RUF012 - as Airflow declares it
    fastapi_apps = _apps()


_load_libraries()
