"""The API: the shapes of the command line, for whoever is signed in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok
from starlette.testclient import TestClient

from drawloom.web.gate import TokenGate
from tests.helpers import examples
from tests.web.test_tables import allow_preview, token_of

OpenClient = Callable[..., TestClient]


def command(shop: Path, *arguments: str) -> object:
    done = subprocess.run(
        [sys.executable, "-m", "drawloom", "-C", str(shop), *arguments, "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_answers_are_those_of_the_command_line(reader: TestClient, finished_shop: Path) -> None:
    assert reader.get("/api/status").json() == command(finished_shop, "status")
    assert reader.get("/api/plan", params={"names": "core.customers", "from": "2026-03-02"}).json() == command(
        finished_shop, "plan", "core.customers", "--from", "2026-03-02"
    )
    assert reader.get("/api/plan", params={"names": "+core.customers", "exclude": "core.orders"}).json() == command(
        finished_shop, "plan", "+core.customers", "--exclude", "core.orders"
    )
    assert list(reader.get("/api/status", params={"exclude": ["core.*", "kind:growth"]}).json()["tables"]) == [
        "report.products_week"
    ]
    assert reader.get("/api/page/buyers", params={"window": "7"}).json() == command(
        finished_shop, "show", "buyers", "--window", "7"
    )
    assert [one["table"] for one in reader.get("/api/tables").json()][:2] == ["core.customers", "core.orders"]
    assert reader.get("/api/problems").json()["problems"] == []


def test_errors_are_json(reader: TestClient) -> None:
    answer = reader.get("/api/plan", params={"names": "nothing"})
    assert answer.status_code == 404
    assert answer.json()["problems"][0]["code"] == "unknown-name"
    assert reader.get("/api/plan", params={"from": "someday"}).json()["problems"][0]["code"] == "bad-argument"
    assert reader.get("/api/plan", params={"from": "1999-01-01"}).status_code == 400
    assert reader.get("/api/nothing").json()["problems"][0]["severity"] == "error"


def test_advice_is_given_without_running_anything(open_client: OpenClient, shop: Path) -> None:
    gate = TokenGate("ana")
    client = open_client(shop, gate)
    client.headers["authorization"] = f"Bearer {gate.token}"
    text = "SELECT customer FROM core.orders WHERE ds = '{{ ds }}'"
    found = client.post("/api/advise", json={"text": text, "target": "core.new"}).json()
    assert list(found["reads"]) == ["core.orders"]
    assert client.post("/api/advise", json={"text": text, "dialect": "cobol"}).status_code == 400
    assert client.post("/api/advise", json={"text": text, "schedule": "now and then"}).status_code == 400
    assert client.post("/api/advise", json={"text": "x" * 1_000_001}).status_code == 422
    assert client.post("/api/query", json={"sql": "SELECT 1"}).json()["problems"][0]["code"] == "no-preview"


def test_a_query_is_answered_where_that_is_allowed(open_client: OpenClient, shop: Path) -> None:
    allow_preview(shop, ", preview_rows: 2")
    client = open_client(shop)
    headers = {"x-form-token": token_of(client.get("/query").text)}
    answer = client.post("/api/query", json={"sql": "SELECT 'NaN'::DOUBLE AS x FROM core.orders"}, headers=headers)
    assert answer.json() == {"columns": ["x"], "rows": [{"x": "NaN"}] * 2, "more": True}
    assert client.post("/api/query", json={"sql": "SELECT 1"}).status_code == 403


def test_a_run_is_started(open_client: OpenClient, shop: Path) -> None:
    gate = TokenGate("ana")
    client = open_client(shop, gate)
    client.headers["authorization"] = f"Bearer {gate.token}"
    assert client.post("/api/run", json={"names": ["core.orders"]}).json()["problems"][0]["code"] == "nothing-to-do"
    asked = {"names": ["core.orders"], "from": "2026-03-10", "to": "2026-03-10", "upstream": False, "force": True}
    answer = client.post("/api/run", json=asked).json()
    assert answer["partitions"] == 1
    assert client.get(f"/{answer['page']}").status_code == 200
    reader = open_client(shop, TokenGate("vera", read_only=True, token="t" * 32))
    assert reader.post("/api/run", json=asked, headers={"authorization": f"Bearer {'t' * 32}"}).status_code == 403


def test_the_api_is_described(reader: TestClient) -> None:
    found = reader.get("/api/openapi.json").json()
    assert {"/api/plan", "/api/status", "/api/advise", "/api/query", "/api/page/{name}"} <= found["paths"].keys()


def test_no_request_is_answered_with_a_defect(open_client: OpenClient, shop: Path) -> None:
    """Requests made up from the description, and hostile texts as names: never a 500 that is a defect of ours."""
    load_all_checks()
    gate = TokenGate("ana")
    client = open_client(shop, gate)
    client.headers["authorization"] = f"Bearer {gate.token}"
    schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @given(case=operation.as_strategy())
        @examples(8, 150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
        def call(case: schemathesis.Case[Any]) -> None:
            given_arguments = case.as_transport_kwargs(base_url="http://127.0.0.1", headers=dict(client.headers))
            given_arguments.pop("cookies", None)
            answer = client.request(**given_arguments)
            assert answer.status_code != 500 or "defect" not in answer.text, answer.text

        call()


@given(text=st.text(max_size=60))
@examples(25, 500, deadline=None)
def test_any_name_is_refused_in_words(reader: TestClient, text: str) -> None:
    for path in ("/show/", "/tables/", "/api/page/"):
        answer = reader.get(path + quote(f"x{text}", safe=""))
        assert answer.status_code in {400, 404}


@pytest.fixture
def preview(shop: Path, open_client: Callable[..., TestClient]) -> TestClient:
    """A client of a project whose rows may be read."""
    with (shop / "drawloom.yml").open("a") as file:
        file.write("\nui: {allow_preview: true, preview_seconds: 60}\n")
    client = open_client(shop, TokenGate("ana", token="t"))
    client.headers["authorization"] = "Bearer t"
    return client


def test_values_that_python_does_not_know_are_answered(preview: TestClient) -> None:
    sql = """SELECT DATE 'infinity' AS a, TIMESTAMP '-infinity' AS b, DATE '0044-03-15 (BC)' AS c, [DATE 'infinity'] AS d,
        'nan'::DOUBLE AS e, INTERVAL 1 MONTH AS f, '\\xAA'::BLOB AS g, MAP {1: 2} AS h, TIMESTAMP '290000-01-01' AS i"""
    answer = preview.post("/api/query", json={"sql": sql})
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["rows"]
    assert (row["a"], row["b"], row["c"]) == ("infinity", "-infinity", "-735160")
    assert "infinity" in preview.post("/query", data={"sql": sql}).text


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1/0 + CAST('x' AS INT) AS a",
        "SELECT no_such FROM core.orders",
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT " + "- " * 40_000 + "1",
        "SELECT " + "NOT " * 20_000 + "TRUE",
        "SELECT 'x",
        "SELECT * FROM generate_series(1, 2, 0)",
        "",
        "\ud800",
    ],
    ids=lambda sql: sql[:12].encode("ascii", "replace").decode(),
)
def test_mistakes_in_a_query_are_no_defects(preview: TestClient, sql: str) -> None:
    content = json.dumps({"sql": sql})
    answer = preview.post("/api/query", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["problems"]


def test_advice_is_bounded_as_specs_are(preview: TestClient) -> None:
    answer = preview.post("/api/advise", json={"text": "SELECT 1 " + "-" * 100_001})
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (400, "too-long")
