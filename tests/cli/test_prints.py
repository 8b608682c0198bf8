"""What people read: plans, summaries, landings, differences and steps."""

from __future__ import annotations

import re
from datetime import date

import pytest

from drawloom.cli.landing import landing_json
from drawloom.cli.output import text_of
from drawloom.cli.views import print_summary, summary_json
from drawloom.run.land import Landed
from drawloom.run.local import Result, Summary
from tests.cli.shop import DAILY, LAND, Shop

DIFF = ("diff", "core.daily", "--ds", "2026-03-04")


def row(text: str, name: str) -> list[str]:
    """The cells of the line of a table that begins with this name."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [name])


def test_a_difference_is_told_by_rows_values_and_columns(shop: Shop) -> None:
    shop.run("run", "core.daily")
    assert "Nothing would change." in shop.run(*DIFF)
    sql = DAILY.replace("sum(amount) AS amount", "0.5 + sum(amount) AS amount, max(id) AS last_id")
    shop.write("specs/daily.sql", sql.replace("'{{ ds }}'", "'{{ ds }}' AND product <> 'tea'"))
    out = shop.run(*DIFF)
    assert "core.daily 2026-03-04: stored against what would be written by product" in out
    assert [row(out, name)[1] for name in ("stored", "new", "added", "removed", "changed")] == ["3", "2", "0", "1", "2"]
    assert row(out, "amount") == ["amount", "2"]
    assert "+ column last_id" in out
    assert "Nothing would change." not in out
    found = shop.json(*DIFF)
    assert (found["removed"], found["columns_added"], found["same"]) == (1, ["last_id"], False)


def test_a_difference_without_a_key_counts_whole_rows(shop: Shop) -> None:
    plain = DAILY.replace("checks:\n  - unique: [product]\n", "")
    shop.write("specs/daily.sql", plain)
    shop.run("run", "core.daily")
    shop.write("specs/daily.sql", plain.replace(", sum(amount) AS amount", "").replace("count(*)", "1 + count(*)"))
    out = shop.run(*DIFF)
    assert "would be written\n" in out
    assert [row(out, name)[1] for name in ("added", "removed", "changed")] == ["3", "3", "0"]
    assert "- column amount" in out
    assert "by orders" in shop.run(*DIFF, "--key", "orders")
    assert "must be a column of both" in shop.run(*DIFF, "--key", "amount", code=2)


def test_a_landing_tells_its_types_and_gaps(empty: Shop) -> None:
    days = [1, 3, 5, 7, 9, 11, 13]
    empty.write("landing/orders.csv", "id,day\n" + "".join(f"{n},2026-03-{n:02d}\n" for n in days))
    out = empty.run(*LAND)
    assert "raw.orders: 7 rows of 1 file in 7 partitions, 2026-03-01 .. 2026-03-13" in out
    assert "they are declared from now on" in out
    assert row(out, "id") == ["id", "BIGINT"]
    assert "6 days between without rows: 2026-03-02, 2026-03-04, 2026-03-06, 2026-03-08, 2026-03-10, ..." in out
    assert "--empty-days" in out
    assert empty.run(*LAND).strip() == "1 file landed before, left as they are"
    empty.write("landing/more.csv", "id,day\n20,2026-03-20\n")
    out = empty.run(*LAND)
    assert "1 file landed before" in out
    assert "1 row of 1 file in 1 partition," in out
    assert "declared from now on" not in out


def test_a_landing_is_told_to_machines(empty: Shop) -> None:
    empty.write("landing/orders.csv", "id;day\n1;2026-03-01\n2;2026-03-03\n")
    found = empty.json(*LAND)
    assert found == {
        "table": "raw.orders",
        "files": ["landing/orders.csv"],
        "known": [],
        "days": {"2026-03-01": 1, "2026-03-03": 1},
        "gaps": ["2026-03-02"],
        "columns": {"id": "BIGINT", "day": "DATE"},
        "guessed": True,
        "delimiter": ";",
    }
    assert landing_json(Landed("raw.x"))["days"] == {}


def test_a_plan_is_told_by_runs_of_days(shop: Shop) -> None:
    out = shop.run("plan")
    assert row(out, "core.daily")[1:6] == ["2026-03-01", "..", "2026-03-10", "10", "missing"]
    assert "30 to write, 0 waiting, 0 fresh" in out
    shop.run("run")
    assert shop.run("plan").strip() == "0 to write, 0 waiting, 30 fresh"
    assert "1 to write" not in shop.run("plan", "core.daily", "--ds", "2026-03-03")


def test_a_run_tells_what_it_wrote(shop: Shop) -> None:
    out = shop.run("run", "core.daily")
    assert row(out, "core.daily")[1:6] == ["2026-03-01", "..", "2026-03-10", "10", "0"]
    assert shop.run("run", "core.daily").strip() == "Everything is fresh."
    again = shop.run("run", "core.daily", "--ds", "2026-03-02", "--force")
    assert row(again, "core.daily")[1:4] == ["2026-03-02", "0", "1"]


def test_a_failure_of_many_days_is_told_once(shop: Shop) -> None:
    shop.write("specs/daily.sql", DAILY.replace("unique: [product]", "rows: {min: 4}"))
    out = shop.run("run", "core.daily", code=1)
    assert "failed core.daily 2026-03-01 and 9 more days" in out
    assert row(out, "core.daily")[4:7] == ["0", "0", "10"]
    assert "core.daily 2026-03-01" in shop.run("run", "core.daily", "--ds", "2026-03-01", code=1)
    assert {r["error"] is None for r in shop.json("run", "core.daily", code=1)["results"]} == {False}


def test_a_warning_is_told_with_its_day(shop: Shop) -> None:
    shop.write("specs/daily.sql", DAILY.replace("unique: [product]", "rows: {min: 4}\n    severity: warn"))
    out = shop.run("run", "core.daily", "--ds", "2026-03-02")
    assert "warning core.daily 2026-03-02: " in out
    assert row(out, "core.daily")[1:3] == ["2026-03-02", "1"]


def test_a_stopped_run_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    done = Result("p", "core.a", date(2026, 3, 1), "written", rows=1200, seconds=1.25)
    left = Result("p", "core.a", date(2026, 3, 2), "stopped")
    summary = Summary((done, left), interrupted=True)
    print_summary(summary)
    out = capsys.readouterr().out
    assert row(out, "core.a") == ["core.a", "2026-03-01", "..", "2026-03-02", "1", "0", "1", "1,200", "1.25"]
    assert "stopped; `drawloom run` goes on where it was." in out
    assert "Everything is fresh." not in out
    assert summary_json(summary)["interrupted"] is True


def test_a_compiled_step_is_told_whatever_it_reads(shop: Shop) -> None:
    shop.write(
        "specs/ones.py",
        """
import pyarrow as pa

from drawloom import AutoDag


def one(context):
    return pa.table({"n": [1]})


ones = AutoDag(table="core.ones", description="Always one.", until="forever: a test", call=one)
""",
    )
    shop.write("specs/all.sql", DAILY.replace("core.daily", "core.whole").replace("ds = '{{ ds }}'", "amount > 0"))
    out = shop.run("compile", "core.ones")
    assert "Always one." in out
    assert "nothing" in out
    assert "SELECT" not in out
    assert "all up to 2026-03-10" in shop.run("compile", "core.whole")
    assert shop.json("compile", "core.ones")["pipelines"][0]["steps"][0]["rendered"] is None


def test_the_newest_partitions_are_drawn(shop: Shop) -> None:
    shop.run("run", "core.daily", "--to", "2026-03-08")
    out = shop.run("status", "core.daily", "--days", "4")
    assert re.search("■■··", out)
    assert "last 4 partitions" in out


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "[dim]null[/]"), (True, "true"), (0.1 + 0.2, "0.3"), (3, "3"), ("a[b]", "a\\[b]"), ("", "")],
)
def test_cells_of_an_answer(value: object, shown: str) -> None:
    assert text_of(value) == shown
