"""The text output of commands: plans, summaries, landings, diffs and compiled steps."""

from __future__ import annotations

import re
from datetime import date

import pytest

from drawloom.cli.data import landing_json
from drawloom.cli.output import value_text
from drawloom.cli.run_output import print_summary
from drawloom.run.as_json import summary_json
from drawloom.run.land import LandResult
from drawloom.run.local_runner import Result, Summary
from tests.cli.sample_project import DAILY, LAND, SampleProject

DIFF = ("diff", "core.daily", "--ds", "2026-03-04")


def row(text: str, name: str) -> list[str]:
    """The cells of the line of a table that begins with this name."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [name])


def test_diff_counts_rows_and_values_and_lists_columns(project: SampleProject) -> None:
    project.run("run", "core.daily")
    assert "Nothing would change." in project.run(*DIFF)
    sql = DAILY.replace("sum(amount) AS amount", "0.5 + sum(amount) AS amount, max(id) AS last_id")
    project.write("specs/daily.sql", sql.replace("'{{ ds }}'", "'{{ ds }}' AND product <> 'tea'"))
    out = project.run(*DIFF)
    assert "core.daily 2026-03-04: stored rows compared with what would be written by product" in out
    assert [row(out, name)[1] for name in ("stored", "new", "added", "removed", "changed")] == ["3", "2", "0", "1", "2"]
    assert row(out, "amount") == ["amount", "2"]
    assert "+ column last_id" in out
    assert "Nothing would change." not in out
    found = project.json(*DIFF)
    assert (found["removed"], found["columns_added"], found["same"]) == (1, ["last_id"], False)


def test_diff_without_a_key_counts_whole_rows(project: SampleProject) -> None:
    plain = DAILY.replace("checks:\n  - unique: [product]\n", "")
    project.write("specs/daily.sql", plain)
    project.run("run", "core.daily")
    project.write("specs/daily.sql", plain.replace(", sum(amount) AS amount", "").replace("count(*)", "1 + count(*)"))
    out = project.run(*DIFF)
    assert "would be written\n" in out
    assert [row(out, name)[1] for name in ("added", "removed", "changed")] == ["3", "3", "0"]
    assert "- column amount" in out
    assert "by orders" in project.run(*DIFF, "--key", "orders")
    assert "must be a column of both" in project.run(*DIFF, "--key", "amount", code=2)


def test_land_prints_inferred_types_and_gaps(project_without_data: SampleProject) -> None:
    days = [1, 3, 5, 7, 9, 11, 13]
    project_without_data.write("landing/orders.csv", "id,day\n" + "".join(f"{n},2026-03-{n:02d}\n" for n in days))
    out = project_without_data.run(*LAND)
    assert "raw.orders: 7 rows of 1 file in 7 partitions, 2026-03-01 .. 2026-03-13" in out
    assert "are fixed from now on" in out
    assert row(out, "id") == ["id", "BIGINT"]
    assert "6 days in between without rows: 2026-03-02, 2026-03-04, 2026-03-06, 2026-03-08, 2026-03-10, ..." in out
    assert "--empty-days" in out
    assert project_without_data.run(*LAND).strip() == "1 file landed before and skipped"
    project_without_data.write("landing/more.csv", "id,day\n20,2026-03-20\n")
    out = project_without_data.run(*LAND)
    assert "1 file landed before" in out
    assert "1 row of 1 file in 1 partition," in out
    assert "fixed from now on" not in out


def test_land_prints_json(project_without_data: SampleProject) -> None:
    project_without_data.write("landing/orders.csv", "id;day\n1;2026-03-01\n2;2026-03-03\n")
    found = project_without_data.json(*LAND)
    assert found == {
        "table": "raw.orders",
        "files": ["landing/orders.csv"],
        "known": [],
        "days": {"2026-03-01": 1, "2026-03-03": 1},
        "gaps": ["2026-03-02"],
        "columns": {"id": "BIGINT", "day": "DATE"},
        "guessed": True,
        "delimiter": ";",
        "changed": {},
        "dropped_ds": False,
    }
    assert landing_json(LandResult("raw.x"))["days"] == {}


def test_plan_prints_one_line_for_a_range_of_days(project: SampleProject) -> None:
    out = project.run("plan")
    assert row(out, "core.daily")[1:6] == ["2026-03-01", "..", "2026-03-10", "10", "missing"]
    assert "30 to write, 0 waiting, 0 fresh" in out
    project.run("run")
    assert project.run("plan").strip() == "0 to write, 0 waiting, 30 fresh"
    assert "1 to write" not in project.run("plan", "core.daily", "--ds", "2026-03-03")


def test_run_prints_what_it_wrote(project: SampleProject) -> None:
    out = project.run("run", "core.daily")
    assert row(out, "core.daily")[1:6] == ["2026-03-01", "..", "2026-03-10", "10", "0"]
    assert project.run("run", "core.daily").strip() == "Everything is fresh."
    again = project.run("run", "core.daily", "--ds", "2026-03-02", "--force")
    assert row(again, "core.daily")[1:4] == ["2026-03-02", "0", "1"]


def test_a_failure_of_many_days_is_printed_once(project: SampleProject) -> None:
    project.write("specs/daily.sql", DAILY.replace("unique: [product]", "rows: {min: 4}"))
    out = project.run("run", "core.daily", code=1)
    assert "failed core.daily 2026-03-01 .. 2026-03-10 (10 days)" in out
    assert row(out, "core.daily")[4:7] == ["0", "0", "10"]
    assert "core.daily 2026-03-01" in project.run("run", "core.daily", "--ds", "2026-03-01", code=1)
    assert {r["error"] is None for r in project.json("run", "core.daily", code=1)["results"]} == {False}


def test_a_warning_is_printed_with_its_day(project: SampleProject) -> None:
    project.write("specs/daily.sql", DAILY.replace("unique: [product]", "rows: {min: 4}\n    severity: warn"))
    out = project.run("run", "core.daily", "--ds", "2026-03-02")
    assert "warning core.daily 2026-03-02: " in out
    assert row(out, "core.daily")[1:3] == ["2026-03-02", "1"]


def test_an_interrupted_run_prints_how_to_continue(capsys: pytest.CaptureFixture[str]) -> None:
    done = Result("p", "core.a", date(2026, 3, 1), "written", rows=1200, seconds=1.25)
    left = Result("p", "core.a", date(2026, 3, 2), "stopped")
    summary = Summary((done, left), interrupted=True)
    print_summary(summary)
    out = capsys.readouterr().out
    assert row(out, "core.a") == ["core.a", "2026-03-01", "..", "2026-03-02", "1", "0", "1", "1,200", "1.25"]
    assert "stopped; `drawloom run` continues where it stopped." in out
    assert "Everything is fresh." not in out
    assert summary_json(summary)["interrupted"] is True


def test_compile_prints_steps_that_read_nothing_or_all_days(project: SampleProject) -> None:
    project.write(
        "specs/ones.py",
        """
import pyarrow as pa

from drawloom import AutoDag


def one(context):
    return pa.table({"n": [1]})


ones = AutoDag(table="core.ones", description="Always one.", until="forever: a test", call=one)
""",
    )
    project.write("specs/all.sql", DAILY.replace("core.daily", "core.whole").replace("ds = '{{ ds }}'", "amount > 0"))
    out = project.run("compile", "core.ones")
    assert "Always one." in out
    assert "nothing" in out
    assert "SELECT" not in out
    assert "all up to 2026-03-10" in project.run("compile", "core.whole")
    assert project.json("compile", "core.ones")["pipelines"][0]["steps"][0]["rendered"] is None


def test_compile_says_what_is_waited_for_since_a_fixed_day(project: SampleProject) -> None:
    since = "ds BETWEEN DATE '2026-03-04' AND '{{ ds }}'"
    project.write("specs/since.sql", DAILY.replace("core.daily", "core.since").replace("ds = '{{ ds }}'", since))
    out = project.run("compile", "core.since")
    assert "2026-03-04 to date" in out
    assert "2026-03-04 .. 2026-03-10" in out
    assert "waits for raw.orders 2026-03-04 to date" in out


def test_status_draws_the_newest_partitions(project: SampleProject) -> None:
    project.run("run", "core.daily", "--to", "2026-03-08")
    out = project.run("status", "core.daily", "--days", "4")
    assert re.search("■■··", out)
    assert "last 4 partitions" in out


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "[dim]null[/]"), (True, "true"), (0.1 + 0.2, "0.3"), (3, "3"), ("a[b]", "a\\[b]"), ("", "")],
)
def test_values_of_a_query_result(value: object, shown: str) -> None:
    assert value_text(value) == shown
