"""The page of alerts, and what people say of them there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from starlette.testclient import TestClient

from drawloom.run.project import Project
from drawloom.web.gate import FORM_FIELD

SPEC = """kind: anomalies
name: health
until: {forever: a test}
watch: [{table: core.orders}]
detector: {kind: threshold, settings: {low: 2}}
"""


def test_alerts_are_shown_and_answered(shop: Path, open_client: Callable[..., TestClient]) -> None:
    (shop / "specs/health.yml").write_text(SPEC)
    with Project.load(shop) as project:
        assert project.run(project.plan(["health"])).exit_code == 0
    client = open_client(shop)
    page = client.get("/anomalies").text
    assert "rows of core.orders" in page
    first = re.search(r'action="/anomalies/([0-9a-f]{8})"', page)
    token = re.search(rf'name="{FORM_FIELD}" value="([^"]+)"', page)
    assert first
    assert token
    assert client.post(f"/anomalies/{first[1]}", data={"verdict": "ack"}).status_code == 403
    said = client.post(f"/anomalies/{first[1]}", data={"verdict": "ack", FORM_FIELD: token[1]})
    assert said.status_code == 200
    assert '<td class="short" data-label="Status">acknowledged</td>' in said.text
    (line,) = map(json.loads, (shop / "feedback/health.jsonl").read_text().splitlines())
    assert (line["alert"], line["verdict"], line["by"]) == (first[1], "ack", "ana")
    assert date.fromisoformat(line["last"]) - date.fromisoformat(line["first"]) >= timedelta(0)
    wrong = client.post(f"/anomalies/{first[1]}", data={"verdict": "nonsense", FORM_FIELD: token[1]})
    assert wrong.status_code in {400, 422}


def test_without_a_spec_nothing_is_watched(reader: TestClient) -> None:
    assert "Nothing is watched yet" in reader.get("/anomalies").text
