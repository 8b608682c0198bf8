"""The Airflow plugin: registers the timetable and the UI. Every Airflow process imports it, so nothing heavy may be imported here."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin

from drawloom.airflow.timetable import EndedPeriodTimetable

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

TASK_PARENTS = {"scheduler", "celery"}  # processes that fork the processes of tasks
LIBRARIES = ("sqlglot", "duckdb", "sqlalchemy", "tenacity")


def _preload_libraries() -> None:
    """Import libraries before the fork; each task would spend 0.17 s of CPU on them otherwise."""
    if TASK_PARENTS & set(sys.argv):
        for name in LIBRARIES:
            with suppress(ImportError):
                import_module(name)


class LazyUi:
    """The UI as an ASGI app, imported with its first request: only the web server gets one."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._app is None:
            from drawloom.airflow.ui import airflow_app

            self._app = airflow_app()
        await self._app(scope, receive, send)


class DrawloomPlugin(AirflowPlugin):
    """The timetable of weekly and monthly pipelines, a menu entry with the UI, and a tab on each DAG with its page."""

    name = "drawloom"
    timetables = [EndedPeriodTimetable]  # noqa: RUF012 - as Airflow declares it
    fastapi_apps = [{"app": LazyUi(), "url_prefix": "/drawloom", "name": "drawloom"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "drawloom",
            "href": "/drawloom/",
            "destination": "nav",
            "url_route": "drawloom",
            "nav_top_level": True,
        },
        {"name": "drawloom", "href": "/drawloom/dag/{DAG_ID}", "destination": "dag", "url_route": "drawloom-page"},
    ]


_preload_libraries()
