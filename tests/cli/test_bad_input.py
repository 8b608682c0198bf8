"""Bad input gets one clear message with its place, exit code 2, and nothing is written."""

from __future__ import annotations

import pytest

from tests.cli.shop import DAILY, Shop

HEADER = "/* drawloom\ntable: core.bad\nuntil: 'forever: a test'\n*/\n"


def lake_files(shop: Shop) -> list[str]:
    return sorted(str(path.relative_to(shop.folder)) for path in (shop.folder / "lake").rglob("*.parquet"))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS n; DROP TABLE raw.orders",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "PRAGMA database_list",
        "SET threads = 1",
        "DELETE FROM raw.orders",
        "UPDATE raw.orders SET id = 1",
        "CREATE TABLE t AS SELECT 1 AS n",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM 'landing/orders.csv'",
        "SELECT * FROM read_parquet('lake/raw/orders/*/*.parquet')",
        "SELECT * FROM glob('*')",
        "",
        "-- nothing here",
        "this is no sql at all",
        "SELECT FROM WHERE",
        "SELECT * FROM raw.nosuch WHERE ds = '{{ ds }}'",
        "SELECT {{ 1 / 0 }} AS n",
        "SELECT {% for i in range(1000000000) %}{% endfor %} 1 AS n",
        "SELECT {{ ''.__class__.__mro__ }} AS n",
        "SELECT now() AS n",
    ],
)
def test_bad_sql_is_refused_with_its_place(shop: Shop, sql: str) -> None:
    shop.write("specs/bad.sql", HEADER + sql)
    before = lake_files(shop)
    problems = shop.json("check", code=2)["problems"]
    wrong = [p for p in problems if p["severity"] == "error"]
    assert wrong
    assert all(p["file"] == "specs/bad.sql" for p in wrong), wrong
    assert all((p["line"] or 0) >= 1 for p in wrong), wrong
    assert "specs/bad.sql" in shop.run("run", code=2)
    assert lake_files(shop) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("table: core.daily", "tabel: core.daily", "Did you mean table"),
        ("table: core.daily", "table: daily", "schema.table"),
        ("table: core.daily", "table: ../daily", "table =="),
        ("until:", "untill:", "until"),
        ('until: "forever: a test"', "until: 2099-01-01", "at most a year ahead"),
        ('until: "forever: a test"', "until: tomorrow", "must be a day like 2026-01-31"),
        ("table: core.daily", "table: core.daily\nschedule: '@hourly'", "must be a day, a week or a month"),
        ("table: core.daily", "table: core.daily\nschedule: sometimes", "schedule =="),
        ("table: core.daily", "table: core.rolling", "must have one owner"),
        ("unique: [product]", "uniq: [product]", "unique"),
        ("raw.orders", "core.rolling", "in a circle"),
        ("raw.orders", "raw.order", "raw.orders"),
    ],
)
def test_bad_specs_are_refused(shop: Shop, old: str, new: str, said: str) -> None:
    shop.write(
        "specs/daily.sql",
        DAILY.replace(old, new, 1) if "raw" not in old else DAILY.replace(f"FROM {old}", f"FROM {new}"),
    )
    out = shop.run("check", code=2)
    assert said in out
    assert "specs/" in out
    shop.run("run", code=2)
    assert not (shop.folder / "lake/core").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--ds", "2026-02-30"), "--ds == '2026-02-30', must be a day"),
        (("run", "--from", "2026-03-05", "--to", "2026-03-01"), "must not be after"),
        (("run", "--ds", "2026-03-05", "--to", "2026-03-06"), "must stand alone"),
        (("run", "--ds", "2027-01-01"), "must be from 2026-03-01 to 2026-03-10"),
        (("run", "core.dayly"), "Did you mean core.daily?"),
        (("plan", "nothing.like.it"), "There are:"),
        (("run", "--jobs", "0"), "--jobs"),
        (("preview", "core.daily", "--ds", "nope"), "must be a day"),
        (("diff", "core.daily", "--ds", "2026-03-01"), "must be there to compare with"),
        (("land", "raw.x", "nosuch/*.csv", "--ds", "day"), "must be a file"),
        (("land", "core.daily", "landing/orders.csv", "--ds", "day"), "must not be filled by a spec"),
        (("land", "raw.x", "landing/orders.csv", "--ds", "nosuch"), "nosuch"),
        (("land", "raw.x", "landing/orders.csv", "--ds", "day", "--columns", "what is this"), "columns =="),
        (("query", "DROP TABLE raw.orders"), "must"),
        (("query", "SELECT 1; SELECT 2"), "must"),
    ],
)
def test_bad_arguments_are_refused(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    before = lake_files(shop)
    assert said in shop.run(*arguments, code=2)
    assert lake_files(shop) == before


def test_a_missing_project_says_what_to_do(shop: Shop) -> None:
    (shop.folder / "drawloom.yml").unlink()
    assert "drawloom init" in shop.run("run", code=2)


def test_rows_that_do_not_parse_are_named_by_line(shop: Shop) -> None:
    shop.write("landing/more.csv", "id,day,product,amount\n100,2026-03-11,tea,1.0\nx,2026-03-11,tea,1.0\n")
    out = shop.run("land", "raw.orders", "landing/more.csv", "--ds", "day", code=2)
    assert "more.csv:3" in out
    assert "'x'" in out


def test_a_type_change_is_refused_with_both_types(shop: Shop) -> None:
    shop.run("run", "core.daily")
    shop.write("specs/daily.sql", DAILY.replace("count(*) AS orders", "'many' AS orders"))
    out = shop.run("run", "core.daily", code=1)
    assert "BIGINT" in out
    assert "VARCHAR" in out


def test_an_added_column_reads_as_null_before(shop: Shop) -> None:
    shop.run("run", "core.daily", "--to", "2026-03-05")
    shop.write("specs/daily.sql", DAILY.replace("count(*) AS orders", "count(*) AS orders, max(id) AS last_id"))
    shop.run("run", "core.daily", "--only", "--from", "2026-03-06")
    rows = shop.query("SELECT ds, count(last_id) AS n FROM core.daily GROUP BY ds ORDER BY ds")
    assert [row["n"] for row in rows] == [0] * 5 + [3] * 5


def test_secrets_come_from_the_environment_and_are_never_printed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    config = (shop.folder / "drawloom.yml").read_text()
    shop.write("drawloom.yml", config + "registry: ${SHOP_REGISTRY}\n")
    assert "SHOP_REGISTRY" in shop.run("plan", code=2)
    monkeypatch.setenv("SHOP_REGISTRY", "postgresql+nosuch://u:hunter2@localhost/x")
    out = shop.run("plan", code=1)
    assert "hunter2" not in out
