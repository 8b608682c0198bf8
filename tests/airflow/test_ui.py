"""The UI of all projects in a DAGs folder, with somebody else than Airflow saying who is signed in."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.routing import Mount
from starlette.testclient import TestClient

from drawloom.airflow.install import install
from drawloom.airflow.plugin import DrawloomPlugin, LazyUi
from drawloom.airflow.ui import ProjectsApp
from drawloom.run.project import Project
from drawloom.web.gate import Viewer


async def sign_in(connection: HTTPConnection) -> Viewer:
    """Whoever says a name."""
    name = connection.headers.get("x-name")
    if not name:
        raise HTTPException(401, "Not authenticated")
    return Viewer(name, "token", may_save=name == "ana", may_run=name == "ana")


@pytest.fixture
def client(dags: Path) -> TestClient:
    app = ProjectsApp(dags, sign_in)
    return TestClient(Mount("/drawloom", app), "http://airflow")


ANA = {"x-name": "ana"}


def test_nobody_is_answered_who_is_not_signed_in(client: TestClient) -> None:
    for path in (
        "/",
        "/p/visits/",
        "/p/visits/static/drawloom.css",
        "/p/visits/api/status",
        "/dag/visits.core.visits",
        "/p/visits/sign-in",
    ):
        answer = client.get(f"/drawloom{path}")
        assert answer.status_code == 401
        assert answer.headers["content-security-policy"]


def test_one_project_is_opened_at_once(client: TestClient) -> None:
    answer = client.get("/drawloom/", headers=ANA)
    assert answer.url.path == "/drawloom/p/visits/"
    assert 'href="/drawloom/p/visits/show/core.visits"' in answer.text
    assert client.get("/drawloom/p/visits/static/drawloom.css", headers=ANA).status_code == 200
    assert client.get("/drawloom/p/other/", headers=ANA).status_code == 404


def test_several_projects_are_listed(client: TestClient, dags: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "specs").mkdir(parents=True)
    (other / "drawloom.yml").write_text("name: other\nstart: 2026-01-01\n")
    with Project.load(other) as project:
        install(project, dags)
    text = client.get("/drawloom/", headers=ANA).text
    assert 'href="/drawloom/p/other/"' in text
    assert 'href="/drawloom/p/visits/"' in text


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    client = TestClient(ProjectsApp(tmp_path, sign_in), "http://airflow")
    assert "drawloom airflow install" in client.get("/", headers=ANA).text


def test_a_dag_leads_to_the_page_of_its_pipeline(client: TestClient) -> None:
    answer = client.get("/drawloom/dag/visits.core.visits", headers=ANA, follow_redirects=False)
    assert answer.headers["location"] == "/drawloom/p/visits/show/core.visits"
    assert client.get("/drawloom/dag/foreign", headers=ANA).status_code == 404


def test_a_token_of_ours_is_not_asked_for(client: TestClient) -> None:
    assert client.get("/drawloom/p/visits/sign-in?token=x", headers=ANA).status_code == 404


def test_the_plugin_has_a_menu_entry_and_a_tab() -> None:
    assert isinstance(DrawloomPlugin.fastapi_apps[0]["app"], LazyUi)
    assert {view["destination"] for view in DrawloomPlugin.external_views} == {"nav", "dag"}


def test_a_saved_spec_is_a_dag(client: TestClient, dags: Path) -> None:
    headers = {**ANA, "sec-fetch-site": "same-origin"}
    sql = "SELECT user_id FROM core.visits WHERE ds = '{{ ds }}'"
    form = {
        "form_token": "token",
        "table": "report.visitors",
        "owner": "ana@example.com",
        "sql": sql,
        "until": "forever",
        "until_reason": "a test",
    }
    answer = client.post("/drawloom/p/visits/autodag/save", data=form, headers=headers, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    assert (dags / "drawloom_visits" / "pipelines" / "report.visitors.json").exists()
    form |= {"table": "report.others"}
    assert (
        client.post("/drawloom/p/visits/autodag/save", data=form, headers=headers | {"x-name": "vera"}).status_code
        == 403
    )
