"""Who gets in, and which forms are believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from drawloom.cli.ui import make_gate, server_config
from drawloom.model import InputError
from drawloom.web.gate import HeaderGate, TokenGate, Viewer, is_from_here
from drawloom.web.hosts import host_of
from drawloom.web.site import Site

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


def test_the_token_opened_again_keeps_the_session_and_its_forms(open_client: OpenClient, shop: Path) -> None:
    gate = TokenGate("ana")
    client = open_client(shop, gate)
    client.headers["sec-fetch-site"] = "same-origin"
    for expected in (True, False):
        answer = client.get("/sign-in", params={"token": gate.token}, follow_redirects=False)
        assert ("set-cookie" in answer.headers) is expected
    before = client.get("/form-token").text
    assert f'value="{before}"' in client.get("/autodag").text
    client.cookies.clear()
    client.cookies.set("drawloom", "forged.forged")
    assert "set-cookie" in client.get("/sign-in", params={"token": gate.token}, follow_redirects=False).headers


def test_an_old_form_is_given_back_with_what_was_typed(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    typed = {"form_token": "old", "pasted": "SELECT '<b>'\r\nFROM x", "owner": "ana"}
    answer = client.post("/import", data=typed, files={"files": ("a.sql", b"SELECT 1", "text/plain")})
    assert answer.status_code == 403
    assert "Send it again" in answer.text
    assert "SELECT &#39;&lt;b&gt;&#39;" in answer.text
    assert "a.sql" in answer.text
    assert f'name="form_token" value="{client.get("/form-token").text}"' in answer.text
    elsewhere = {"sec-fetch-site": "cross-site"}
    for refused in (
        client.post("/import", data=typed, headers=elsewhere),
        client.post("/import", data={"pasted": "x"}),
    ):
        assert refused.status_code == 403
        assert "Send it again" not in refused.text
    assert client.get("/form-token", headers=elsewhere).status_code == 403
    asked = client.post("/autodag/analyze", data=typed, headers={"sec-fetch-dest": "empty"})
    assert asked.status_code == 403
    assert "Send it again" not in asked.text


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


def test_read_only_holds_behind_a_proxy(shop: Path, open_client: OpenClient) -> None:
    """Whoever starts the UI so that nobody may save must be believed, however people sign in."""
    gate = make_gate(["127.0.0.1"], 8400, read_only=True)
    viewer = gate.viewer(asked({"x-forwarded-user": "ana"}, client="127.0.0.1"))
    assert viewer == Viewer("ana", viewer.form_token if viewer else "", may_save=False, may_run=False)
    free = make_gate(["127.0.0.1"], 8400, read_only=False).viewer(asked({"x-forwarded-user": "ana"}, "127.0.0.1"))
    assert free
    assert (free.may_save, free.may_run) == (True, True)


def asked(headers: Mapping[str, str], client: str = "testclient") -> Request:
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    return Request({"type": "http", "headers": raw, "client": (client, 1)})


def test_a_proxy_is_an_address() -> None:
    with pytest.raises(InputError, match="must be an address, such as"):
        make_gate(["proxy.example.com"], 8400, read_only=False)


def test_addresses_in_headers_are_not_believed(shop: Path) -> None:
    """Any process of this machine could write them."""
    config = server_config(FastAPI())
    assert not config.proxy_headers
    assert config.http == "h11"  # which bounds the headers


def test_a_proxy_may_be_asked_over_ipv6() -> None:
    viewer = HeaderGate({"10.0.0.5"}).viewer(asked({"x-forwarded-user": "ana"}, "::ffff:10.0.0.5"))
    assert viewer
    assert viewer.name == "ana"


def test_names_are_utf8() -> None:
    viewer = HeaderGate({"10.0.0.5"}).viewer(asked({"x-forwarded-user": "Ünal"}, "10.0.0.5"))
    assert viewer
    assert viewer.name == "Ünal"


@pytest.mark.parametrize(
    "names", [[], [b"ana", b"root"], [b"\xff\xfe"], [b" "], [b"a\x00b"], ["a\u202eb".encode()]], ids=repr
)
def test_other_names_let_nobody_in(names: list[bytes]) -> None:
    headers = [(b"x-forwarded-user", name) for name in names]
    assert HeaderGate({"p"}).viewer(Request({"type": "http", "headers": headers, "client": ("p", 1)})) is None


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("Localhost", "localhost"),
        ("127.0.0.1:8400", "127.0.0.1"),
        ("[::1]:8400", "::1"),
        ("[::1]", "::1"),
        ("[::1]evil", ""),
        ("[::1", ""),
        ("localhost:x", ""),
        ("", ""),
    ],
)
def test_hosts_are_read(given: str, host: str) -> None:
    assert host_of(given) == host


def test_two_hosts_are_refused(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    assert client.get("/", headers=[("host", "127.0.0.1"), ("host", "evil.example.com")]).status_code == 400
    assert client.get("/", headers={"host": "127.0.0.1:8400"}).status_code == 200


def test_what_is_refused_and_what_fails_has_the_headers_too(
    open_client: OpenClient, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_client(shop)
    refused = client.get("/", headers={"host": "evil.example.com"})
    monkeypatch.setattr(Site, "tables", property(lambda _: 1 / 0))
    failed = client.get("/tables")
    assert (refused.status_code, failed.status_code) == (400, 500)
    for answer in (refused, failed, client.get("/sign-in", headers={"host": "a"})):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("value", ["é.é", "a.é", ".", "a.b"])
def test_a_cookie_that_is_not_ours_lets_nobody_in(open_client: OpenClient, shop: Path, value: str) -> None:
    client = open_client(shop, TokenGate("ana"))
    assert client.get("/", headers=[(b"cookie", f"drawloom={value}".encode())]).status_code == 401


def test_a_token_without_its_scheme_lets_nobody_in(open_client: OpenClient, shop: Path) -> None:
    gate = TokenGate("ana")
    client = open_client(shop, gate)
    assert client.get("/", headers={"authorization": gate.token}).status_code == 401
    assert client.get("/", headers={"authorization": f"Basic {gate.token}"}).status_code == 401
    assert client.get("/", headers={"authorization": f"bearer {gate.token}"}).status_code == 200


def test_each_ui_has_a_cookie_of_its_own() -> None:
    gates = [make_gate((), port, read_only=False) for port in (8400, 8401)]
    assert [gate.cookie for gate in gates if isinstance(gate, TokenGate)] == ["drawloom-8400", "drawloom-8401"]


def test_nothing_is_read_of_what_a_stranger_sends(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop, sign_in=False)
    for path in ("/api/advise", "/autodag/analyze", "/import"):
        answer = client.post(path, content=b"{" * 100, headers={"content-type": "application/json"})
        assert answer.status_code == 401
        big = b"x" * 9_000_000
        assert client.post(path, content=big, headers={"content-type": "text/plain"}).status_code == 401
