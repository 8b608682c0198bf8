"""The UI inside a started Airflow: its login, its menu, its permissions."""

from __future__ import annotations

import json

import httpx2
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from drawloom.airflow.standalone import PASSWORDS_FILE
from tests.integration.airflow.conftest import VIEWER, AirflowUnderTest
from tests.servers.browser import open_browser

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("visits")]
PATIENCE = 120_000  # milliseconds: Airflow's own pages take long on a busy machine
PATHS = (
    "/",
    "/p/visits/",
    "/p/visits/show/core.visits",
    "/p/visits/static/drawloom.css",
    "/p/visits/api/status",
    "/dag/visits.core.visits",
)


def passwords(airflow: AirflowUnderTest) -> dict[str, str]:
    found: dict[str, str] = json.loads((airflow.local.home / PASSWORDS_FILE).read_text())
    return found


def token(airflow: AirflowUnderTest, user: str) -> str:
    body = {"username": user, "password": passwords(airflow)[user]}
    answer = httpx2.post(f"{airflow.local.url}/auth/token", json=body, timeout=60, trust_env=False)
    return str(answer.json()["access_token"])


def get(airflow: AirflowUnderTest, path: str, user: str = "") -> httpx2.Response:
    headers = {"authorization": f"Bearer {token(airflow, user)}"} if user else {}
    url = f"{airflow.local.url}/drawloom{path}"
    return httpx2.get(url, headers=headers, timeout=60, trust_env=False, follow_redirects=True)


def test_no_route_answers_a_stranger(airflow: AirflowUnderTest) -> None:
    for path in PATHS:
        assert get(airflow, path).status_code == 401, path


def test_every_route_answers_who_is_signed_in(airflow: AirflowUnderTest) -> None:
    for path in PATHS:
        assert get(airflow, path, "admin").status_code == 200, path


def post_backfill(airflow: AirflowUnderTest, user: str, digest: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token(airflow, user)}"}
    form = {
        "name": "core.visits",
        "from": "2026-01-02",
        "to": "2026-01-03",
        "only": "1",
        "force": "1",
        "digest": digest,
    }
    url = f"{airflow.local.url}/drawloom/p/visits/backfill"
    return httpx2.post(url, headers=headers, data=form, timeout=60, trust_env=False)


def test_who_only_looks_cannot_run(airflow: AirflowUnderTest) -> None:
    assert get(airflow, "/p/visits/", VIEWER).status_code == 200
    assert post_backfill(airflow, VIEWER, "").status_code == 403


def test_a_backfill_is_a_run_of_the_dag(airflow: AirflowUnderTest) -> None:
    """What was confirmed is run by Airflow, and something else is asked again."""
    asked = "/p/visits/backfill/confirm?name=core.visits&from=2026-01-02&to=2026-01-03&only=1&force=1"
    page = get(airflow, asked, "admin").text
    assert "in Airflow" in page
    assert post_backfill(airflow, "admin", "other").status_code == 409
    digest = page.split('name="digest" value="')[1].split('"')[0]
    answer = post_backfill(airflow, "admin", digest)
    assert (answer.status_code, answer.headers["location"]) == (303, "/drawloom/p/visits/runs")
    runs = airflow.client.get("/dags/visits.core.visits/dagRuns", limit=100)["dag_runs"]
    (run,) = [one for one in runs if one["triggering_user_name"] == "admin" and one["conf"].get("to") == "2026-01-03"]
    assert airflow.ended("visits.core.visits", run["dag_run_id"]) == "success"


def sign_in(page: Page, airflow: AirflowUnderTest) -> None:
    page.goto(airflow.local.url)
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", passwords(airflow)["admin"])
    page.keyboard.press("Enter")
    page.get_by_role("link", name="drawloom").first.wait_for()


def test_it_is_a_page_of_airflow(airflow: AirflowUnderTest) -> None:
    """The menu entry, a link inside of the frame, a deep link after a reload, and the tab of a DAG."""
    expect.set_options(timeout=PATIENCE)
    with open_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        sign_in(page, airflow)
        page.get_by_role("link", name="drawloom").first.click()
        frame: FrameLocator = page.frame_locator("iframe")
        frame.locator("td a strong", has_text="core.visits").first.click()
        expect(frame.get_by_role("heading", name="Rows by day")).to_be_visible()
        page.wait_for_url("**/show/core.visits")
        address = page.url
        page.goto(airflow.local.url)
        page.goto(address)
        expect(page.frame_locator("iframe").get_by_role("heading", name="Rows by day")).to_be_visible()
        page.goto(f"{airflow.local.url}/dags/visits.core.visits/plugin/drawloom-page")
        expect(page.frame_locator("iframe").get_by_role("heading", name="Rows by day")).to_be_visible()


def test_it_follows_the_theme_of_airflow(airflow: AirflowUnderTest) -> None:
    with open_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        sign_in(page, airflow)
        page.evaluate("localStorage.setItem('theme', 'dark')")
        page.goto(f"{airflow.local.url}/plugin/drawloom")
        page.frame_locator("iframe").get_by_role("link", name="core.visits").first.wait_for()
        frame = next(frame for frame in page.frames if frame.parent_frame)
        assert frame.evaluate("document.documentElement.dataset.theme") == "dark"
