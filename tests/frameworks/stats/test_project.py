"""Statistics in a project: what is computed again and what is not, days that are missing, tables without days, the page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drawloom.frameworks.base import ProjectContext
from drawloom.run.pages import load_page
from drawloom.run.plan import State
from drawloom.run.project import Project
from drawloom.run.stats.sync import sync
from tests.frameworks.stats.shop import DAYS, ORDERS, SPEC, clicks, write_clicks, write_shop

CLICKS = "meta.column_stats__raw__clicks"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = write_shop(tmp_path_factory.mktemp("stats") / "shop")
    with Project.load(root) as project:
        assert not project.check()
        assert project.run().exit_code == 0
        yield project


def test_each_partition_has_its_statistics(shop: Project) -> None:
    sql = f"SELECT ds, value FROM {CLICKS} WHERE metric = 'null_count' AND column_name = 'amount' ORDER BY ds"
    assert [(row["ds"], row["value"]) for row in shop.query(sql).to_pylist()] == [(day, 2) for day in DAYS]


def test_the_family_has_all_tables(shop: Project) -> None:
    sql = "SELECT table_name, grain, max(ds) AS ds, max(value) AS n FROM meta.column_stats WHERE metric = 'row_count' AND slice = '' GROUP BY ALL ORDER BY ALL"
    found = {(row["table_name"], row["grain"]): row["n"] for row in shop.query(sql).to_pylist()}
    assert found == {
        ("core.orders", "partition"): 6, ("core.orders", "week"): 24, ("core.orders", "table"): 24,
        ("raw.clicks", "partition"): 8, ("raw.clicks", "week"): 32, ("raw.clicks", "table"): 32,
        ("raw.countries", "table"): 2,
    }  # fmt: skip


def test_a_week_is_merged_and_says_what_a_scan_says(shop: Project) -> None:
    exact = "SELECT count(amount) AS n, sum(amount) AS s, stddev(amount) AS d, count(DISTINCT id) AS u FROM raw.clicks"
    (row,) = shop.query(exact).to_pylist()
    sql = f"SELECT column_name || '.' || metric AS name, value FROM {CLICKS}__week WHERE ds = DATE '{DAYS[-1]}'"
    found = {one["name"]: one["value"] for one in shop.query(sql).to_pylist()}
    assert found["amount.null_count"] == 32 - row["n"]
    assert found["amount.sum"] == pytest.approx(row["s"])
    assert found["amount.stddev"] == pytest.approx(row["d"])
    assert found["id.distinct"] == pytest.approx(row["u"], rel=0.05)


def test_all_of_a_table_is_known_of_each_of_the_last_days_and_of_no_other(tmp_path: Path) -> None:
    root = write_shop(tmp_path / "shop", SPEC.replace("[week, table]", "[table]").replace("tier: full", "tier: footer"))
    days = [DAYS[0] + timedelta(days=n) for n in range(10)]
    settings = (root / "drawloom.yml").read_text(encoding="utf-8")
    (root / "drawloom.yml").write_text(settings.replace(f"end: {DAYS[-1]}", f"end: {days[-1]}"), encoding="utf-8")
    for day in days:
        write_clicks(root, day, clicks(day, 2))
    sql = f"SELECT ds, value FROM {CLICKS}__table WHERE metric = 'row_count' AND slice = '' ORDER BY ds"
    with Project.load(root) as project:
        assert project.run().exit_code == 0
        assert project.query(sql).to_pylist() == [{"ds": day, "value": 2.0 * n} for n, day in enumerate(days, 1)][3:]
        states = {p.state for p in project.plan().partitions if p.step.into.name == f"{CLICKS}__table"}
        assert states == {State.FRESH, State.EXPIRED}
    write_clicks(root, days[0], clicks(days[0], 5))
    with Project.load(root) as project:
        assert sync(project).failed == 0
        assert [row["value"] for row in project.query(sql).to_pylist()] == [2.0 * n + 3 for n in range(4, 11)]


def test_slices_cut_the_long_tail(shop: Project) -> None:
    sql = f"SELECT slice_value, value FROM meta.column_stats__core__orders WHERE slice = 'country' AND metric = 'row_count' AND ds = DATE '{DAYS[0]}' ORDER BY ALL"
    assert [tuple(row.values()) for row in shop.query(sql).to_pylist()] == [("(other)", 2), ("US", 4)]


def test_a_table_without_days_has_statistics_of_the_newest_day(shop: Project) -> None:
    sql = "SELECT ds, value FROM meta.column_stats__raw__countries WHERE metric = 'sum'"
    assert [tuple(row.values()) for row in shop.query(sql).to_pylist()] == [(DAYS[-1], 414)]


def test_a_second_run_has_nothing_to_do(shop: Project) -> None:
    assert shop.plan().todo == ()


def test_the_page_says_what_needs_attention_and_each_table_has_its_statistics(shop: Project) -> None:
    page = load_page(shop, "warehouse", {"as_of": str(DAYS[0])})
    assert page.verdict is not None
    assert page.verdict.text == "2 tables watched; nothing has moved much."
    page = load_page(shop, "warehouse", {})
    rows = {block.name: rows for block, rows in page.blocks}
    assert {row["table"] for row in rows["tables"]} == {"core.orders", "raw.clicks"}
    assert (
        next(row for row in rows["columns"] if row["column"] == "amount" and row["table"] == "raw.clicks")["trend"]
        == "████"
    )
    moved = load_page(shop, "warehouse", {"against": str(DAYS[0]), "as_of": str(DAYS[-1])})
    assert moved.verdict is not None
    assert "need attention, first core.orders.amount: higher mean" in moved.verdict.text
    of_orders = {block.name: rows for block, rows in load_page(shop, "core.orders", {}).blocks}["statistics"]
    assert [row["column_name"] for row in of_orders] == ["amount", "country", "id"]
    assert of_orders[1]["min"] == ""  # a text is a value of a row


def test_only_what_has_changed_is_computed_again(tmp_path: Path) -> None:
    root = write_shop(tmp_path / "shop", SPEC.replace("rollups: [week, table]\n", ""))
    with Project.load(root) as project:
        assert project.run().exit_code == 0
    write_clicks(root, DAYS[2], clicks(DAYS[2], 4))
    with Project.load(root) as project:
        assert {partition.ds for partition in project.plan().todo} == {DAYS[2]}
        project.run()
        sql = f"SELECT value FROM {CLICKS} WHERE metric = 'row_count' AND ds = DATE '{DAYS[2]}'"
        assert project.query(sql).to_pylist() == [{"value": 4}]  # and no second row of the old one
        assert project.query("SELECT metric FROM meta.column_stats GROUP BY ALL HAVING count(*) > 40").num_rows == 0
    rules = "rules: [{match: {column: orders.amount}, drop: [stddev]}]\n"
    (root / "specs" / "stats.yml").write_text(SPEC.replace("rollups: [week, table]\n", rules), encoding="utf-8")
    with Project.load(root) as project:
        assert {partition.step.into.name for partition in project.plan().todo} == {
            "meta.column_states__core__orders",
            "meta.column_stats__core__orders",
        }


def test_an_empty_partition_is_not_a_missing_one(tmp_path: Path) -> None:
    root = write_shop(tmp_path / "shop", SPEC.replace("rollups: [week, table]\n", ""))
    write_clicks(root, DAYS[1], [])
    (root / "clicks" / f"{DAYS[3]}.parquet").unlink()
    (root / "specs" / "orders.sql").write_text(ORDERS.replace("until:", f"start: {DAYS[1]}\nuntil:"), encoding="utf-8")
    with Project.load(root) as project:
        project.run()
        sql = "SELECT table_name, ds, value FROM meta.column_stats WHERE metric = 'row_count' AND slice = '' AND grain = 'partition' ORDER BY ALL"
        found = {(row["table_name"], row["ds"]): row["value"] for row in project.query(sql).to_pylist()}
        assert found["raw.clicks", DAYS[1]] == 0
        assert found["core.orders", DAYS[1]] == 0
        assert ("core.orders", DAYS[0]) not in found  # before its start
        assert ("raw.clicks", DAYS[3]) not in found  # it has not landed, and is waited for
        assert {partition.ds for partition in project.plan().waiting} == {DAYS[3]}


def test_a_sync_computes_statistics_only_and_within_its_budget(tmp_path: Path) -> None:
    root = write_shop(tmp_path / "shop", SPEC.replace("rollups: [week, table]\n", ""))
    with Project.load(root) as project:
        none = sync(project, budget=0)
        assert (none.written, none.failed) == (0, 0)
        assert none.left == 10
        done = sync(project)
        assert (done.written, done.failed, done.left) == (10, 0, 0)  # of clicks and countries: orders are not there
        assert done.waiting == 8
        assert not project.snapshot().days("core.orders")
        again = sync(project)
        assert (again.written, again.left) == (0, 0)


def test_tags_hold_for_columns_of_the_same_name(tmp_path: Path) -> None:
    rules = "rules: [{match: {tag: pii}, drop: [min, max, top]}]\n"
    root = write_shop(tmp_path / "shop", SPEC.replace("rollups: [week, table]\n", rules))
    settings = (root / "drawloom.yml").read_text(encoding="utf-8")
    columns = (
        'files: "clicks/{ds}.parquet", columns: {id: BIGINT, amount: DOUBLE, country: {type: VARCHAR, tags: [pii]}}'
    )
    (root / "drawloom.yml").write_text(settings.replace('files: "clicks/{ds}.parquet"', columns), encoding="utf-8")
    with Project.load(root) as project:
        assert project.run().exit_code == 0
        sql = "SELECT table_name, metric FROM meta.column_stats WHERE column_name = 'country' AND slice = ''"
        found = {(row["table_name"], row["metric"]) for row in project.query(sql).to_pylist()}
        assert not {one for one in found if one[1] in {"min", "max", "top"}}
        assert {("core.orders", "distinct"), ("raw.clicks", "distinct")} <= found


def test_a_framework_sees_the_tables_that_no_spec_fills_and_those_of_other_specs(shop: Project) -> None:
    context = ProjectContext.of(shop.config)
    assert context.tables() == ()
    assert context.engine == "duckdb"
