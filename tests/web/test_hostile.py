"""What people with bad intentions, or with damaged files, send and have: refused in words, and never a defect."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.model import InputError, RunError
from drawloom.run.background import Runs
from drawloom.run.spec_files import read_spec_text, save_spec_text
from drawloom.web.audit import FILE as AUDIT
from drawloom.web.audit import noted
from drawloom.web.import_files import Text, unwrap
from tests.web.test_autodag import FILE, NEW, WEEK, send

OpenClient = Callable[..., TestClient]
RUN = "20260101-000000-000000-abcd"
SPEC = "/* drawloom\ntable: core.t\nuntil: 2030-01-01\n*/\nSELECT 1 AS one\n"


@pytest.mark.parametrize(
    "name",
    ["x" * 300, "x/" * 3_000 + "x", "%00", "%ff", "%0a", "..%2f..%2fetc", "a b", "%E2%80%AE", "'\"<>", "(" * 2_000],
    ids=range(10),
)
def test_no_name_is_a_defect(reader: TestClient, name: str) -> None:
    paths = ["tables", "show", "partitions", "runs", "autodag", "specs", "saved/specs", "static", "api/page", "nothing"]
    for path in paths:
        assert reader.get(f"/{path}/{name}").status_code in {400, 404, 422}, path
        assert reader.get(f"/{path}/{name}.sql").status_code in {400, 404, 422}, path
    for query in ("/tables?q=", "/partitions?q=", "/runs?state=", "/query?sql=", "/api/plan?names=", "/backfill?name="):
        assert reader.get(query + name).status_code < 500, query


def test_pages_have_bounds(reader: TestClient) -> None:
    assert reader.get("/tables?page=" + "9" * 30).status_code == 422


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; boundary=x; charset=no-such",
        "multipart/form-data",
        "multipart/form-data; boundary=\xff",
        "application/x-www-form-urlencoded; charset=no-such",
        "nonsense",
    ],
)
def test_forms_that_cannot_be_read_are_refused(open_client: OpenClient, shop: Path, kind: str) -> None:
    client = open_client(shop)
    body = b'--x\r\ncontent-disposition: form-data; name="sql"\r\n\r\nSELECT 1\r\n--x--\r\n'
    for path in ("/autodag/analyze", "/autodag", "/import", "/autodag/save", "/query"):
        answer = client.post(path, content=body, headers={b"content-type": kind.encode("latin-1")})
        assert answer.status_code in {400, 403, 422}, path


@pytest.mark.parametrize("name", ["specs/out.sql", "specs/folder/x.sql"])
def test_links_lead_nowhere_out_of_specs(shop: Path, name: str) -> None:
    outside = shop / "outside"
    outside.mkdir()
    (outside / "x.sql").write_text("secret")
    (shop / "specs" / "out.sql").symlink_to(outside / "x.sql")
    (shop / "specs" / "folder").symlink_to(outside)
    with pytest.raises(InputError, match="must lie in specs/"):
        read_spec_text(shop, name)
    with pytest.raises(InputError, match="must lie in specs/"):
        save_spec_text(shop, name, "changed", "")
    assert (outside / "x.sql").read_text() == "secret"


def test_links_within_specs_are_followed(shop: Path) -> None:
    (shop / "specs" / "same.sql").symlink_to(shop / "specs" / "orders.sql")
    assert read_spec_text(shop, "specs/same.sql") == (shop / "specs" / "orders.sql").read_text()


def test_a_circle_of_links_is_refused(shop: Path) -> None:
    (shop / "specs" / "a.sql").symlink_to(shop / "specs" / "b.sql")
    (shop / "specs" / "b.sql").symlink_to(shop / "specs" / "a.sql")
    with pytest.raises(InputError, match="specs/"):
        save_spec_text(shop, "specs/a.sql", "changed", "")


@pytest.mark.parametrize(
    "name", ["specs/a\u202elqs.sql", "specs/a\x07.sql", "specs/" + "a" * 300 + ".sql", "specs/" + "a/" * 30 + "b.sql"]
)
def test_names_that_mislead_are_refused(shop: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"must be a [.]sql or YAML file"):
        save_spec_text(shop, name, SPEC, "")


def test_a_file_whose_name_is_no_text_stops_nothing(open_client: OpenClient, shop: Path) -> None:
    Path(os.fsdecode(os.fsencode(shop / "specs") + b"/\xff.sql")).write_text(SPEC)
    client = open_client(shop)
    for path in ("/", "/specs", "/problems", "/tables", "/api/problems", "/autodag"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("file", ["request.json", "done.json", "cancel.json", "events.jsonl", "log.txt", "lock"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"state": "other", "at": 1}\n', None], ids=range(6))
def test_a_damaged_run_stops_no_other(open_client: OpenClient, shop: Path, file: str, content: bytes | None) -> None:
    folder = shop / ".drawloom" / "runs" / RUN
    folder.mkdir(parents=True)
    request: dict[str, object] = {"names": [], "first": None, "last": None, "upstream": True, "force": False}
    about = {"user": "ana", "pipelines": [], "tables": [], "at": "2026-01-01T00:00:00+00:00"}
    (folder / "request.json").write_text(json.dumps({**request, **about}))
    (folder / file).unlink(missing_ok=True)
    if content is None:
        (folder / file).mkdir()
    else:
        (folder / file).write_bytes(content)
    assert len(Runs(shop).all()) == (file != "request.json")
    Runs(shop).running()
    client = open_client(shop)
    assert client.get("/runs").status_code == 200
    for path in ("", "/log", "/progress"):
        assert client.get(f"/runs/{RUN}{path}").status_code in {200, 404}


def test_what_cannot_be_noted_is_not_done(open_client: OpenClient, shop: Path) -> None:
    (shop / AUDIT).mkdir(parents=True)
    client = open_client(shop)
    answer = send(client, "/autodag/save", **NEW, sql=WEEK)
    assert answer.status_code == 500
    assert "Nothing was changed" in answer.text
    assert not (shop / FILE).exists()


def test_what_fails_is_noted_too(tmp_path: Path) -> None:
    with pytest.raises(RunError), noted(tmp_path, "ana", "save", file="x"):
        raise RunError
    lines = [json.loads(line) for line in (tmp_path / AUDIT).read_text().splitlines()]
    assert [(line["action"], line.get("failed")) for line in lines] == [("save", None), ("save", True)]


def test_a_space_after_the_name_of_a_table_is_none(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    answer = send(client, "/autodag/save", **{**NEW, "table": NEW["table"] + " "}, sql=WEEK)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/saved/{FILE}")


def test_many_comments_before_a_text_are_read_once() -> None:
    """In a pattern that can divide them in many ways, this would never end."""
    assert unwrap(Text("", "/**/" * 20_000 + "x")).target == ""
