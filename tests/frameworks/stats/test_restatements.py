"""What changed of partitions after they were first measured: recorded once, kept, and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drawloom.cli.main import app
from drawloom.run.project import Project
from drawloom.run.stats.summary import summarize
from drawloom.run.stats.sync import sync
from tests.frameworks.stats.shop import DAYS, SPEC, clicks, write_clicks, write_shop

WATCH = SPEC.replace("rollups: [week, table]\n", "restatements: true\n").replace('["*.*"]', '["raw.clicks"]')
WATCH = "\n".join(line for line in WATCH.splitlines() if not line.startswith("slices")) + "\n"
SELECT = "SELECT * FROM meta.restatements__raw__clicks WHERE number > 0 ORDER BY ds, number"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = write_shop(tmp_path / "shop", WATCH)
    with Project.load(root) as project:
        assert sync(project).failed == 0
        assert project.query(SELECT).num_rows == 0  # as it was first is no change
    return root


def test_a_change_is_a_row_with_what_moved(shop: Path) -> None:
    write_clicks(shop, DAYS[1], clicks(DAYS[1], 4))
    with Project.load(shop) as project:
        hashes = project.snapshot().contents["raw.clicks"]
        assert sync(project).failed == 0
        (row,) = project.query(SELECT).to_pylist()
    assert (row["ds"], row["table_name"], row["rows_before"], row["rows"]) == (DAYS[1], "raw.clicks", 8, 4)
    assert row["content"] == hashes[DAYS[1]] != row["content_before"]
    moved = {f"{one['column']}.{one['metric']}": (one["before"], one["after"]) for one in json.loads(row["changes"])}
    assert moved[".row_count"] == (8, 4)
    assert moved["amount.sum"] == (624.0, 306.0)
    assert "id.min" not in moved  # the first rows are still there


def test_changes_are_kept_and_nothing_is_added_where_nothing_changes(shop: Path) -> None:
    for count in (4, 6):
        write_clicks(shop, DAYS[1], clicks(DAYS[1], count))
        with Project.load(shop) as project:
            sync(project)
            assert sync(project).written == 0
    with Project.load(shop) as project:
        found = project.query(SELECT).to_pylist()
        assert [(row["number"], row["rows_before"], row["rows"]) for row in found] == [(1, 8, 4), (2, 4, 6)]
        assert found[0]["content"] == found[1]["content_before"]
        assert found[0]["seen_at"] < found[1]["seen_at"]
        family = project.query("SELECT table_name, count(*) AS n FROM meta.restatements GROUP BY ALL").to_pylist()
        assert family == [{"table_name": "raw.clicks", "n": len(DAYS) + 2}]


def test_rules_change_no_history_but_what_they_drop_goes(shop: Path) -> None:
    write_clicks(shop, DAYS[1], clicks(DAYS[1], 4))
    with Project.load(shop) as project:
        sync(project)
    rules = "rules: [{match: {column: clicks.amount}, drop: [sum, max]}]\n"
    (shop / "specs" / "stats.yml").write_text(WATCH.replace("restatements", f"{rules}restatements"), encoding="utf-8")
    with Project.load(shop) as project:
        assert sync(project).failed == 0
        (row,) = project.query(SELECT).to_pylist()
        assert row["rows"] == 4
        assert not [o for o in json.loads(row["changes"]) if (o["column"], o["metric"]) == ("amount", "sum")]
        assert '"mean"' in row["changes"]


def test_stats_show_tells_of_the_last_one(shop: Path) -> None:
    write_clicks(shop, DAYS[1], clicks(DAYS[1], 4))
    with Project.load(shop) as project:
        sync(project)
        assert summarize(project, "raw.clicks", DAYS[0]).restatements == ()
    found = CliRunner().invoke(app, ["stats", "show", "raw.clicks", "--ds", str(DAYS[1]), "-C", str(shop)])
    line = next(line for line in found.output.splitlines() if line.startswith("restated"))
    assert line.startswith("restated once, last seen ")
    assert "UTC: rows 8 -> 4, " in line
    assert line.endswith(" more")
