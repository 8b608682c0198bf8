"""Bad input gets one clear message with its place and exit code 2, and nothing is written."""

from __future__ import annotations

import pytest

from tests.cli.sample_project import DAILY, SampleProject

HEADER = "/* drawloom\ntable: core.bad\nuntil: 'forever: a test'\n*/\n"


def lake_files(project: SampleProject) -> list[str]:
    return sorted(str(path.relative_to(project.folder)) for path in (project.folder / "lake").rglob("*.parquet"))


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
def test_bad_sql_is_refused_with_its_place(project: SampleProject, sql: str) -> None:
    project.write("specs/bad.sql", HEADER + sql)
    before = lake_files(project)
    problems = project.json("check", code=2)["problems"]
    found = [p for p in problems if p["severity"] == "error"]
    assert found
    assert all(p["file"] == "specs/bad.sql" for p in found), found
    assert all((p["line"] or 0) >= 1 for p in found), found
    assert "specs/bad.sql" in project.run("run", "core.bad", code=2)
    assert lake_files(project) == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
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
def test_bad_specs_are_refused(project: SampleProject, old: str, new: str, message: str) -> None:
    project.write(
        "specs/daily.sql",
        DAILY.replace(old, new, 1) if "raw" not in old else DAILY.replace(f"FROM {old}", f"FROM {new}"),
    )
    out = project.run("check", code=2)
    assert message in out
    assert "specs/" in out
    project.run("run", code=2)
    assert not (project.folder / "lake/core").exists()


def test_a_day_within_a_week_says_which_day_names_it(project: SampleProject) -> None:
    project.write("specs/daily.sql", DAILY.replace("table: core.daily", "table: core.weekly\nschedule: '@weekly'"))
    (project.folder / "specs/rolling.sql").unlink()
    (project.folder / "specs/ever.sql").unlink()
    for command in ("plan", "run", "preview"):
        out = project.run(command, "core.weekly", "--ds", "2026-03-04", code=2)
        assert "2026-03-04 is in the partition 2026-03-08; the one before is 2026-03-01." in out


def test_a_spec_is_no_text_for_advise(project: SampleProject) -> None:
    project.write("specs/x.yml", "kind: growth\n")
    assert "this is a spec" in project.run("advise", "specs/x.yml", code=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--ds", "2026-02-30"), "--ds == '2026-02-30', must be a day"),
        (("run", "--ds", ""), "--ds == '', must be a day"),
        (("run", "--from", ""), "--from == '', must be a day"),
        (("plan", "--from", "2026-03-01", "--to", ""), "--to == '', must be a day"),
        (("run", "--ds", "", "--to", ""), "cannot be combined with"),
        (("run", "--from", "2026-03-05", "--to", "2026-03-01"), "must not be after"),
        (("run", "--ds", "2026-03-05", "--to", "2026-03-06"), "cannot be combined with"),
        (("run", "--ds", "2027-01-01"), "must be from 2026-03-01 to 2026-03-10"),
        (("run", "core.dayly"), "Did you mean core.daily?"),
        (("plan", "nothing.like.it"), "There are:"),
        (("run", "--jobs", "0"), "--jobs"),
        (("preview", "core.daily", "--ds", "nope"), "must be a day"),
        (("diff", "core.daily", "--ds", "2026-03-01"), "does not exist; there is nothing to compare with"),
        (("land", "raw.x", "nosuch/*.csv", "--ds", "day"), "must be a file"),
        (("land", "core.daily", "landing/orders.csv", "--ds", "day"), "must not be filled by a spec"),
        (("land", "raw.x", "landing/orders.csv", "--ds", "nosuch"), "nosuch"),
        (("land", "raw.x", "landing/orders.csv", "--ds", "day", "--columns", "what is this"), "columns =="),
        (("query", "DROP TABLE raw.orders"), "must"),
        (("query", "SELECT 1; SELECT 2"), "must"),
    ],
)
def test_bad_arguments_are_refused(project: SampleProject, arguments: tuple[str, ...], message: str) -> None:
    before = lake_files(project)
    assert message in project.run(*arguments, code=2)
    assert lake_files(project) == before


def test_a_missing_project_suggests_init(project: SampleProject) -> None:
    (project.folder / "drawloom.yml").unlink()
    assert "drawloom init" in project.run("run", code=2)


def test_rows_that_do_not_parse_are_reported_by_line(project: SampleProject) -> None:
    project.write("landing/more.csv", "id,day,product,amount\n100,2026-03-11,tea,1.0\nx,2026-03-11,tea,1.0\n")
    out = project.run("land", "raw.orders", "landing/more.csv", "--ds", "day", code=2)
    assert "more.csv:3" in out
    assert "'x'" in out


def test_a_type_change_is_refused_and_both_types_are_named(project: SampleProject) -> None:
    project.run("run", "core.daily")
    project.write("specs/daily.sql", DAILY.replace("count(*) AS orders", "'many' AS orders"))
    out = project.run("run", "core.daily", code=2)
    assert "BIGINT" in out
    assert "VARCHAR" in out


def test_an_added_column_is_null_in_older_partitions(project: SampleProject) -> None:
    project.run("run", "core.daily", "--to", "2026-03-05")
    project.write("specs/daily.sql", DAILY.replace("count(*) AS orders", "count(*) AS orders, max(id) AS last_id"))
    project.run("run", "core.daily", "--only", "--from", "2026-03-06")
    rows = project.query("SELECT ds, count(last_id) AS n FROM core.daily GROUP BY ds ORDER BY ds")
    assert [row["n"] for row in rows] == [0] * 5 + [3] * 5


def test_secrets_come_from_the_environment_and_are_never_printed(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = (project.folder / "drawloom.yml").read_text()
    project.write("drawloom.yml", config + "registry: ${SHOP_REGISTRY}\n")
    assert "SHOP_REGISTRY" in project.run("plan", code=2)
    monkeypatch.setenv("SHOP_REGISTRY", "postgresql+nosuch://u:hunter2@localhost/x")
    out = project.run("plan", code=1)
    assert "hunter2" not in out
