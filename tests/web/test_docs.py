"""The documentation of a project as files: what it says of each table, where its links lead, and what its search finds."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.cli.main import run_command
from drawloom.run.project import Project
from drawloom.web.docs import follow_columns
from drawloom.web.export import LINKS

TEST = """
tea is sold:
  description: One cup is one row.
  ds: 2026-03-01
  given: {raw.orders: [{order_id: 1, product: tea}]}
  expect: {core.orders: [{order_id: 1, product: tea}]}
"""


MACROS = """
{# earliest(column: sql) -> date: The first day of all. #}
{% macro earliest(column) %}{{ least_of(column) }}{% endmacro %}
{% macro least_of(column) %}min({{ column }}){% endmacro %}
"""


@pytest.fixture(scope="module")
def site(finished_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    shop = Path(shutil.copytree(finished_shop, folder / "shop"))
    (shop / "tests").mkdir(exist_ok=True)
    (shop / "tests" / "tea.yml").write_text(TEST)
    spec = shop / "specs" / "orders.sql"
    spec.write_text(spec.read_text().replace("description:", "tags: [money]\ndescription:", 1))
    (shop / "macros").mkdir()
    (shop / "macros" / "own.sql").write_text(MACROS)
    customers = shop / "specs" / "customers.sql"
    customers.write_text(customers.read_text().replace("min(first_day)", "{{ earliest('first_day') }}"))
    assert run_command(["-C", str(shop), "docs", "build", str(folder / "site")]) == 0
    return folder / "site"


def index(site: Path) -> list[list[str]]:
    text = (site / "docs" / "search-index.js").read_text()
    found: list[list[str]] = json.loads(text.removeprefix("globalThis.drawloomIndex=").rstrip(";\n"))
    return found


def test_every_link_leads_to_a_file_and_a_place_in_it(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 8
    for page in pages:
        for found in LINKS.finditer(page.read_text()):
            address, _, place = html.unescape(found["address"]).partition("#")
            target = (page.parent / address).resolve() if address else page
            assert target.is_file(), (page, address)
            assert not place or f'id="{place}"' in target.read_text(), (page, address, place)


def test_a_page_says_what_a_table_is(site: Path) -> None:
    text = (site / "tables" / "core.orders.html").read_text()
    for part in (
        "One row per order.",
        "owner you@example.com",
        "kept for ever",
        "money",
        "raw.orders.order_id",
        "core.customers.spent",
        "unique(order_id)",
        "One cup is one row.",
        "tests/tea.yml:2",
        "FROM raw.orders",
    ):
        assert part in text, part
    state = (site / "tables" / "growth.buyers_state.html").read_text()
    assert "7 days, ends of months for ever" in state


def test_it_is_about_what_tables_are_and_has_no_rows_of_them(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert "<form" not in text, page
        assert ">Sample<" not in text, page
        assert "Newest partitions" not in text, page
    assert sorted(one.name for one in site.iterdir()) == [
        ".drawloom-pages",
        "docs",
        "index.html",
        "macros.html",
        "static",
        "tables",
    ]


def test_the_search_finds_tables_and_columns_where_they_are(site: Path) -> None:
    found = {entry[1]: entry for entry in index(site)}
    kind, _, description, words, file = found["core.orders"]
    assert (kind, description, file) == ("table", "One row per order.", "tables/core.orders.html")
    assert {"you@example.com", "money"} <= set(words.split())
    kind, _, _, words, file = found["core.customers.spent"]
    assert (kind, words, file) == ("column", "DECIMAL(18,2)", "tables/core.customers.html#column-spent")
    for entry in index(site):
        target, _, place = entry[4].partition("#")
        assert not place or f'id="{place}"' in (site / target).read_text(), entry


def test_macros_have_signatures_and_users(site: Path) -> None:
    text = (site / "macros.html").read_text()
    first, second = text.split('<section class="card">')[1:]
    assert "earliest(column: sql) -&gt; date" in first
    assert "The first day of all." in first
    assert '<a href="tables/core.customers.html">core.customers</a>' in first
    assert "macros/own.sql:3" in first
    assert '<dt>In the macros</dt><dd><a href="#macro-earliest">earliest</a>' in second
    assert (
        '<a href="../macros.html#macro-least_of"><code>least_of</code></a>'
        in (site / "tables" / "core.customers.html").read_text()
    )
    (entry,) = [one for one in index(site) if one[:2] == ["macro", "earliest"]]
    assert entry[2:] == ["The first day of all.", "earliest(column: sql) -> date", "macros.html#macro-earliest"]


def test_tags_and_owners_lead_to_their_tables(site: Path) -> None:
    text = (site / "index.html").read_text()
    tags = re.search(r'id="tags".*?</section>', text, re.DOTALL)
    owners = re.search(r'id="owners".*?</section>', text, re.DOTALL)
    assert tags
    assert owners
    assert 'money</span></dt><dd><a href="tables/core.orders.html">core.orders</a></dd>' in tags[0]
    assert '<dt>nobody</dt><dd><a href="tables/raw.orders.html">' in owners[0]


def test_a_project_that_never_ran_has_its_documentation(tmp_path: Path) -> None:
    assert run_command(["init", "--shop", str(tmp_path / "new")]) == 0
    assert run_command(["-C", str(tmp_path / "new"), "docs", "build", str(tmp_path / "site")]) == 0
    assert "One row per order." in (tmp_path / "site" / "tables" / "core.orders.html").read_text()


def test_following_columns_says_how_far_it_is(finished_shop: Path) -> None:
    told: list[str] = []
    with Project.load(finished_shop) as project:
        follow_columns(project, told.append)
    assert told[0].startswith("columns of 1 of 9 tables: ")
    assert len(told) == 9


def test_the_pages_of_documentation_are_no_pages_of_the_ui(reader: TestClient) -> None:
    assert reader.get("/docs").status_code == 404
    assert reader.get("/docs/search-index.js").status_code == 404
