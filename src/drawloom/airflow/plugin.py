"""What Airflow must know of drawloom: it reads this in every process, so nothing heavy is imported here."""

from __future__ import annotations

import sys
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from drawloom.airflow.timetable import EndedPeriodTimetable


def _apps() -> list[dict[str, Any]]:
    """Our part of Airflow's server; the other processes have no use for it."""
    if "api-server" not in sys.argv and "airflow.api_fastapi.app" not in sys.modules:
        return []
    from drawloom.airflow.server import app

    return [{"app": app, "url_prefix": "/drawloom", "name": "drawloom"}]


class DrawloomPlugin(AirflowPlugin):
    """The timetable of weeks and months, and pictures for the pages of DAGs."""

    name = "drawloom"
    timetables = [EndedPeriodTimetable]  # noqa: RUF012 - as Airflow declares it
    fastapi_apps = _apps()
