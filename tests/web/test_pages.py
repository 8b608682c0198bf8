"""What pages show, and what they answer when something is wrong."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.frameworks.page import DataTable
from drawloom.frameworks.table_page import family_page
from drawloom.model import Column, Family, Member
from drawloom.run.init import init_project
from drawloom.run.project import Project
from drawloom.web.templating import environment

OpenClient = Callable[..., TestClient]


class Structure(HTMLParser):
    """Ids, handlers and styles of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for key, value in attrs if key == "id"]
        self.inline += [f"{tag} {key}" for key, _ in attrs if key.startswith("on") or key == "style"]
        if tag == "style" or (tag == "script" and "src" not in dict(attrs)):
            self.inline.append(tag)


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize(
    "path", ["/", "/show/core.orders", "/show/buyers", "/show/buyers?cut=product&window=7", "/nothing"]
)
def test_pages_have_unique_ids_and_nothing_inline(reader: TestClient, path: str) -> None:
    found = Structure(reader.get(path).text)
    assert len(found.ids) == len(set(found.ids))
    assert not found.inline


def test_home_lists_pipelines_with_their_days(reader: TestClient) -> None:
    text = reader.get("/").text
    for name in ("core.orders", "core.customers", "report.products_week", "buyers"):
        assert f'href="/show/{name}"' in text
    assert "10 fresh" in text
    assert "Nothing: every partition that can be written is fresh" in text


def test_home_can_be_searched(reader: TestClient) -> None:
    assert "report.products_week" not in reader.get("/", params={"kind": "growth"}).text
    found = reader.get("/", params={"q": "people who buy"}).text
    assert 'href="/show/buyers"' in found
    assert 'href="/show/core.orders"' not in found
    assert "No pipeline has that" in reader.get("/", params={"q": "zebra"}).text


def test_home_can_be_searched_by_tag(open_client: OpenClient, shop: Path) -> None:
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("until:", "tags: [nightly]\nuntil:"))
    client = open_client(shop)
    text = client.get("/", params={"tag": "nightly"}).text
    assert 'href="/show/core.orders"' in text
    assert 'href="/show/buyers"' not in text
    assert "<option selected>nightly</option>" in text
    assert 'href="/?tag=nightly"' in client.get("/show/core.orders").text
    assert "core.customers" not in client.get("/tables", params={"q": "nightly"}).text


def test_home_says_what_needs_somebody(open_client: OpenClient, shop: Path) -> None:
    (shop / "specs" / "broken.sql").write_text("/* drawloom\ntable: core.broken\nowner: a@example.com\n*/\nSELEC 1")
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("FROM raw.orders", ", 1 AS one FROM raw.orders"))
    text = open_client(shop).get("/").text
    assert "specs/broken.sql" in text
    told = text_of(text)
    assert re.search(r"stale \d+ partitions in \d+ tables since core.orders' code changed", told)
    assert "will be rebuilt" not in told.split("Pipelines")[0], "what has one cause is told once"
    assert "Nothing:" not in told


def test_tables_that_are_late_stay_when_their_code_changes(open_client: OpenClient, shop: Path) -> None:
    settings = shop / "drawloom.yml"
    settings.write_text(settings.read_text().replace("end: 2026-03-10", "end: 2026-03-11"))
    client = open_client(shop)
    before = text_of(client.get("/").text)
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("FROM raw.orders", ", 1 AS one FROM raw.orders"))
    after = text_of(client.get("/").text)
    for text in (before, after):
        assert re.search(r"late \d+ partitions in \d+ tables, 2026-03-11, because raw.orders is not there", text)
    assert "since core.orders" in after


def test_causes_come_before_what_they_hold_back(open_client: OpenClient, shop: Path) -> None:
    with Project.load(shop) as project:
        project.registry.forget("core.customers", [date(2026, 3, 10)])
        project.registry.fail("core.orders", date(2026, 3, 10), "no space left")
    text = text_of(open_client(shop).get("/").text)
    assert text.index("no space left") < text.index("because core.orders failed")


def test_a_new_project_is_told_to_be_filled(open_client: OpenClient, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    init_project(folder)
    client = open_client(folder)
    page = client.get("/").text
    assert "never run" in text_of(page)
    assert "Nothing:" not in page
    assert client.get("/backfill", params={"show": 1}).status_code == 200


def test_a_page_has_what_its_framework_says(reader: TestClient) -> None:
    text = text_of(reader.get("/show/buyers").text)
    assert "buyers: orders" in text
    assert "Day by day" in text
    assert reader.get("/show/buyers").text.count("<svg") >= 4


def test_every_page_says_how_fresh_its_data_is(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    names = ("core.orders", "buyers", "report.products_week")
    for name in names:
        assert "Fresh until 2026-03-10." in text_of(client.get(f"/show/{name}").text), name
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("FROM raw.orders", ", 1 AS one FROM raw.orders"))
    for name in names:
        page = client.get(f"/show/{name}").text
        assert re.search(r"Fresh until no day\. \d+ stale", text_of(page)), name
        assert re.search(r'href="/partitions/[\w.]+\?state=stale"', page), name


def test_choices_are_in_the_address(reader: TestClient) -> None:
    assert "Day by day, 1-day window" in reader.get("/show/buyers?window=1").text
    assert reader.get("/show/buyers?window=1&as_of=").status_code == 200, "a form sends what is not chosen, too"
    answer = reader.get("/show/buyers?window=3")
    assert answer.status_code == 400
    assert "window == &#39;3&#39;, must be one of" in answer.text


def test_a_block_is_csv_sql_and_a_picture(reader: TestClient) -> None:
    csv = reader.get("/show/core.orders/rows.csv")
    assert csv.text.splitlines()[0] == "ds,n_rows"
    assert len(csv.text.splitlines()) == 11
    assert 'filename="core.orders-rows.csv"' in csv.headers["content-disposition"]
    assert reader.get("/show/core.orders/rows.sql").text.startswith("SELECT")
    svg = reader.get("/show/core.orders/rows.svg").text
    assert svg.startswith("<svg")
    assert "<style>" in svg
    assert reader.get("/show/core.orders/newest.svg").status_code == 404
    assert reader.get("/show/core.orders/nothing.csv").status_code == 404


def test_an_unknown_name_offers_the_nearest(reader: TestClient) -> None:
    answer = reader.get("/show/core.order")
    assert answer.status_code == 404
    assert "Did you mean core.orders?" in answer.text
    assert "Nothing was changed" in answer.text


def test_a_family_and_a_table_have_pages(reader: TestClient) -> None:
    assert reader.get("/show/report.products_week").status_code == 200


def test_a_table_without_partitions_says_what_to_do(open_client: OpenClient, shop: Path) -> None:
    (shop / "specs" / "new.sql").write_text(
        "/* drawloom\ntable: core.fresh\nowner: a@example.com\nuntil: 'forever: a test'\n*/\nSELECT order_id FROM raw.orders WHERE ds = '{{ ds }}'"
    )
    client = open_client(shop)
    answer = client.get("/show/core.fresh")
    assert answer.status_code == 200
    assert "Plan and fill it" in answer.text
    assert "never" in client.get("/").text


def test_without_settings_the_page_says_so(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    (shop / "drawloom.yml").write_text("name: 1 2 3\n")
    answer = client.get("/")
    assert answer.status_code == 400
    assert "drawloom.yml" in answer.text


def test_hostile_names_are_text(reader: TestClient) -> None:
    for hostile in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "javascript:alert(1)"):
        for answer in (
            reader.get("/", params={"q": hostile}),
            reader.get("/show/buyers", params={"window": hostile}),
            reader.get(f"/show/{hostile}"),
        ):
            assert "<script>alert" not in answer.text
            assert "<img src=x" not in answer.text


def test_a_template_in_a_name_is_not_rendered(reader: TestClient) -> None:
    text = reader.get("/", params={"q": "{{7*7}}"}).text
    assert 'value="{{7*7}}"' in text
    assert 'value="49"' not in text


def test_the_rest_of_home_is_counted(reader: TestClient) -> None:
    assert "5 pipelines" not in reader.get("/").text
    assert "4 pipelines" in reader.get("/").text


@pytest.mark.parametrize(
    "path", ["/static/../site.py", "/static/%2e%2e/site.py", "/static/missing.css", "/static/", "/static"]
)
def test_only_our_files_are_served(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code == 404


def test_a_family_explains_itself_and_its_members_are_links() -> None:
    members = (Member("metrics.trips", (("source", "trips"),), ()), Member("metrics.meals", (("source", "meals"),), ()))
    page = family_page(Family("metrics.repository", (Column("source", "VARCHAR"),), members), {})
    assert "rows of all members, told apart by source" in page.description
    (block,) = page.blocks
    assert isinstance(block, DataTable)
    row = {"member": "metrics.trips", "source": "trips", "last_day": None, "n_rows": 0}
    macro = environment().get_template("parts.html").module.data_table  # type: ignore[attr-defined]
    text = macro(block.columns, [row], "Members", lambda path: f"/{path}")
    assert '<a href="/tables/metrics.trips">metrics.trips</a>' in text
