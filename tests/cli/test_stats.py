"""``drawloom stats``: of a table that was just landed, of one that is watched, two days side by side, and what is refused."""

from __future__ import annotations

from tests.cli.sample_project import SampleProject

SPEC = """kind: stats
name: warehouse
tables: ["raw.*"]
until: "forever: a test"
"""


def columns(project: SampleProject, *options: str) -> dict[str, dict[str, object]]:
    found = project.json("stats", "show", "raw.orders", *options)
    return {one["column"]: one["metrics"] for one in found["columns"]}


def test_a_table_that_nothing_watches_is_read_now(project: SampleProject) -> None:
    printed = project.run("stats", "show", "raw.orders")
    assert "raw.orders on 2026-03-10: 6 rows, 4 columns" in printed
    assert "Computed now" in printed
    assert all(len(line) <= 80 for line in printed.splitlines())
    found = columns(project, "--ds", "2026-03-02")
    assert (found["amount"]["null_count"], found["product"]["distinct"], found["product"]["max"]) == (
        0,
        3,
        {"value": None, "text": "tea"},
    )
    assert project.json("stats", "show", "raw.orders")["rows_by_day"] == {f"2026-03-{n:02}": 6 for n in range(1, 11)}


def test_what_is_watched_is_kept_up_to_date(project: SampleProject) -> None:
    refused = project.run("stats", "sync", code=2)
    assert "No spec of the kind stats says which tables are watched." in refused
    project.write("specs/stats.yml", SPEC)
    assert "20 partitions written" in project.run("stats", "sync")
    assert "all statistics are up to date" in project.run("stats", "sync")
    stored = project.json("stats", "show", "raw.orders")
    assert stored["stored"] is True
    assert stored["rows"] == 6
    assert "middle" not in project.run("stats", "show", "raw.orders", "--column", "amount")
    assert "sum of the finite values" in project.run("stats", "show", "raw.orders", "--column", "amount")


def test_two_days_side_by_side(project: SampleProject) -> None:
    found = project.json("stats", "show", "raw.orders", "--compare", "2026-03-01", "2026-03-02")
    assert found["rows"] == [6, 6]
    index = {one["name"]: one["index"] for one in found["columns"]}
    assert index["product"] == 0  # each day has the same products
    assert index["id"] > 0
    assert [one["name"] for one in found["columns"]][-1] == "product"
    assert "PSI" in project.run("stats", "show", "raw.orders", "--compare", "2026-03-01", "2026-03-02")


def test_what_does_not_exist_is_refused(project: SampleProject) -> None:
    assert "Did you mean raw.orders?" in project.run("stats", "show", "raw.order", code=2)
    assert "must be a day on which raw.orders has a partition" in project.run(
        "stats", "show", "raw.orders", "--ds", "2025-01-01", code=2
    )
    assert "core.daily has no partitions yet" in project.run("stats", "show", "core.daily", code=2)
    assert "Did you mean amount?" in project.run("stats", "show", "raw.orders", "--column", "amont", code=2)


def test_a_lake_is_not_exported_to_a_metastore(project: SampleProject) -> None:
    refused = project.run("stats", "export", code=2)
    assert "engine == 'duckdb', must be spark or trino" in " ".join(refused.split())
