"""The UI inside Airflow: the projects that are installed in the DAGs folder, behind Airflow's login and permissions."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from drawloom.airflow.deployed_project import PROJECT, read_location, read_plan
from drawloom.airflow.install import install
from drawloom.run.background import RunRequest
from drawloom.run.plan import Plan
from drawloom.web.app import create_app
from drawloom.web.gate import Viewer
from drawloom.web.headers import SecurityHeaders
from drawloom.web.site import Site
from drawloom.web.templating import link, render

VIEWER = "drawloom.viewer"  # where a request has who sent it
SignIn = Callable[[HTTPConnection], Awaitable[Viewer]]


@dataclass(frozen=True, slots=True)
class InstalledProject:
    """A project in a DAGs folder: its name, the start of its DAG ids, its pipelines, and its own folder."""

    name: str
    prefix: str
    pipelines: frozenset[str]
    root: Path


def installed_projects(dags: Path) -> dict[str, InstalledProject]:
    """The projects whose plans are in a DAGs folder, by name."""
    found: dict[str, InstalledProject] = {}
    for path in sorted(dags.glob(f"*/{PROJECT}")):
        plan = read_plan(path.parent)
        if plan["settings"].get("environment"):  # its specs are those of the project
            continue
        name = plan["settings"]["name"]
        found[name] = InstalledProject(
            name, plan["prefix"], frozenset(plan["pipelines"]), read_location(path.parent, name)
        )
    return found


@dataclass(frozen=True, slots=True)
class AirflowStarter:
    """Starts what somebody asks for as runs of the DAGs in front: one of each pipeline, over its range of days."""

    prefix: str
    where: str = "in Airflow, as a run of each DAG, whose state Airflow shows"

    def start(self, site: Site, request: RunRequest, plan: Plan, user: str) -> str:  # noqa: ARG002 - any starter's
        """Trigger the DAGs, and return the page that lists what they write."""
        from airflow.api.common.trigger_dag import trigger_dag
        from airflow.utils.types import DagRunTriggeredByType

        days: dict[str, list[date]] = {}
        for partition in plan.todo:
            days.setdefault(partition.pipeline.name, []).append(partition.ds)
        for name, found in days.items():
            conf = {"from": min(found).isoformat(), "to": max(found).isoformat(), "force": request.force}
            by = DagRunTriggeredByType.UI
            trigger_dag(f"{self.prefix}{name}", triggered_by=by, triggering_user_name=user, conf=conf)
        return "runs"


class AirflowGate:
    """Lets in whom the app around has let in."""

    def viewer(self, connection: HTTPConnection) -> Viewer | None:
        """The user of Airflow who sent the request."""
        found: Viewer | None = connection.scope.get(VIEWER)
        return found


@dataclass(slots=True)
class ProjectsApp:
    """One app for all installed projects, each under ``/p/NAME``. Nobody is answered whom ``sign_in`` refuses.

    ``/dag/ID`` leads to the page of the pipeline that a DAG is made of.
    """

    dags: Path
    sign_in: SignIn
    _apps: dict[tuple[str, Path], ASGIApp] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _router: ASGIApp = field(init=False)

    def __post_init__(self) -> None:
        """Build the routes."""
        routes = [
            Route("/", self._list),
            Route("/dag/{dag_id:path}", self._find_dag),
            Mount("/p/{project}", self._open),
        ]
        self._router = SecurityHeaders(Starlette(routes=routes, exception_handlers={HTTPException: _in_words}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of somebody who is signed in."""
        if scope["type"] != "http":
            return
        connection = HTTPConnection(scope)
        try:
            viewer = await self.sign_in(connection)
        except HTTPException as error:
            await SecurityHeaders(PlainTextResponse(str(error.detail), error.status_code))(scope, receive, send)
            return
        await self._router({**scope, VIEWER: viewer}, receive, send)

    def _list(self, request: Request) -> Response:
        projects = installed_projects(self.dags)
        if len(projects) == 1:
            return RedirectResponse(link(request, f"p/{next(iter(projects))}/"), 303)
        return render(request, "projects.html", projects=list(projects.values()), folder=self.dags)

    def _find_dag(self, request: Request) -> Response:
        dag_id = request.path_params["dag_id"]
        for project in installed_projects(self.dags).values():
            name = dag_id.removeprefix(project.prefix)
            if dag_id.startswith(project.prefix) and name in project.pipelines:
                return RedirectResponse(link(request, f"p/{project.name}/show/{name}"), 303)
        raise HTTPException(404, f"The DAG {dag_id} is not made by drawloom.")

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the app of its project."""
        name = scope["path_params"]["project"]
        project = installed_projects(self.dags).get(name)
        if project is None:
            raise HTTPException(404, f"There is no project {name} in {self.dags}.")
        with self._lock:
            key = name, project.root
            if key not in self._apps:
                deploy = partial(install, folder=self.dags, prefix=project.prefix)  # so that a saved spec is a DAG
                self._apps[key] = create_app(
                    Site(project.root, deploy), AirflowGate(), starter=AirflowStarter(project.prefix)
                )
        await self._apps[key](scope, receive, send)


async def _in_words(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(str(error.detail), error.status_code)


async def airflow_viewer(connection: HTTPConnection) -> Viewer:
    """The user of Airflow who sent a request, with what Airflow lets them do.

    Looking needs the right to see plugins; saving a spec, to edit DAGs; running, to start DAG runs.

    Raises:
        HTTPException: nobody is signed in (401), or they may not see plugins (403).
    """
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
    from airflow.configuration import conf

    request = Request(connection.scope)
    user = await get_user(request, None, await bearer_scheme(request))
    manager = get_auth_manager()
    if not manager.is_authorized_view(access_view=AccessView.PLUGINS, user=user):
        raise HTTPException(403, f"{user.get_name()} may not see plugins.")
    secret = str(conf.get("api", "secret_key"))  # the same in all processes of the web server
    form = hmac.new(secret.encode(), f"drawloom form:{user.get_id()}".encode(), sha256).hexdigest()
    return Viewer(
        user.get_name(),
        form,
        may_save=manager.is_authorized_dag(method="PUT", user=user),
        may_run=manager.is_authorized_dag(method="POST", access_entity=DagAccessEntity.RUN, user=user),
        is_script=request.headers.get("authorization", "").startswith("Bearer "),
    )


def airflow_app() -> ProjectsApp:
    """The app over the DAGs folder of this Airflow."""
    from airflow.configuration import conf

    return ProjectsApp(Path(conf.get_mandatory_value("core", "dags_folder")), airflow_viewer)
