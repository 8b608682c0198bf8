"""Who gets in, and which forms are believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from drawloom.model import InputError
from drawloom.web.gate import HeaderGate, TokenGate, Viewer, is_from_here

OpenClient = Callable[..., TestClient]


def all_paths(app: FastAPI) -> list[str]:
    """Every route of the app, with something in the place of its parameters."""
    found = []
    for route in app.routes:
        for one in getattr(getattr(route, "original_router", None), "routes", [route]):
            path = getattr(one, "path", "")
            found.append(path.replace("{", "").replace("}", "").replace(":path", ""))
    return found


def test_no_route_answers_a_stranger(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop, sign_in=False)
    paths = [path for path in all_paths(client.app) if path != "/sign-in"]  # type: ignore[arg-type]
    assert len(paths) >= 5
    for path in [*paths, "/static/drawloom.css", "/docs", "/openapi.json"]:
        answer = client.get(path)
        assert answer.status_code in {401, 404, 405}, path
        assert "core.orders" not in answer.text


def test_the_token_is_exchanged_for_a_strict_cookie(open_client: OpenClient, shop: Path) -> None:
    gate = TokenGate("ana")
    client = open_client(shop, gate)
    assert client.get("/sign-in", params={"token": "wrong"}).status_code == 401
    answer = client.get("/sign-in", params={"token": gate.token}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert gate.token not in answer.headers["set-cookie"]
    assert client.get("/").status_code == 200


def test_a_forged_cookie_lets_nobody_in(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop, TokenGate("ana"))
    client.cookies.set("drawloom", f"session.{'0' * 64}")
    assert client.get("/").status_code == 401


def test_a_script_signs_in_by_header(open_client: OpenClient, shop: Path) -> None:
    gate = TokenGate("ana")
    client = open_client(shop, gate)
    assert client.get("/", headers={"authorization": f"Bearer {gate.token}"}).status_code == 200


def test_other_names_for_this_machine_are_refused(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    assert client.get("/", headers={"host": "evil.example.com"}).status_code == 400


def test_every_answer_forbids_foreign_code(reader: TestClient) -> None:
    for path in ("/", "/nothing", "/show/core.orders", "/static/drawloom.css"):
        headers = reader.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_proxy_names_people(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop, HeaderGate({"testclient"}, savers={"ana"}, runners=()))
    assert client.get("/").status_code == 401
    answer = client.get("/", headers={"x-forwarded-user": "ana"})
    assert answer.status_code == 200
    assert "ana" in answer.text


def test_a_proxy_elsewhere_is_not_believed(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop, HeaderGate({"10.0.0.5"}))
    assert client.get("/", headers={"x-forwarded-user": "ana"}).status_code == 401


def test_a_proxy_needs_an_address() -> None:
    with pytest.raises(InputError, match="proxy == none"):
        HeaderGate(())


@pytest.mark.parametrize(
    ("headers", "token", "believed"),
    [
        ({"sec-fetch-site": "same-origin"}, "t", True),
        ({"sec-fetch-site": "same-origin"}, "other", False),
        ({"sec-fetch-site": "cross-site"}, "t", False),
        ({"sec-fetch-site": "same-site"}, "t", False),
        ({"origin": "http://here"}, "t", True),
        ({"origin": "http://there"}, "t", False),
        ({}, "t", False),
    ],
)
def test_only_our_forms_are_believed(headers: dict[str, str], token: str, believed: bool) -> None:
    scope = {"type": "http", "headers": [(k.encode(), v.encode()) for k, v in {"host": "here", **headers}.items()]}
    assert is_from_here(Request(scope), Viewer("ana", "t"), token) is believed


def test_a_script_needs_no_form() -> None:
    assert is_from_here(Request({"type": "http", "headers": []}), Viewer("ana", "t", is_script=True), "")


def test_all_routes_are_found_by_the_test_of_strangers(reader: TestClient) -> None:
    app = reader.app
    assert isinstance(app, FastAPI)
    assert "/show/name" in all_paths(app), [type(r) for r in app.routes if not isinstance(r, Route)]
