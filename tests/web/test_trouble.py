"""What the UI does when something around it is broken."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.cli.main import run_command

OpenClient = Callable[..., TestClient]
BROKEN = "/* drawloom\ntable: core.broken\nowner: a@example.com\n*/\nSELEC 1"


def test_a_broken_spec_is_shown_and_the_rest_works(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    assert "No spec has a problem" in client.get("/problems").text
    (shop / "specs" / "broken.sql").write_text(BROKEN)
    assert "specs/broken.sql" in client.get("/").text
    problems = client.get("/problems").text
    assert "specs/broken.sql" in problems
    assert "Specs with errors are left out" in problems
    assert client.get("/show/core.orders").status_code == 200
    assert client.get("/show/core.broken").status_code in {400, 404}
    (shop / "specs" / "broken.sql").unlink()
    assert "No spec has a problem" in client.get("/problems").text


def test_broken_settings_are_shown_and_mended_settings_are_read_again(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    good = (shop / "drawloom.yml").read_text()
    (shop / "drawloom.yml").write_text(good + "\nunknown_key: 1\n")
    answer = client.get("/")
    assert answer.status_code == 400
    assert "unknown_key" in answer.text
    (shop / "drawloom.yml").write_text(good)
    assert client.get("/").status_code == 200


def test_a_registry_that_cannot_be_reached_is_said(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    with (shop / "drawloom.yml").open("a") as file:
        file.write("\nregistry: postgresql://127.0.0.1:1/none\n")
    answer = client.get("/")
    assert answer.status_code == 500
    assert "registry" in answer.text
    assert "defect" not in answer.text


def test_a_lost_registry_is_restored_from_the_files(open_client: OpenClient, shop: Path) -> None:
    for path in (shop / "lake").glob("registry.db*"):
        path.unlink()
    assert "10 fresh" in open_client(shop).get("/").text


def test_a_new_partition_is_seen(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    assert "10 fresh" in client.get("/").text
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("FROM raw.orders", ", 1 AS one FROM raw.orders"))
    assert "10 stale" in client.get("/").text
    assert run_command(["-C", str(shop), "run", "core.orders"]) == 0
    assert "core.orders</strong>" in client.get("/").text
    assert "10 fresh in all" in client.get("/tables/core.orders").text


def test_a_project_without_pipelines_says_what_to_do(open_client: OpenClient, tmp_path: Path) -> None:
    (tmp_path / "drawloom.yml").write_text("name: empty\nstart: 2026-01-01\n")
    client = open_client(tmp_path)
    assert "There are no pipelines yet" in client.get("/").text
    assert "There are no tables yet" in client.get("/tables").text


def test_a_port_that_is_taken_is_refused(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run_command(["-C", str(shop), "ui", "--port", str(port)]) == 2
    assert f"port == {port}, must be free" in capsys.readouterr().err


def test_other_addresses_need_somebody_who_signs_people_in(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["-C", str(shop), "ui", "--host", "0.0.0.0"]) == 2
    assert "host == '0.0.0.0', must be of this machine" in capsys.readouterr().err


def test_without_a_project_nothing_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["-C", str(tmp_path), "ui"]) == 2
    assert "drawloom.yml was not found" in capsys.readouterr().err
