"""Importing several SELECTs."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

from starlette.testclient import TestClient

from tests.web.test_autodag import WEEK, Form
from tests.web.test_pages import Structure, text_of

OpenClient = Callable[..., TestClient]
SPEC = f"/* drawloom\ntable: report.named\nuntil: {{forever: a test}}\n*/\n{WEEK}"


def token(client: TestClient) -> dict[str, str]:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/import").text)
    assert found
    return {"form_token": found[1], "in_schema": "report", "until_day": "2026-12-31"}


def upload(client: TestClient, files: dict[str, bytes], **fields: str) -> str:
    sent = [("files", (name, content, "text/plain")) for name, content in files.items()]
    return client.post("/import", data={**token(client), **fields}, files=sent).text


def texts(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'name="text" value="([^"]*)"', page)]


def test_files_are_checked_and_saved_together(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    files = {
        "orders_week.sql": WEEK.encode(),
        "x/named.sql": SPEC.encode(),
        "core.orders.sql": WEEK.encode(),
        "drop.sql": b"DROP TABLE x",
    }
    page = upload(client, files)
    text = unescape(text_of(page))
    assert "4 texts, 2 can be saved" in text
    assert "the 7 days that end on the day itself" in text
    assert "must have one owner" in text
    assert "must be one SELECT" in text
    found = Structure(page)
    assert len(found.ids) == len(set(found.ids))
    assert not found.inline
    before = sorted(path.name for path in (shop / "specs").iterdir())
    answer = client.post("/import/save", data={**token(client), "text": texts(page)})
    assert answer.status_code == 200
    assert "2 specs saved" in answer.text
    added = sorted({path.name for path in (shop / "specs").iterdir()} - set(before))
    assert added == ["report.named.sql", "report.orders_week.sql"]
    again = client.post("/import/save", data={**token(client), "text": texts(page)})
    assert again.status_code == 400
    assert "was not saved" in again.text


def test_texts_are_pasted_with_lines_between(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    page = upload(client, {}, pasted=f"{SPEC}\n---\n{WEEK}\n-----\n\n")
    assert "2 texts, 1 can be saved" in text_of(page)
    form = Form(page.replace('<form method="post" action="/autodag">', '<form id="spec">')).fields
    assert form["sql"] == WEEK
    assert "Give the table that it fills a name" in client.post("/autodag", data=form).text


def test_what_cannot_be_imported_is_said(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    assert "is not text in UTF-8" in upload(client, {"a.sql": b"\xff\xfe"})
    assert "There is no file and no text" in upload(client, {})
    assert "There is no file and no text" in upload(client, {"": b""})  # as browsers send no file
    assert "must be at most 50" in upload(client, {f"a{n}.sql": b"SELECT 1" for n in range(51)})
    assert "the same table" in upload(client, {"a.sql": WEEK.encode(), "x/a.sql": WEEK.encode()})
    hostile = upload(
        client, {"<script>alert(1)</script>.sql": b"<script>alert(1)</script>", "../../x.sql": WEEK.encode()}
    )
    assert "<script>alert" not in hostile
    assert client.post("/import", data={"pasted": "SELECT 1"}).status_code == 403
    assert client.post("/import/save", data={"text": SPEC}).status_code == 403
