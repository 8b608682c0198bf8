"""The pages of tables, the query page, and the graph of tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from drawloom.model import InputError
from drawloom.run.console import check_select
from drawloom.run.project import Project
from drawloom.run.table_graph import neighbourhood, readers_of
from drawloom.web.gate import TokenGate
from tests.web.test_pages import Structure

OpenClient = Callable[..., TestClient]


def allow_preview(shop: Path, more: str = "") -> None:
    with (shop / "drawloom.yml").open("a") as file:
        file.write(f"\nui: {{allow_preview: true{more}}}\n")


def token_of(page: str) -> str:
    return page.split('name="form_token" value="')[1].split('"', maxsplit=1)[0]


def ask(client: TestClient, sql: str) -> str:
    token = token_of(client.get("/query").text)
    return client.post("/query", data={"sql": sql, "form_token": token}).text


@pytest.mark.parametrize(
    "path", ["/tables", "/tables/core.orders", "/tables/raw.orders", "/tables/growth.buyers", "/query"]
)
def test_pages_have_unique_ids_and_nothing_inline(reader: TestClient, path: str) -> None:
    answer = reader.get(path)
    assert answer.status_code == 200
    found = Structure(answer.text)
    assert len(found.ids) == len(set(found.ids))
    assert not found.inline


def test_tables_can_be_searched(reader: TestClient) -> None:
    everything = reader.get("/tables").text
    assert all(name in everything for name in ("raw.orders", "core.orders", "report.products_week"))
    assert "core.orders" not in reader.get("/tables", params={"q": "products"}).text
    assert "report.products_week" not in reader.get("/tables", params={"kind": "landed"}).text
    assert "No table has that" in reader.get("/tables", params={"q": "zebra"}).text


def test_what_has_moved_is_a_click_away(shop: Path, open_client: OpenClient, reader: TestClient) -> None:
    assert "what has moved" not in reader.get("/tables").text
    (shop / "specs/watch.yml").write_text("kind: stats\nname: shop_stats\ntables: [core.*]\nuntil: {forever: a test}\n")
    assert '<a href="/show/shop_stats">what has moved</a>' in open_client(shop).get("/tables").text


def test_a_table_says_what_it_is(reader: TestClient) -> None:
    text = reader.get("/tables/CORE.orders").text
    for part in (
        "core.orders",
        "10 fresh in all",
        "order_id",
        "kept for ever",
        "specs/orders.sql",
        "ui.allow_preview is false",
    ):
        assert part in text
    assert 'href="/tables/core.customers"' in text
    assert reader.get("/tables/core.nothing").status_code == 404


def test_more_hops_show_more(reader: TestClient) -> None:
    assert "core.customers" not in reader.get("/tables/raw.orders").text
    assert "core.customers" in reader.get("/tables/raw.orders?hops=2").text
    assert reader.get("/tables/raw.orders?hops=0").status_code == 422


def test_rows_are_shown_where_that_is_allowed(open_client: OpenClient, shop: Path) -> None:
    allow_preview(shop)
    client = open_client(shop)
    assert ">tea<" in client.get("/tables/core.orders").text
    assert ">12<" in ask(client, "SELECT count(*) AS n FROM core.orders")
    assert "No rows." in ask(client, "SELECT * FROM core.orders WHERE FALSE")
    assert "nothing does not exist" in ask(client, "SELECT nothing(1)")


def test_rows_are_limited(open_client: OpenClient, shop: Path) -> None:
    allow_preview(shop, ", preview_rows: 3")
    assert "the first 3 rows" in ask(open_client(shop), "SELECT * FROM core.orders")


def test_a_slow_query_is_stopped(open_client: OpenClient, shop: Path) -> None:
    allow_preview(shop, ", preview_seconds: 1")
    text = ask(open_client(shop), "SELECT sum(a.i * b.i) FROM range(3000000) AS a(i), range(3000000) AS b(i)")
    assert "took more than 1 seconds" in text


def test_nothing_is_read_without_permission(open_client: OpenClient, shop: Path) -> None:
    gate = TokenGate("ana")
    client = open_client(shop, gate)
    client.headers["authorization"] = f"Bearer {gate.token}"
    assert "<textarea" not in client.get("/query").text
    answer = client.post("/query", data={"sql": "SELECT 1"})
    assert answer.status_code == 400
    assert "ui.allow_preview == false" in answer.text


def test_forms_of_others_are_refused(open_client: OpenClient, shop: Path) -> None:
    allow_preview(shop)
    client = open_client(shop)
    token = token_of(client.get("/query").text)
    for headers, data in (
        ({"sec-fetch-site": "cross-site"}, {"sql": "SELECT 1", "form_token": token}),
        ({}, {"sql": "SELECT 1", "form_token": "other"}),
        ({}, {"sql": "SELECT 1"}),
    ):
        assert client.post("/query", data=data, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM (WITH "/etc/passwd" AS (SELECT 1) SELECT * FROM "/etc/passwd") AS a, "/etc/passwd" AS b',
        "SELECT (SELECT content FROM read_text('/etc/passwd'))",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM query('SELECT 1')",
        "SELECT getenv('HOME')",
        "SELECT current_setting('allowed_directories')",
        "COPY core.orders TO '/tmp/x'",
        "SELECT 1; DROP TABLE core.orders",
        "SELECT * FROM core.orders WHERE order_id IN (SELECT 1 FROM glob('*'))",
        "ATTACH '/tmp/x.db'",
        "DELETE FROM core.orders",
        "SELEC 1",
        "",
        "SELECT " + "(" * 5000 + "1",
        "SELECT '" + "x" * 200_000 + "'",
    ],
)
def test_only_tables_of_the_project_are_read(sql: str) -> None:
    with pytest.raises(InputError):
        check_select(sql, {"core.orders"})


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM core.orders",
        "FROM Core.Orders",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a, unnest([1, 2]) AS u(y)",
        "SELECT * FROM range(3) AS r(i) UNION ALL SELECT order_id FROM core.orders",
        "SELECT * FROM (VALUES (1)) AS v(x)",
    ],
)
def test_selects_over_tables_are_read(sql: str) -> None:
    assert check_select(sql, {"core.orders"})


def test_the_graph_of_tables(finished_shop: Path) -> None:
    with Project.load(finished_shop) as project:
        pipelines = project.pipelines
        near = neighbourhood(pipelines, "core.orders", 1)
        assert near.distances["raw.orders"] == -1
        assert near.distances["core.customers"] == 1
        assert ("raw.orders", "core.orders") in near.edges
        assert near.hidden
        assert readers_of(pipelines, "raw.orders") == ["core.orders"]
        assert not neighbourhood(pipelines, "raw.orders", 9).hidden


DESCRIBED = """/* drawloom
table: report.never
owner: a@example.com
tags: [nightly]
until: {forever: a test}
columns:
  product: {type: VARCHAR, description: What was sold., tags: [pii]}
  spent: {type: DOUBLE}
*/
SELECT product, CAST(sum(amount) AS DOUBLE) AS spent FROM core.orders WHERE ds = DATE '{{ ds }}' GROUP BY product
"""


def test_a_table_says_what_its_columns_are_and_where_they_come_from(open_client: OpenClient, shop: Path) -> None:
    (shop / "specs" / "never.sql").write_text(DESCRIBED)
    page = open_client(shop).get("/tables/report.never").text
    assert "What was sold." in page
    assert '<span class="pill">pii</span>' in page
    assert '<a href="/?tag=nightly">nightly</a>' in page
    assert '<a href="/specs/never.sql">Edit specs/never.sql</a>' in page
    origin = '<a href="/tables/core.orders#column-{0}"><code>core.orders.{0}</code></a>'
    assert f'data-label="Copied from"><span>{origin.format("product")}' in page
    assert f'data-label="Computed from"><span>{origin.format("amount")}' in page
    day = '<a href="/tables/core.orders"><code>core.orders.ds</code></a>'
    assert f"Which rows there are is decided by {day}" in page


def test_the_columns_of_a_framework_are_traced_when_asked(reader: TestClient) -> None:
    page = reader.get("/tables/growth.buyers_state").text
    assert "Copied from" not in page
    assert 'href="/tables/growth.buyers_state?origins=1&amp;hops=1#columns"' in page
    assert "Copied from" in reader.get("/tables/growth.buyers_state", params={"origins": 1}).text


def test_a_spec_that_never_ran_has_its_page(open_client: OpenClient, shop: Path) -> None:
    (shop / "specs" / "never.sql").write_text(DESCRIBED)
    client = open_client(shop)
    answer = client.get("/show/report.never")
    assert answer.status_code == 200
    assert "Never run yet" in answer.text
    assert 'href="/backfill?name=report.never"' in answer.text
    assert "10 partitions" in client.get("/backfill", params={"name": "report.never"}).text


def test_raw_rows_of_a_page_follow_the_setting(open_client: OpenClient, shop: Path) -> None:
    client = open_client(shop)
    page = client.get("/show/core.orders").text
    assert "Rows are not shown here" in page
    assert "<svg" in page
    assert client.get("/show/core.orders/newest.csv").status_code == 400
    assert client.get("/show/core.orders/rows.csv").text.startswith("ds,n_rows")
    assert "order_id" not in str(client.get("/api/page/core.orders").json()["blocks"])
    with (shop / "drawloom.yml").open("a") as settings:
        settings.write("\nui: {allow_preview: true}\n")
    assert "Rows are not shown here" not in client.get("/show/core.orders").text
    assert client.get("/show/core.orders/newest.csv").text.startswith("order_id")
    assert "order_id" in str(client.get("/api/page/core.orders").json()["blocks"])
