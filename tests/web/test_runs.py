"""The pages of runs: the list, one run as it goes, and what the registry shows of others."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from drawloom.run.background import RunFolder, RunRequest
from drawloom.run.background.folder import write_json
from drawloom.run.project import Project
from drawloom.web.audit import FILE as AUDIT
from drawloom.web.gate import TokenGate
from tests.web.test_pages import Structure, text_of

OpenClient = Callable[..., TestClient]
HOSTILE = "<script>alert(1)</script>"
PLANNED = {"event": "planned", "todo": {"core.orders": 10}, "waiting": {}}


def result(n: int, outcome: str = "written", **more: Any) -> dict[str, Any]:
    return {"event": "result", "table": "core.orders", "ds": f"2026-03-{n:02}", "outcome": outcome, **more}


def make_run(root: Path, *events: Mapping[str, Any], user: str = "ana", done: str | None = None) -> RunFolder:
    """The folder of a run as its process leaves it: with an end, or without one as if it had been killed."""
    folder = RunFolder.create(root)
    with Project.load(root) as project:
        folder.note_request(RunRequest(("core.orders",)), user, project.plan(["core.orders"], force=True))
    os.close(folder.lock())
    add(folder, *events)
    if done:
        write_json(folder.path / "done.json", {"state": done, "exit_code": 0, "at": datetime.now(UTC).isoformat()})
    return folder


def add(folder: RunFolder, *events: Mapping[str, Any]) -> None:
    with folder.events.open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


def form_token(client: TestClient, path: str) -> str:
    return client.get(path).text.split('name="form_token" value="')[1].split('"')[0]


def test_runs_of_the_command_line_are_listed_and_shown(reader: TestClient) -> None:
    page = reader.get("/runs").text
    text = text_of(page)
    assert "command line or Airflow" in text
    assert "raw.orders, core.orders" in text
    address = page.split('href="/runs/written-')[1].split('"')[0]
    run = text_of(reader.get(f"/runs/written-{address}").text)
    assert "core.orders 2026-03-01 to 2026-03-10 10 0" in run
    assert "finished" in run
    assert "No run is killed" in reader.get("/runs", params={"state": "killed"}).text
    assert "There is no page 9" in reader.get("/runs", params={"page": 9}).text


def test_failures_are_in_the_run_in_which_they_happened(open_client: OpenClient, shop: Path) -> None:
    with Project.load(shop) as project:
        for n in (4, 5):
            project.registry.fail("core.orders", date(2026, 3, n), f"line one\n{HOSTILE} 2026-03-{n:02}")
    client = open_client(shop)
    page = client.get("/runs", params={"state": "failed"}).text
    address = page.split('href="/runs/written-')[1].split('"')[0]
    run = client.get(f"/runs/written-{address}").text
    assert HOSTILE not in run
    assert run.count("line one") == 1
    assert 'href="/partitions/core.orders/2026-03-04"' in run
    assert 'href="/partitions/core.orders/2026-03-05"' in run


def test_a_run_shows_how_far_it_has_come(open_client: OpenClient, shop: Path) -> None:
    folder = make_run(shop, PLANNED, result(1, rows=7, seconds=0.5), result(2, "failed", error="no <b>\n2nd line"))
    lock = folder.lock()
    client = open_client(shop)
    page = client.get(f"/runs/{folder.id}").text
    text = text_of(page)
    assert "2 of 10 partitions, 1 written, 1 failed" in text
    assert "no &lt;b&gt;\n2nd line" in page
    assert "Cancel" in text
    assert '<noscript><meta http-equiv="refresh"' in page
    assert f'data-live="/runs/{folder.id}/events"' in page
    assert text_of(client.get("/runs").text).count("running") >= 2
    os.close(lock)
    ended = client.get(f"/runs/{folder.id}").text
    assert "killed" in text_of(ended)
    assert "data-live" not in ended
    assert "Cancel<" not in ended
    found = Structure(ended)
    assert len(found.ids) == len(set(found.ids))
    assert not found.inline


def test_a_part_of_the_page_is_drawn_alone(open_client: OpenClient, shop: Path) -> None:
    folder = make_run(shop, PLANNED, result(1), done="finished")
    part = open_client(shop).get(f"/runs/{folder.id}/progress").text
    assert "data-over" in part
    assert "<html" not in part
    assert "1 of 10 partitions" in text_of(part)


def test_events_are_streamed_as_they_come_until_the_end(open_client: OpenClient, shop: Path) -> None:
    folder = make_run(shop, PLANNED)
    lock = folder.lock()

    def go_on() -> None:
        add(folder, result(1), result(2))
        write_json(folder.path / "done.json", {"state": "finished", "at": datetime.now(UTC).isoformat()})
        os.close(lock)

    timer = threading.Timer(0.5, go_on)
    timer.start()
    answer = open_client(shop).get(f"/runs/{folder.id}/events")
    timer.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert [event["event"] for event in events] == ["planned", "result", "result"]
    assert answer.text.endswith("event: end\ndata: finished\n\n")


def test_a_stream_goes_on_where_it_broke_off(open_client: OpenClient, shop: Path) -> None:
    folder = make_run(shop, PLANNED, result(1), result(2), done="finished")
    client = open_client(shop)
    whole = client.get(f"/runs/{folder.id}/events").text
    ids = [line[4:] for line in whole.splitlines() if line.startswith("id: ")]
    assert ids[-1] == str(folder.events.stat().st_size)

    def resume(place: str) -> Any:
        return client.get(f"/runs/{folder.id}/events", headers={"last-event-id": place})

    assert resume(ids[1]).text.count("\ndata: {") == 1
    assert resume(ids[-1]).status_code == 204
    for wrong in ("7", "-1", "x", "9" * 30, "99999", "²"):
        answer = client.get(f"/runs/{folder.id}/events", headers={b"last-event-id": wrong.encode()})
        assert answer.text.count("\ndata: {") == 3


def test_a_log_is_shown_and_has_a_page(open_client: OpenClient, shop: Path) -> None:
    folder = make_run(shop, PLANNED, done="failed")
    folder.log.write_bytes(b"first\n" + b"x" * 30_000 + b"\n\xff" + HOSTILE.encode() + b"\nlast")
    client = open_client(shop)
    page = client.get(f"/runs/{folder.id}").text
    assert HOSTILE not in page
    assert "last" in page
    assert len(page) < 60_000
    log = client.get(f"/runs/{folder.id}/log")
    assert log.headers["content-type"].startswith("text/plain")
    assert log.text.startswith("first")


def test_hostile_names_and_errors_are_text(open_client: OpenClient, shop: Path) -> None:
    event = {"event": "result", "table": f"core.{HOSTILE}", "ds": "2026-03-01", "outcome": "failed", "error": HOSTILE}
    folder = make_run(shop, PLANNED, event, {"event": "error", "text": HOSTILE}, user=HOSTILE, done="failed")
    client = open_client(shop)
    for path in ("/runs", f"/runs/{folder.id}", f"/runs/{folder.id}/progress"):
        page = client.get(path).text
        assert HOSTILE not in page
        assert "&lt;script&gt;alert(1)" in page
    stream = client.get(f"/runs/{folder.id}/events")
    assert stream.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("part", ["", "/progress", "/log", "/events"])
@pytest.mark.parametrize("name", ["..%2f..", "20260101-000000-000000-abcd", "written-x", "%00", "x" * 3000])
def test_unknown_runs_are_not_found(reader: TestClient, name: str, part: str) -> None:
    answer = reader.get(f"/runs/{name}{part}")
    assert answer.status_code == 404
    assert len(answer.text) < 20_000


def test_a_bad_state_is_refused(reader: TestClient) -> None:
    assert reader.get("/runs", params={"state": HOSTILE}).status_code == 400


def test_only_who_may_run_cancels_and_by_a_form_of_ours(open_client: OpenClient, shop: Path) -> None:
    folder = make_run(shop, PLANNED)
    lock = folder.lock()
    client = open_client(shop)
    path = f"/runs/{folder.id}/cancel"
    assert client.get(path).status_code == 405
    assert client.post(path).status_code == 403
    assert client.post(path, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    looker = TokenGate("eve", read_only=True)
    script = open_client(shop, looker)
    assert script.post(path, headers={"authorization": f"Bearer {looker.token}"}).status_code == 403
    assert not folder.cancelled
    token = form_token(client, f"/runs/{folder.id}")
    answer = client.post(path, data={"form_token": token}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{folder.id}")
    assert folder.cancelled
    assert folder.cancelled["user"] == "ana"
    assert "ana asked to cancel it" in text_of(client.get(f"/runs/{folder.id}").text)
    os.close(lock)
    assert "Cancelled by ana" in text_of(client.get(f"/runs/{folder.id}").text)
    client.post(path, data={"form_token": token})
    lines = [json.loads(line) for line in (shop / AUDIT).read_text().splitlines()]
    assert [(line["user"], line["action"], line["run"]) for line in lines] == [("ana", "cancel", folder.id)]


def test_what_was_written_by_a_run_of_this_ui_is_listed_once(open_client: OpenClient, shop: Path) -> None:
    folder = make_run(shop, PLANNED, *(result(n) for n in range(1, 11)))
    lock = folder.lock()
    with Project.load(shop) as project:
        assert project.run(project.plan(["core.orders"], force=True)).exit_code == 0
    write_json(folder.path / "done.json", {"state": "finished", "at": datetime.now(UTC).isoformat()})
    os.close(lock)
    page = open_client(shop).get("/runs").text
    assert page.count("<tr>") == 3  # the head, this run, and what was landed and written before
    assert text_of(page).count("core.orders") == 1


def test_nothing_has_run_yet(open_client: OpenClient, tmp_path: Path) -> None:
    (tmp_path / "drawloom.yml").write_text("name: new\nstart: 2026-03-01\nend: 2026-03-03\n")
    client = open_client(tmp_path)
    assert "Nothing has run yet" in client.get("/runs").text
    assert "There are no partitions yet" in client.get("/partitions").text
