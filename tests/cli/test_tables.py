"""``drawloom tables``: every table of a project, whoever fills it, with what it holds."""

from __future__ import annotations

from typing import Any

import pytest

from drawloom.cli.output import size_text
from tests.cli.sample_project import CONFIG, SampleProject

SOURCES = """
sources:
  raw.prices: {files: "prices/{ds}.csv", columns: {price: BIGINT}, owner: prices@example.com}
  raw.shops: {files: shops.csv, columns: {shop: VARCHAR}}
  raw.later: {landed: true, columns: {id: BIGINT}}
"""
GROWTH = """kind: growth
name: buyers
source: raw.orders
entity: product
activities: {orders: true}
windows: [1]
until: "forever: a test"
"""


@pytest.fixture
def finished(project: SampleProject) -> SampleProject:
    project.write("drawloom.yml", CONFIG + SOURCES)
    for day in (3, 5):
        project.write(f"prices/2026-03-0{day}.csv", "price\n1\n")
    project.write("shops.csv", "shop\nx\n")
    project.run("run", "core.daily")
    return project


def tables(project: SampleProject) -> dict[str, dict[str, Any]]:
    return {info["table"]: info for info in project.json("tables")["tables"]}


def test_made_landed_and_external_tables_are_listed(finished: SampleProject) -> None:
    found = tables(finished)
    assert list(found) == [
        *("core.daily", "core.ever", "core.rolling"),
        *("raw.later", "raw.orders", "raw.prices", "raw.shops"),
    ]
    days = [(info["days"], info["first"], info["last"], info["rows"]) for info in found.values()]
    assert days == [
        (10, "2026-03-01", "2026-03-10", 30),
        (0, None, None, 0),
        (0, None, None, 0),
        (0, None, None, 0),
        (10, "2026-03-01", "2026-03-10", 60),
        (2, "2026-03-03", "2026-03-05", None),
        (None, None, None, None),
    ]
    kinds = [info["kind"] for info in found.values()]
    assert kinds == ["autodag"] * 3 + ["landed", "landed", "source", "source"]
    assert [info["owner"] for info in found.values()] == ["shop@example.com"] * 3 + ["", "", "prices@example.com", ""]
    assert (found["raw.prices"]["bytes"], found["raw.shops"]["bytes"]) == (16, 7)
    files = finished.folder.glob("lake/core/daily/ds=*/*")
    assert found["core.daily"]["bytes"] == sum(file.stat().st_size for file in files)


def test_the_list_as_text_has_a_sum(finished: SampleProject) -> None:
    out = finished.run("tables")
    (row,) = [line.split() for line in out.splitlines() if "raw.prices" in line]
    assert row == ["raw.prices", "source", "2", "2026-03-03", "..", "2026-03-05", "16", "B", "prices@example.com"]
    assert "no days" in out
    assert out.splitlines()[-1].startswith("7 tables, 22 partitions, 90 rows, ")


def test_tags_of_specs_are_listed_and_change_nothing_that_is_stored(finished: SampleProject) -> None:
    spec = finished.folder / "specs" / "daily.sql"
    assert "nightly" not in finished.run("tables")
    spec.write_text(spec.read_text().replace("until:", "tags: [nightly, finance]\nuntil:"))
    found = tables(finished)
    assert {name: info["tags"] for name, info in found.items() if info["tags"]} == {
        "core.daily": ["nightly", "finance"]
    }
    assert "nightly, finance" in finished.run("tables")
    assert {one["state"] for one in finished.json("plan", "core.daily")["cells"]} == {"fresh"}


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        ("nightly", "must be a list"),
        ("[a b]", "must be a name of letters, digits, _, - and ."),
        ("[a, b, a]", "must have each tag once, not a twice"),
    ],
)
def test_wrong_tags_are_refused(finished: SampleProject, tags: str, rule: str) -> None:
    finished.write(
        "specs/daily.sql",
        f"/* drawloom\ntable: core.daily\ntags: {tags}\nuntil: 'forever: a test'\n*/\nSELECT 1 AS one",
    )
    out = finished.run("check", code=2)
    assert "specs/daily.sql:3" in out
    assert rule in " ".join(out.split())


def test_no_file_is_read_and_what_is_gone_is_not_counted(finished: SampleProject) -> None:
    before = tables(finished)
    next(finished.folder.glob("lake/core/daily/ds=2026-03-10/*")).unlink()
    finished.write("prices/2026-03-05.csv", "no csv at all")
    (finished.folder / "shops.csv").chmod(0)
    after = tables(finished)
    assert (after["core.daily"]["days"], after["core.daily"]["last"]) == (9, "2026-03-09")
    assert after["core.daily"]["rows"] == before["core.daily"]["rows"] - 3
    assert after["raw.prices"]["days"] == 2


def test_tables_whose_spec_is_gone_or_broken_are_named(finished: SampleProject) -> None:
    finished.write("specs/daily.sql", "/* drawloom\ntable: core.daily\nchecks: 5\n*/\nSELECT 1")
    assert tables(finished)["core.daily"]["kind"] == "broken spec"
    assert "left out" in finished.run("tables")
    (finished.folder / "specs" / "daily.sql").unlink()
    found = tables(finished)["core.daily"]
    assert (found["kind"], found["days"], found["owner"]) == ("no spec", 10, "")


@pytest.mark.unmeasured
def test_each_table_of_a_framework_is_listed(project: SampleProject) -> None:
    project.write("specs/buyers.yml", GROWTH)
    found = tables(project)
    assert {"growth.buyers", "growth.buyers_days"} < {name for name, t in found.items() if t["pipeline"] == "buyers"}
    assert {found[name]["kind"] for name in ("growth.buyers", "growth.buyers_days")} == {"growth"}


def test_a_project_without_tables_has_an_empty_list(project_without_data: SampleProject) -> None:
    for name in ("daily", "ever", "rolling"):
        (project_without_data.folder / "specs" / f"{name}.sql").unlink()
    assert project_without_data.run("tables") == "0 tables, 0 partitions, 0 rows, 0 B\n"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_960, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (3 * 10**18, "3,000 PB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert size_text(count) == text
