"""The editor of specs over HTTP: what it says of a text, and what it saves."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from drawloom.run.draft import MOST_CHARACTERS
from drawloom.web.gate import TokenGate
from tests.web.test_pages import Structure, text_of

OpenClient = Callable[..., TestClient]
WEEK = "SELECT product, count(*) AS orders\nFROM core.orders\nWHERE ds BETWEEN DATE '{{ ds }}' - INTERVAL 6 DAY AND DATE '{{ ds }}'\nGROUP BY product"
FOREVER = {"until": "forever", "until_reason": "a test"}
NEW = {"table": "report.by_product", **FOREVER}
FILE = "specs/report.by_product.sql"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "javascript:alert(1)",
    "*/ DROP TABLE x",
    "\u202ereverse",
    "x" * 10_000,
    "\x00",
    "a: [b",
    "../../etc/passwd",
)


class Form(HTMLParser):
    """The fields of the form with this id, as a browser would send them, and its buttons."""

    def __init__(self, page: str, form: str = "spec") -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.buttons: list[dict[str, str | None]] = []
        self._form, self._inside, self._area, self._select = form, False, "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = given.get("id") == self._form
        if tag == "button" and (self._inside or given.get("form") == self._form):
            self.buttons.append(given)
        if not self._inside:
            return
        name = given.get("name") or ""
        if tag == "input" and (given.get("type") not in {"radio", "checkbox"} or "checked" in given):
            self.fields[name] = given.get("value") or ""
        if tag == "textarea":
            self._area, self.fields[name] = name, ""
        if tag == "select":
            self._select = name
        if tag == "option" and "selected" in given:
            self.fields[self._select] = given.get("value") or "duckdb"

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = ""
        if tag == "form":
            self._inside = False


def form_of(client: TestClient, path: str = "/autodag") -> dict[str, str]:
    return Form(client.get(path).text).fields


def send(client: TestClient, path: str, **fields: Any) -> Any:
    """Send the form of a new spec with these fields."""
    return client.post(path, data={**form_of(client), **fields}, follow_redirects=False)


@pytest.fixture(scope="module")
def writer(finished_shop: Path) -> Any:
    """A client that may save, and whose tests do not: only for what changes nothing."""
    from drawloom.web.app import create_app
    from drawloom.web.site import Site

    gate = TokenGate("ana")
    with TestClient(create_app(Site(finished_shop), gate, hosts=("127.0.0.1",)), "http://127.0.0.1") as client:
        client.headers["sec-fetch-site"] = "same-origin"
        client.get("/sign-in", params={"token": gate.token})
        yield client


def test_the_empty_form(writer: TestClient) -> None:
    page = writer.get("/autodag").text
    assert "Paste a SELECT" in page
    assert "error" not in Structure(page).ids
    assert 'href="/autodag/core.orders"' in page
    assert "data-severity" not in page
    for dialect in (
        "duckdb",
        "spark",
        "hive",
        "trino",
        "presto",
        "bigquery",
        "snowflake",
        "redshift",
        "postgres",
        "mysql",
    ):
        assert f"<option>{dialect}" in page or f"<option selected>{dialect}" in page


@pytest.mark.parametrize(
    "path",
    ["/autodag", "/autodag/core.orders", "/autodag/core.customers", "/autodag/buyers", "/specs", "/specs/orders.sql"],
)
def test_pages_have_unique_ids_and_nothing_inline(writer: TestClient, path: str) -> None:
    answer = writer.get(path)
    assert answer.status_code == 200
    found = Structure(answer.text)
    assert len(found.ids) == len(set(found.ids))
    assert not found.inline
    if path.startswith("/autodag"):
        nonce = re.search(r'data-nonce="([^"]+)"', answer.text)
        assert nonce
        assert f"style-src 'self' 'nonce-{nonce[1]}'" in answer.headers["content-security-policy"]


def test_a_check_tells_everything(writer: TestClient) -> None:
    page = send(writer, "/autodag", **NEW, sql=WEEK, day="2026-03-09").text
    text = unescape(text_of(page))
    assert "It reads 1 table and fills report.by_product, @daily." in text
    assert "the 7 days that end on the day itself 2026-03-03 .. 2026-03-09 7 partitions" in text
    assert "A run waits for core.orders: the 7 days that end on the day itself." in text
    assert "All 10 runs of the history" in text
    assert "core.orders.product" in text
    assert "Which rows there are is decided by core.orders.ds , core.orders.product" in text
    assert "DATE '2026-03-09'" in text
    assert {"sql-duckdb", "sql-spark", "sql-trino"} <= set(Structure(page).ids)
    assert f"Will be saved as {FILE}" in text
    assert "<svg" in page
    assert "No table reads it yet." in text
    assert Form(page).fields["sql"] == WEEK
    assert not [one for one in Form(page).buttons if one.get("value") == "all"]


def test_who_reads_it_is_told(writer: TestClient) -> None:
    text = text_of(writer.get("/autodag/core.orders").text)
    assert "Read by buyers.accounting" in text or "Read by core.customers" in text
    assert "report.products_week" in text


def test_problems_have_places_and_fixes(writer: TestClient) -> None:
    sql = "WITH x AS (\n\nSELECT DISTINCT product FROM core.orders WHERE ds = '{{ ds }}' GROUP BY product)\nSELECT * FROM x"
    page = send(writer, "/autodag", **NEW, sql=sql).text
    assert 'data-line="3"' in page
    (fix,) = (one for one in Form(page).buttons if one.get("name") == "fix")
    ((start, end, text),) = json.loads(fix["data-edits"] or "")
    fixed = sql[:start] + text + sql[end:]
    assert "SELECT product" in fixed
    after = writer.post("/autodag", data={**Form(page).fields, "fix": fix["value"]}).text
    assert Form(after).fields["sql"] == fixed
    assert "data-edits" not in after
    gone = writer.post("/autodag", data={**Form(after).fields, "fix": fix["value"]}).text
    assert "nothing was fixed" in gone
    assert Form(gone).fields["sql"] == fixed


@pytest.mark.parametrize(
    "before",
    ["", "\n\n", "-- 😀 a comment\n", "INSERT OVERWRITE TABLE report.by_product PARTITION (ds = '{{ ds }}')\n"],
)
@pytest.mark.parametrize("fields", [NEW, {"table": ""}, {**NEW, "others": "keep: 90d\ncolumns: {product: VARCHAR}"}])
def test_fixes_are_made_at_their_place(writer: TestClient, before: str, fields: dict[str, str]) -> None:
    sql = f"{before}SELECT DISTINCT product FROM core.orders\nWHERE ds = '{{{{ ds }}}}' GROUP BY product"
    page = send(writer, "/autodag", **fields, sql=sql).text
    if "data-edits" not in page:  # an INSERT of another table than that of the form is refused as a whole
        assert before.startswith("INSERT")
        return
    after = send(writer, "/autodag", **fields, sql=sql, fix="all").text
    assert Form(after).fields["sql"] == sql.replace("DISTINCT ", "")
    encoded = sql.encode("utf-16-le")
    (fix,) = (one for one in Form(page).buttons if one.get("data-edits"))
    ((start, end, text),) = json.loads(fix["data-edits"] or "")
    assert (encoded[: 2 * start] + text.encode("utf-16-le") + encoded[2 * end :]).decode("utf-16-le") == sql.replace(
        "DISTINCT ", ""
    )
    line = int((re.search(r'data-line="(\d+)"', page) or [""])[1])
    assert line == sql[: sql.index("DISTINCT")].count("\n") + 1


def test_windows_lines_are_lines(writer: TestClient) -> None:
    page = send(writer, "/autodag", **NEW, sql=WEEK.replace("\n", "\r\n")).text
    assert Form(page).fields["sql"] == WEEK


def test_reads_are_told_before_it_has_a_name(writer: TestClient) -> None:
    page = send(writer, "/autodag", sql=WEEK).text
    assert "the 7 days that end on the day itself" in text_of(page)
    assert "Give the table that it fills a name" in page
    assert 'data-field="table"' in page


@pytest.mark.parametrize(
    "dialect", ["spark", "hive", "trino", "presto", "bigquery", "snowflake", "redshift", "postgres", "mysql"]
)
def test_other_dialects_are_read(writer: TestClient, dialect: str) -> None:
    page = send(
        writer, "/autodag", **NEW, dialect=dialect, sql="SELECT product FROM core.orders WHERE ds = '{{ ds }}'"
    ).text
    assert "the day itself" in text_of(page)
    assert f"<option selected>{dialect}" in page


def test_a_pasted_spec_fills_the_form(writer: TestClient) -> None:
    text = f"/* drawloom\ntable: report.by_product\ndescription: By product.\nuntil: {{forever: a test}}\nkeep: 90d\n*/\n{WEEK}"
    fields = Form(send(writer, "/autodag", sql=text).text).fields
    assert (fields["table"], fields["description"], fields["until"]) == ("report.by_product", "By product.", "forever")
    assert (fields["others"].strip(), fields["sql"]) == ("keep: 90d", WEEK)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({**NEW, "sql": "what is this?"}, "must be one SELECT"),
        ({**NEW, "sql": "DROP TABLE core.orders"}, "must be one SELECT"),
        ({**NEW, "sql": "SELECT '" * 50}, ""),
        ({**NEW, "table": "core.orders", "sql": WEEK}, "must have one owner"),
        ({**NEW, "table": "raw.orders", "sql": WEEK}, "must not be one that was landed"),
        ({**NEW, "table": "a/b", "sql": WEEK}, "must be schema.table"),
        ({**NEW, "until": "day", "until_day": "2026-99-01", "sql": WEEK}, "must be a day like"),
        ({**NEW, "until_reason": "", "sql": WEEK}, "Choose the last day"),
        ({**NEW, "schedule": "@often", "sql": WEEK}, "must be @daily, @weekly"),
        ({**NEW, "others": "columns: [", "sql": WEEK}, "must be YAML"),
        ({**NEW, "others": "table: core.x", "sql": WEEK}, "is given twice"),
        ({**NEW, "others": "x: '*/'", "sql": WEEK}, "error"),
        ({**NEW, "dialect": "klingon", "sql": WEEK}, "The dialect is 'klingon'; it must be"),
        ({**NEW, "sql": "{% for i in range(999999999) %}x{% endfor %}"}, "error"),
        ({**NEW, "sql": "(" * 5_000}, "error"),
        ({**NEW, "sql": "SELECT pg_read_file('/etc/passwd') AS x FROM read_csv('/etc/passwd')"}, "error"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_saved(
    writer: TestClient, finished_shop: Path, fields: dict[str, str], said: str
) -> None:
    before = sorted((finished_shop / "specs").iterdir())
    for path in ("/autodag", "/autodag/save"):
        answer = send(writer, path, **fields)
        assert answer.status_code == (200 if path == "/autodag" else 400)
        assert said in unescape(text_of(answer.text))
        assert "root:x:" not in answer.text
        assert Form(answer.text).fields["sql"] == fields["sql"]
    assert sorted((finished_shop / "specs").iterdir()) == before


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_fields_are_text(writer: TestClient, finished_shop: Path, hostile: str) -> None:
    before = {
        path: path.read_bytes()
        for path in finished_shop.rglob("*.*")
        if path.is_file() and ".drawloom" not in str(path)
    }
    names = (
        "table",
        "description",
        "owner",
        "schedule",
        "until_day",
        "until_reason",
        "dialect",
        "others",
        "sql",
        "day",
        "file",
        "began_from",
        "whole",
    )
    forms = [{name: hostile} for name in names] + [dict.fromkeys(names, hostile)]
    for form in forms:
        answer = send(writer, "/autodag", **{**NEW, "sql": WEEK, **form})
        assert answer.status_code in {200, 400}
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert not Structure(answer.text).inline
    answer = send(writer, "/autodag/save", **dict.fromkeys(names, hostile))
    assert answer.status_code == 400
    for path in (f"/autodag/{hostile}", f"/specs/{hostile}", f"/saved/{hostile}"):
        assert writer.get(path.replace("\x00", "%00")).status_code in {400, 404}
    assert before == {path: path.read_bytes() for path in before}


def test_a_large_paste_is_refused_at_once_and_kept(writer: TestClient) -> None:
    sql = "SELECT 1 -- " + "x" * 1_000_000
    answer = send(writer, "/autodag", **NEW, sql=sql)
    assert answer.status_code == 200
    assert f"must be at most {MOST_CHARACTERS:,}" in answer.text
    assert Form(answer.text).fields["sql"] == sql
    assert send(writer, "/autodag/save", **NEW, sql=sql, anyway="1").status_code == 400
    assert (
        writer.post(
            "/autodag", content=b"x" * 20_000_000, headers={"content-type": "application/x-www-form-urlencoded"}
        ).status_code
        == 413
    )


def test_the_live_part_is_the_panel_alone(writer: TestClient) -> None:
    answer = send(writer, "/autodag/analyze", **NEW, sql=WEEK)
    assert answer.text.strip().startswith('<p class="verdict good"')
    assert "<html" not in answer.text
    assert not Structure(answer.text).inline


def test_forms_of_others_are_not_believed(writer: TestClient) -> None:
    for path in ("/autodag", "/autodag/analyze", "/autodag/save", "/autodag/renew"):
        assert writer.post(path, data={"sql": "SELECT 1"}).status_code == 403
        assert writer.post(path, data=form_of(writer), headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_who_may_only_look_does_not_save(open_client: OpenClient, shop: Path) -> None:
    gate = TokenGate("ana", read_only=True)
    client = open_client(shop, gate)
    client.get("/sign-in", params={"token": gate.token})
    page = send(client, "/autodag", **NEW, sql=WEEK).text
    assert "may look, but not save" in page
    assert send(client, "/autodag/save", **NEW, sql=WEEK).status_code == 403
    assert not (shop / FILE).exists()


def test_saving_makes_a_pipeline(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    answer = send(client, "/autodag/save", **NEW, description="By */ product\nand week", sql=WEEK)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/saved/{FILE}")
    assert (shop / FILE).read_text().endswith(f"*/\n{WEEK}\n")
    page = unescape(text_of(client.get(answer.headers["location"]).text))
    assert "It was saved." in page
    assert "10 missing" in page
    assert "none: the project ends on 2026-03-10" in page
    assert "The project is not in a git repository." in page
    assert 'href="/backfill?name=report.by_product"' in client.get(answer.headers["location"]).text
    assert Form(client.get("/autodag/report.by_product").text).fields["description"] == "By */ product\nand week"
    audit = json.loads((shop / ".drawloom" / "audit.jsonl").read_text().splitlines()[-1])
    assert (audit["user"], audit["action"], audit["file"]) == ("ana", "save", FILE)


def test_a_name_that_exists_is_told(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    assert send(client, "/autodag/save", **NEW, sql=WEEK).status_code == 303
    answer = send(client, "/autodag/save", **NEW, sql="SELECT 2 AS two")
    assert answer.status_code == 400
    assert f'href="/{FILE}"' in answer.text
    assert "exists already" in answer.text
    assert WEEK in (shop / FILE).read_text()


def test_the_second_of_two_people_sees_the_difference(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    form = form_of(client, "/autodag/core.orders")
    first = {**form, "sql": form["sql"] + "\n-- by Ana"}
    second = {**form, "sql": form["sql"] + "\n-- by Ben"}
    assert client.post("/autodag/save", data=first, follow_redirects=False).status_code == 303
    answer = client.post("/autodag/save", data=second)
    assert answer.status_code == 409
    assert "was changed since this page was opened" in answer.text
    assert "<del>-- -- by Ana</del>" in answer.text.replace("<del>--- by Ana</del>", "<del>-- -- by Ana</del>")
    assert "by Ana" in (shop / "specs" / "orders.sql").read_text()
    again = Form(answer.text).fields
    assert again["sql"].endswith("by Ben")
    assert client.post("/autodag/save", data=again, follow_redirects=False).status_code == 303
    assert "by Ben" in (shop / "specs" / "orders.sql").read_text()


def test_what_is_not_edited_stays_as_it_was(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    spec = shop / "specs" / "customers.sql"
    before = spec.read_text()
    form = form_of(client, "/autodag/core.customers")
    assert "needed, because" in form["others"]
    client.post("/autodag/save", data=form)
    assert spec.read_text() == before
    client.post("/autodag/save", data={**form, "owner": "ana@example.com"})
    assert (
        spec.read_text() == before.replace("until:", "owner: ana@example.com\nuntil:")
        or "owner: ana@example.com" in spec.read_text()
    )
    assert len(spec.read_text().splitlines()) == len(before.splitlines()) + 1


def test_errors_can_be_saved_on_purpose(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    sql = WEEK.replace("core.orders", "core.unknown")
    assert send(client, "/autodag/save", **NEW, sql=sql).status_code == 400
    answer = send(client, "/autodag/save", **NEW, sql=sql, anyway="1")
    assert answer.status_code == 303
    assert "It was saved, and has problems." in client.get(answer.headers["location"]).text
    assert send(client, "/autodag/save", **{**NEW, "table": "core.orders"}, sql=WEEK, anyway="1").status_code == 400


def test_misspelled_names_are_told_before_the_table_has_one_and_mended_at_once(writer: TestClient) -> None:
    sql = "\nSELECT prodct, sum(amount) / count(order_id) AS a, sum(amount) / count(order_id) AS b\nFROM core.ordrs\nWHERE ds = DATE '{{ ds }}'\nGROUP BY ALL"
    page = send(writer, "/autodag", sql=sql)
    form = Form(page.text)
    fixes = {str(one["aria-label"]): str(one["value"]) for one in form.buttons if one.get("name") == "fix"}
    table = next(key for label, key in fixes.items() if label.startswith("Apply: Did you mean core.orders?"))
    assert "The SELECT reads core.ordrs, which is not a table" in page.text
    assert text_of(page.text).count("which may be zero") == 1
    page = writer.post("/autodag", data={**form.fields, "fix": table})
    form = Form(page.text)
    assert form.fields["sql"] == sql.replace("ordrs", "orders")
    assert not [one for one in form.buttons if one.get("value") == "all"]
    fixes = {str(one["aria-label"]): str(one["value"]) for one in form.buttons if one.get("name") == "fix"}
    for label in ("Apply: Did you mean product?", "Apply: Write nullif(count(order_id), 0)."):
        form = Form(writer.post("/autodag", data={**form.fields, "fix": fixes[label]}).text)
        fixes = {str(one["aria-label"]): str(one["value"]) for one in form.buttons if one.get("name") == "fix"}
    assert form.fields["sql"].count("nullif(count(order_id), 0)") == 2
    assert form.fields["sql"].startswith("\nSELECT product,")


def test_broken_specs_are_mended_here(open_client: OpenClient, shop: Path) -> None:
    (shop / "specs" / "broken.sql").write_text("/* drawloom\ntable: core.broken\nuntil: [\n*/\nSELECT 1 AS one")
    (shop / "specs" / "half.sql").write_text("/* drawloom\ntable: core.half\n*/\nSELECT 1 AS one")
    client = open_client(shop)
    home = client.get("/").text
    assert 'href="/specs/broken.sql"' in home
    assert text_of(client.get("/specs").text).index("broken.sql") < text_of(client.get("/specs").text).index(
        "orders.sql"
    )
    page = client.get("/specs/broken.sql").text
    form = Form(page).fields
    assert form["whole"] == "yes"
    assert "must be YAML" in page
    assert 'data-line="4"' in page or 'data-line="3"' in page
    mended = {**form, "sql": form["sql"].replace("[", "'forever: a test'")}
    assert client.post("/autodag/save", data=mended, follow_redirects=False).status_code == 303
    half = client.get("/autodag/core.half").text
    assert "Choose the last day" in half
    assert (
        client.post("/autodag/save", data={**Form(half).fields, **FOREVER}, follow_redirects=False).status_code == 303
    )
    assert "broken.sql" not in client.get("/").text


def test_other_kinds_are_edited_as_text(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    page = client.get("/autodag/buyers").text
    form = Form(page).fields
    assert form["sql"].strip().startswith("kind: growth")
    assert "fills" in text_of(page)
    wrong = client.post("/autodag", data={**form, "sql": form["sql"].replace("customer", "custommer")}).text
    assert "custommer" in text_of(wrong)
    changed = {**form, "sql": form["sql"].replace("People who buy.", "Who buys.")}
    assert client.post("/autodag/save", data=changed, follow_redirects=False).status_code == 303
    assert "Who buys." in (shop / "specs" / "buyers.yml").read_text()


def test_python_is_not_edited_here(open_client: OpenClient, shop: Path) -> None:
    (shop / "specs" / "made.py").write_text(
        "from drawloom.frameworks.autodag import AutoDag\nspec = AutoDag(table='core.made', sql='SELECT 1 AS one', until='forever: a test')\n"
    )
    client = open_client(shop)
    answer = client.get("/autodag/core.made")
    assert answer.status_code == 400
    assert "is written in Python" in answer.text
    assert client.get("/specs/made.py").status_code == 400
    form = {**form_of(client), **NEW, "file": "specs/made.py", "whole": "yes", "sql": "import os"}
    assert client.post("/autodag/save", data=form).status_code == 400


def test_expired_ones_are_renewed_by_their_length(open_client: OpenClient, shop: Path) -> None:
    spec = shop / "specs" / "orders.sql"
    spec.write_text(
        spec.read_text().replace("until:\n  forever: it is the base of all other tables", "until: 2026-04-20")
    )
    client = open_client(shop)
    page = client.get("/autodag/core.orders").text
    assert "It is scheduled until 2026-04-20" in page
    until = (re.search(r"Renew until (\S+)<", page) or [""])[1]
    form = {name: Form(page).fields[name] for name in ("form_token", "file", "began_from")}
    assert client.post("/autodag/renew", data={**form, "began_from": "old"}).status_code == 409
    answer = client.post("/autodag/renew", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/saved/specs/orders.sql"
    assert f"until: {until}" in spec.read_text()
    assert "Renew" not in client.get("/autodag/core.orders").text
    assert client.post("/autodag/renew", data={**form, "file": "specs/buyers.yml"}).status_code == 400


def test_a_save_can_be_committed_on_a_branch(open_client: OpenClient, shop: Path) -> None:
    def git(*arguments: str) -> str:
        person = ("-c", "user.name=a", "-c", "user.email=a@b")
        return subprocess.run(["git", *person, *arguments], cwd=shop, check=True, capture_output=True, text=True).stdout

    git("init", "-q", "-b", "main")
    git("add", "specs", "drawloom.yml")
    git("commit", "-qm", "begin")
    client = open_client(shop)
    assert "commit on" in client.get("/autodag/core.orders").text
    form = form_of(client, "/autodag/core.orders")
    answer = client.post(
        "/autodag/save", data={**form, "sql": form["sql"] + "\n-- more", "commit": "1"}, follow_redirects=False
    )
    page = client.get(answer.headers["location"]).text
    assert "Committed as" in page
    assert "<ins>+-- more</ins>" in page
    assert git("log", "-1", "--format=%an %s", "drawloom/core.orders").strip() == "ana specs/orders.sql saved by ana"
    assert git("status", "--porcelain", "specs").strip() == "M specs/orders.sql"
    git("checkout", "-q", "--", "specs")
    git("branch", "-q", "-D", "drawloom/core.orders")
    git("branch", "drawloom")
    again = client.post(
        "/autodag/save", data={**form_of(client, "/autodag/core.orders"), "sql": form["sql"] + "\n-- x", "commit": "1"}
    )
    assert "git update-ref" in again.text
    assert "-- x" in (shop / "specs" / "orders.sql").read_text()


def test_sample_rows_need_a_permission(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    form = {**form_of(client), **NEW, "sql": WEEK, "sample": "1"}
    assert "ui.allow_preview is false" in client.post("/autodag", data=form).text
    with (shop / "drawloom.yml").open("a") as settings:
        settings.write("\nui: {allow_preview: true}\n")
    page = client.post("/autodag", data=form).text
    assert 'aria-label="Rows"' in page
    assert "Show rows of 2026-03-10" in page
    files = {**form, "sql": "SELECT content FROM read_text('/etc/hostname')"}
    assert 'aria-label="Rows"' not in client.post("/autodag", data=files).text


def test_a_change_says_what_it_makes_stale(writer: TestClient) -> None:
    form = form_of(writer, "/autodag/core.orders")
    assert "stale" not in text_of(writer.post("/autodag", data=form).text)
    said = text_of(
        writer.post(
            "/autodag", data={**form, "sql": form["sql"].replace(" product", " upper(product) AS product")}
        ).text
    )
    assert re.search(
        r"Saving it makes 10 partitions stale, and then up to [1-9]\d* partitions in \d+ tables made of it", said
    )
    assert "Saving it makes no partition stale." in text_of(writer.post("/autodag", data={**form, "owner": "b"}).text)


def test_specs_are_searched(writer: TestClient) -> None:
    page = text_of(writer.get("/specs").text)
    assert "specs/buyers.yml growth" in " ".join(page.split())
    assert "10 fresh" in page
    assert "specs/orders.sql" not in text_of(writer.get("/specs", params={"kind": "growth"}).text)
    assert "specs/orders.sql" in text_of(writer.get("/specs", params={"q": "core.orders"}).text)
    assert "No spec has that" in writer.get("/specs", params={"q": "nothing-has-this"}).text
