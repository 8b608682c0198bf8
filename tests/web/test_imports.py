"""Importing several SELECTs."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.model import InputError
from drawloom.web.import_files import MOST_BYTES, MOST_ENTRIES, Text, read_files, table_of, unpack, unwrap
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
    assert "There is no SQL" in upload(client, {})
    assert "There is no SQL" in upload(client, {"": b""})  # as browsers send no file
    assert "must be at most 50" in upload(client, {f"a{n}.sql": b"SELECT 1" for n in range(51)})
    assert "the same table" in upload(client, {"a.sql": WEEK.encode(), "x/a.sql": WEEK.encode()})
    hostile = upload(
        client, {"<script>alert(1)</script>.sql": b"<script>alert(1)</script>", "../../x.sql": WEEK.encode()}
    )
    assert "<script>alert" not in hostile
    assert client.post("/import", data={"pasted": "SELECT 1"}).status_code == 403
    assert client.post("/import/save", data={"text": SPEC}).status_code == 403


def archive(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return written.getvalue()


TOP = b"INSERT OVERWRITE TABLE mart.top_products PARTITION (ds='{{ ds }}')\nSELECT product FROM mart.products WHERE ds = DATE '{{ ds }}' AND n > 1"
PRODUCTS = b"-- all of them\nCREATE TABLE mart.products AS\nSELECT product, count(*) AS n FROM core.orders WHERE ds = DATE '{{ ds }}' GROUP BY product"


def test_an_archive_is_checked_as_one_and_saved_in_order(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    content = archive(
        {"a/top.sql": TOP, "b/all.sql": PRODUCTS, "readme.md": b"x", "__MACOSX/a/._top.sql": b"x", "a/": b""}
    )
    page = upload(client, {"mart.zip": content, "notes.txt": b"x"})
    text = unescape(text_of(page))
    assert "2 texts, 2 can be saved" in text
    assert "3 files are no SQL and left out" in text
    assert text.index("mart.products") < text.index("mart.top_products")
    alone = client.post("/import/save", data={**token(client), "text": texts(page)[1:]})
    assert "specs/mart.top_products.sql was not saved" in alone.text
    answer = client.post("/import/save", data={**token(client), "text": texts(page)[::-1]})
    assert answer.status_code == 200
    assert 'href="/backfill?name=mart.products+mart.top_products"' in answer.text
    spec = (shop / "specs" / "mart.products.sql").read_text()
    assert "-- all of them" in spec
    assert "CREATE" not in spec
    plan = client.get("/backfill", params={"name": "mart.products mart.top_products"}).text
    assert "Run 20 partitions" in plan
    assert client.post("/import/save", data=token(client)).status_code == 200


@pytest.mark.parametrize(
    ("text", "select", "table"),
    [
        ("INSERT INTO mart.x SELECT 1 AS a", "SELECT 1 AS a", "mart.x"),
        ("insert overwrite table `mart`.`x` partition (ds = date_sub('{{ ds }}', 1)) select 1", "select 1", "mart.x"),
        ("/* why */ CREATE OR REPLACE TABLE lake.mart.x AS WITH a AS (SELECT 1) SELECT 1", "/* why */ WITH a AS (SELECT 1) SELECT 1", "mart.x"),
        ("CREATE TABLE IF NOT EXISTS x USING parquet AS (SELECT 1)", "(SELECT 1)", "core.x"),
        ("CREATE VIEW x AS SELECT 1", "SELECT 1", "core.x"),
        ("INSERT INTO x (a, b) SELECT 1, 2", "INSERT INTO x (a, b) SELECT 1, 2", "core.named"),
        ("INSERT INTO x VALUES (1)", "INSERT INTO x VALUES (1)", "core.named"),
        ("SELECT 'INSERT INTO x SELECT 1'", "SELECT 'INSERT INTO x SELECT 1'", "core.named"),
    ],
)  # fmt: skip
def test_the_select_of_a_statement_is_found(text: str, select: str, table: str) -> None:
    found = unwrap(Text("a/named.SQL", text))
    assert (found.text, table_of(found, "core")) == (select, table)


def test_archives_have_limits() -> None:
    for content, said in (
        (b"PK no", "cannot be unpacked"),
        (archive({"../../etc/x.sql": b"SELECT 1"}), "must name files inside of itself"),
        (archive({"/x.sql": b"SELECT 1"}), "must name files inside of itself"),
        (archive({"bomb.sql": b" " * 900_000}), "packed too tightly"),
        (archive({f"{n}.txt": b"" for n in range(MOST_ENTRIES + 1)}), "must have 2,000 at most"),
    ):
        with pytest.raises(InputError, match=said):
            unpack("a.zip", content)
    many = archive({f"{n}.sql": f"SELECT {n}".encode() for n in range(51)})
    with pytest.raises(InputError, match="has 51 SQL files"):
        unpack("a.zip", many)
    with pytest.raises(InputError, match="bytes at most"):
        unpack("a.zip", archive({"a.sql": TOP, "b.sql": PRODUCTS}), room=len(TOP))
    _, problems, _ = read_files([("big.sql", b"x" * (MOST_BYTES + 1)), ("b.zip", b"x")])
    assert [one.code for one in problems] == ["too-long", "bad-archive"]
