"""The page of backfills: what would run, the question, and the start."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.run.background import RunRequest, Runs, RunState
from drawloom.run.plan import Plan
from drawloom.run.project import Project
from drawloom.web.app import create_app
from drawloom.web.audit import FILE as AUDIT
from drawloom.web.gate import TokenGate
from drawloom.web.site import Site
from tests.web.conftest import HOSTS
from tests.web.test_jobs import PATIENCE
from tests.web.test_pages import Structure, text_of

OpenClient = Callable[..., TestClient]
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "\0", "x" * 12_000, "a" * 3000)


@pytest.fixture
def stale_shop(shop: Path) -> Path:
    """A project in which the code of core.orders has changed."""
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("FROM raw.orders", ", 1 AS one FROM raw.orders"))
    return shop


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of the question."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


def test_the_form_runs_nothing_and_offers_names(reader: TestClient) -> None:
    page = reader.get("/backfill").text
    assert '<option value="core.orders">' in page
    assert "What would run" not in text_of(page)
    found = Structure(page)
    assert not found.inline
    assert len(found.ids) == len(set(found.ids))


def test_what_is_fresh_need_not_run(reader: TestClient) -> None:
    text = text_of(reader.get("/backfill", params={"name": "core.orders"}).text)
    assert "Nothing: 10 partitions are fresh" in text
    assert "There is nothing to write: 10 partitions are fresh" in text_of(
        reader.get("/backfill/confirm", params={"name": "core.orders"}).text
    )
    everything = text_of(reader.get("/backfill", params={"show": "1"}).text)
    assert "Nothing:" in everything


def test_what_would_run_is_said_with_why_and_what_it_costs(open_client: OpenClient, stale_shop: Path) -> None:
    client = open_client(stale_shop)
    params = {"name": "core.customers", "from": "2026-03-04", "to": "2026-03-06"}
    page = client.get("/backfill", params=params).text
    text = text_of(page)
    assert "core.orders 6 stale 2026-03-01 to 2026-03-06 (6): code changed 6" in text  # each day reads the one before
    assert "12 partitions of 2 tables are written; 12 of them exist and are replaced" in text
    assert "Run 12 partitions" in text
    assert 'href="/backfill/confirm?name=core.customers&amp;from=2026-03-04&amp;to=2026-03-06"' in page
    only = text_of(client.get("/backfill", params=params | {"only": "1"}).text)
    assert "3 partitions of 1 table are written" in only


def test_forced_days_run_though_they_are_fresh(reader: TestClient) -> None:
    params = {"name": "core.orders", "from": "2026-03-04", "to": "2026-03-05", "force": "1"}
    text = text_of(reader.get("/backfill", params=params).text)
    assert "2 partitions of 1 table are written; 2 of them exist and are replaced" in text
    assert "ana may look, but not run pipelines" in text
    assert "ana may look, but not run pipelines" in text_of(reader.get("/backfill/confirm", params=params).text)


def test_it_is_asked_started_followed_and_noted(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    params = {"name": "core.orders", "from": "2026-03-04", "to": "2026-03-05", "force": "1"}
    fields = fields_of(client.get("/backfill/confirm", params=params).text)
    assert {"name", "from", "to", "force", "digest", "form_token"} == set(fields)
    answer = client.post("/backfill", data=fields, follow_redirects=False)
    assert answer.status_code == 303
    address = answer.headers["location"]
    (folder, _), *_ = Runs(shop).all()
    assert address == f"/runs/{folder.id}"
    assert folder.about["user"] == "ana"
    end = time.monotonic() + PATIENCE
    while folder.state is RunState.RUNNING:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert "2 of 2 partitions, 2 unchanged" in text_of(client.get(address).text)
    (line,) = [json.loads(line) for line in (shop / AUDIT).read_text().splitlines()]
    assert (line["user"], line["action"], line["names"], line["force"]) == ("ana", "run", ["core.orders"], True)


def test_a_plan_that_has_changed_since_is_shown_again_and_not_started(
    open_client: OpenClient, stale_shop: Path
) -> None:
    client = open_client(stale_shop)
    fields = fields_of(client.get("/backfill/confirm", params={"name": "core.orders"}).text)
    with Project.load(stale_shop) as project:
        project.run(project.plan(["core.orders"], last=project.history.start))
    answer = client.post("/backfill", data=fields)
    assert answer.status_code == 409
    assert "The plan has changed since you looked" in answer.text
    assert "9 partitions of 1 table" in text_of(answer.text)
    again = fields_of(answer.text)
    assert again["digest"] != fields["digest"]
    assert Runs(stale_shop).all() == []


def test_a_pipeline_that_is_being_written_is_busy(open_client: OpenClient, stale_shop: Path) -> None:
    client = open_client(stale_shop)
    fields = fields_of(client.get("/backfill/confirm", params={"name": "core.orders"}).text)
    request = RunRequest(("core.orders",))
    with Project.load(stale_shop) as project:
        running = Runs(stale_shop).start(request, request.plan(project), "bob")
    answer = client.post("/backfill", data=fields)
    assert answer.status_code == 409
    assert f"run {running.id} by bob is writing it" in text_of(answer.text)
    running.cancel("bob")
    end = time.monotonic() + PATIENCE
    while running.state is RunState.RUNNING:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_only_who_may_run_starts_and_by_a_form_of_ours(open_client: OpenClient, stale_shop: Path) -> None:
    client = open_client(stale_shop)
    fields = fields_of(client.get("/backfill/confirm", params={"name": "core.orders"}).text)
    assert client.post("/backfill", data={**fields, "form_token": "x"}).status_code == 403
    assert client.post("/backfill", data=fields, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    gate = TokenGate("eve", read_only=True)
    looker = open_client(stale_shop, gate)
    assert looker.post("/backfill", data=fields, headers={"authorization": f"Bearer {gate.token}"}).status_code == 403
    assert Runs(stale_shop).all() == []
    assert not (stale_shop / AUDIT).exists()


def test_where_nothing_starts_runs_the_page_says_so(stale_shop: Path) -> None:
    gate = TokenGate("ana")
    with TestClient(create_app(Site(stale_shop), gate, hosts=HOSTS), "http://127.0.0.1") as client:
        client.headers["authorization"] = f"Bearer {gate.token}"
        page = client.get("/backfill", params={"name": "core.orders"}).text
        assert "Runs are not started on this page" in text_of(page)
        answer = client.post("/backfill", data={"name": "core.orders", "digest": "x"})
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"name": "core.order"}, 400, "Did you mean core.orders?"),
        ({"name": "core.orders", "from": "2020-01-01"}, 400, "must be from 2026-03-01"),
        ({"name": "core.orders", "from": "soon"}, 422, "from == "),
        ({"name": "core.orders", "force": "maybe"}, 422, "force == "),
        ({"name": "core.orders", "from": "2026-03-08", "to": "2026-03-02"}, 400, "must not be after to == 2026-03-02"),
    ],
)
def test_bad_input_is_said_and_runs_nothing(reader: TestClient, params: dict[str, str], code: int, text: str) -> None:
    answer = reader.get("/backfill", params=params)
    assert answer.status_code == code
    assert text in text_of(answer.text)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("path", ["/backfill", "/backfill/confirm"])
def test_hostile_names_are_text(reader: TestClient, path: str, hostile: str) -> None:
    answer = reader.get(path, params={"name": hostile})
    assert answer.status_code in {400, 404, 422}
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert len(answer.text) < 60_000


def test_the_part_of_a_plan_is_what_a_plan_of_its_own_gives(stale_shop: Path) -> None:
    with Project.load(stale_shop) as project:
        whole = project.plan()
        for names in ([], ["core.customers"], ["report.products_week", "buyers"]):
            for days in ((None, None), (project.history.start, None)):
                for upstream in (True, False):
                    alone: Plan = project.plan(names, *days, upstream=upstream)
                    part = project.part_of(whole, names, *days, upstream=upstream)
                    assert [(one.key, one.state, one.reason) for one in part.partitions] == [
                        (one.key, one.state, one.reason) for one in alone.partitions
                    ]
