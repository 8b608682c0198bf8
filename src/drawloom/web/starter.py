"""What starts a run that somebody asked for: a process on this machine, or whatever schedules where the pages live."""

from __future__ import annotations

from typing import Protocol

from drawloom.model import refuse
from drawloom.run.background import RunRequest
from drawloom.run.plan import Plan
from drawloom.web import audit
from drawloom.web.site import Site


class Starter(Protocol):
    """Starts runs."""

    @property
    def where(self) -> str:
        """Where they run, in words."""
        ...

    def start(self, site: Site, request: RunRequest, plan: Plan, user: str) -> str:
        """Start what was asked, and return the page that follows it: one of ours, or an address elsewhere.

        Args:
            site: the project.
            request: what was asked.
            plan: what it writes now.
            user: who asked.

        Raises:
            InputError: another run writes a pipeline of the plan.
        """
        ...


class LocalStarter:
    """Starts runs in processes of their own on this machine."""

    where = "on the machine of this page"

    def start(self, site: Site, request: RunRequest, plan: Plan, user: str) -> str:
        """Start a process, and return its page."""
        return f"runs/{site.runs.start(request, plan, user).id}"


def start_run(starter: Starter | None, site: Site, request: RunRequest, plan: Plan, user: str) -> str:
    """Start what was asked, note who asked, and return the page that follows it.

    Raises:
        InputError: nothing starts runs here, there is nothing to write, or another run writes a pipeline of the plan.
    """
    if starter is None:
        raise refuse("no-starter", "Runs cannot be started on this page.", None, "Use `drawloom run`, or Airflow.")
    if not plan.todo:
        raise refuse("nothing-to-do", "There is nothing to write.", None, "Force it to write what is fresh.")
    with audit.noted(site.root, user, "run", **request.to_json()):
        return starter.start(site, request, plan, user)
