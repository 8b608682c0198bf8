"""The commands of a project from ``init`` to ``diff``, run in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from tests.cli.sample_project import DAILY, LAND, ORDERS, SampleProject


def test_init_makes_a_project_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "My Rides"
    assert run_command(["init", str(folder)]) == 0
    assert run_command(["-C", str(folder), "check"]) == 0
    assert run_command(["-C", str(folder), "run"]) == 0
    capsys.readouterr()
    assert run_command(["-C", str(folder), "query", "SELECT count(*) AS n FROM demo.hours", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"n": 7 * 24}]
    assert (folder / ".drawloom/drawloom.schema.json").is_file()
    assert run_command(["init", str(folder)]) == 2


def test_a_run_fills_every_table_once(project: SampleProject) -> None:
    assert project.json("plan")["counts"] == {"missing": 30}
    summary = project.json("run")
    assert {row["outcome"] for row in summary["results"]} == {"written"}
    assert project.json("run")["results"] == []
    assert project.query("SELECT sum(orders)::INT AS n FROM core.ever WHERE ds = '2026-03-10'") == [{"n": 60}]
    assert project.query("SELECT sum(orders)::INT AS n FROM core.rolling WHERE ds = '2026-03-10'") == [{"n": 42}]


@pytest.mark.unmeasured
def test_wiping_and_rebuilding_gives_the_same_content(finished: SampleProject) -> None:
    first = finished.hashes()
    import shutil

    shutil.rmtree(finished.folder / "lake/core")
    finished.run("run", "--jobs", "1")
    assert finished.hashes() == first


def test_an_edited_spec_makes_its_days_stale_and_diff_shows_the_change(finished: SampleProject) -> None:
    finished.write("specs/daily.sql", DAILY.replace("sum(amount)", "2 * sum(amount)"))
    plan = finished.json("plan")
    reasons = {(cell["table"], cell["reason"].split(" 2026")[0]) for cell in plan["cells"] if cell["run"]}
    assert reasons == {
        ("core.daily", "code changed"),
        ("core.rolling", "input core.daily"),
        ("core.ever", "input core.daily"),
    }
    found = finished.json("diff", "core.daily", "--ds", "2026-03-04")
    assert (found["changed"], found["cells"], found["added"]) == (3, {"amount": 3}, 0)
    summary = finished.json("run")
    outcomes = {
        table: {r["outcome"] for r in summary["results"] if r["table"] == table}
        for table in ("core.daily", "core.ever")
    }
    assert outcomes == {"core.daily": {"written"}, "core.ever": {"unchanged"}}


def test_a_comment_does_not_make_anything_stale(finished: SampleProject) -> None:
    finished.write("specs/daily.sql", DAILY.replace("FROM raw.orders", "FROM   raw.orders  -- all of them"))
    assert finished.json("run")["results"] == []


def test_landing_is_idempotent_and_replacing_needs_an_option(finished: SampleProject) -> None:
    assert finished.json(*LAND)["days"] == {}
    finished.write("landing/orders.csv", ORDERS.replace("3.50", "99.50"))
    assert "already landed with other rows" in finished.run(*LAND, code=2)
    assert finished.json("plan")["counts"] == {"fresh": 30}
    finished.run(*LAND, "--replace")
    stale = {(cell["table"], cell["ds"]) for cell in finished.json("plan")["cells"] if cell["run"]}
    assert ("core.daily", "2026-03-04") in stale
    assert ("core.daily", "2026-03-03") not in stale
    assert ("core.rolling", "2026-03-10") in stale
    assert ("core.rolling", "2026-03-03") not in stale
    finished.run("run")
    assert finished.json("plan")["counts"] == {"fresh": 30}


def test_selecting_a_pipeline_selects_its_upstream_tables(project: SampleProject) -> None:
    plan = project.json("plan", "core.rolling", "--ds", "2026-03-03")
    assert {(c["table"], c["ds"]) for c in plan["cells"] if c["run"]} == {
        ("core.daily", "2026-03-01"),
        ("core.daily", "2026-03-02"),
        ("core.daily", "2026-03-03"),
        ("core.rolling", "2026-03-03"),
    }
    only = project.json("plan", "core.rolling", "--ds", "2026-03-03", "--only")
    assert [c["table"] for c in only["cells"]] == ["core.rolling"]
    assert len(project.json("run", "core.rolling", "--from", "2026-03-01", "--to", "2026-03-02")["results"]) == 4
    again = project.json("run", "core.rolling", "--ds", "2026-03-02", "--force")
    assert [(r["table"], r["outcome"]) for r in again["results"]] == [("core.rolling", "unchanged")]


def test_waiting_for_data_is_exit_code_3(project_without_data: SampleProject) -> None:
    project_without_data.write("landing/orders.csv", "id,day,product,amount\n1,2026-03-01,tea,1.0\n")
    project_without_data.run(*LAND)
    out = project_without_data.run("run", code=3)
    assert "waiting for raw.orders" in out


def test_preview_shows_rows_and_types_and_writes_nothing(project: SampleProject) -> None:
    found = project.json("preview", "core.daily", "--ds", "2026-03-02", "--limit", "2")
    assert len(found["rows"]) == 2
    assert set(found["types"]) == {"product", "orders", "amount"}
    assert not (project.folder / "lake/core").exists()
    assert "orders" in project.run("preview", "core.daily", "--ds", "2026-03-02")
    assert "waiting for core.daily" in project.run("preview", "core.rolling", "--ds", "2026-03-02", code=2)


def test_status_draws_tables_by_days(project: SampleProject) -> None:
    project.run("run", "core.daily")
    found = project.json("status")
    assert found["tables"]["core.daily"]["counts"] == {"fresh": 10}
    assert found["tables"]["core.ever"]["days"]["2026-03-04"] == "missing"
    out = project.run("status")
    assert "core.rolling" in out
    assert "■■■■■■■■■■" in out


def test_compile_shows_reads_and_sql(project: SampleProject) -> None:
    found = project.json("compile", "core.rolling")
    step = found["pipelines"][0]["steps"][0]
    assert step["reads"] == [{"table": "core.daily", "how": "offset", "days": "-6..0", "dates": [], "calendar": []}]
    assert "'2026-03-10'" in step["rendered"]
    assert found["pipelines"][0]["waits"] == {"core.daily": "-6..0"}
    out = project.run("compile")
    assert "core.daily" in out
    assert "2026-03-04 .. 2026-03-10" in out


def test_query_writes_files(project: SampleProject, tmp_path: Path) -> None:
    out = project.run("query", "SELECT id, product FROM raw.orders ORDER BY id LIMIT 2", "--format", "csv")
    assert out.splitlines() == ['"id","product"', '0,"tea"', '1,"cake"']
    for form in ("csv", "json", "parquet"):
        project.run("query", "SELECT 1 AS n", "--format", form, "-o", str(tmp_path / f"a.{form}"))
        assert (tmp_path / f"a.{form}").stat().st_size
    assert "it needs a file" in project.run("query", "SELECT 1 AS n", "--format", "parquet", code=2)
    many = project.run("query", "SELECT range AS n FROM range(100)")
    assert "the first 50 of 100 rows" in many


def test_losing_the_registry_restores_it_from_the_files(finished: SampleProject) -> None:
    for path in (finished.folder / "lake").glob("registry.db*"):
        path.unlink()
    assert finished.json("plan")["counts"] == {"fresh": 30}
    assert finished.json("registry", "rebuild")["restored"] == {
        "core.daily": 10,
        "core.ever": 10,
        "core.rolling": 10,
        "raw.orders": 10,
    }
    assert "raw.orders" in finished.run("registry", "rebuild")


def test_retention_drops_what_expired(project: SampleProject) -> None:
    project.run("run", "core.daily")
    project.write("specs/daily.sql", DAILY.replace("table: core.daily", "table: core.daily\nkeep: 4d"))
    project.run("run", "core.daily")
    assert project.query("SELECT count(DISTINCT ds) AS n FROM core.daily") == [{"n": 4}]
    assert project.json("status", "core.daily")["tables"]["core.daily"]["counts"] == {"fresh": 4, "expired": 6}


@pytest.mark.unmeasured
def test_a_python_spec_runs_with_callbacks(project: SampleProject) -> None:
    project.write(
        "specs/totals.py",
        """
from pathlib import Path

import pyarrow as pa

from drawloom import AutoDag

HERE = Path(__file__).parent


def total(context):
    orders = context.read("core.daily")
    return pa.table({"orders": [sum(orders["orders"].to_pylist())]})


def note(result):
    with (HERE / "outcomes.txt").open("a") as file:
        file.write(f"{result.ds} {result.outcome}\\n")


totals = AutoDag(table="core.totals", call=total, reads={"core.daily": "-1..0"}, until="forever: a test", on_success=note)
""",
    )
    project.run("run")
    assert project.query("SELECT orders FROM core.totals WHERE ds = '2026-03-02'") == [{"orders": 12}]
    assert len((project.folder / "specs/outcomes.txt").read_text().splitlines()) == 10


def test_a_source_is_read_in_place(project: SampleProject) -> None:
    config = (project.folder / "drawloom.yml").read_text()
    source = "sources:\n  raw.visits: {files: 'visits/{ds}.csv', columns: {who: VARCHAR}}\n"
    project.write("drawloom.yml", config + source)
    for n in range(1, 4):
        project.write(f"visits/2026-03-0{n}.csv", "who\n" + "ada\n" * n)
    project.write(
        "specs/visits.sql",
        "/* drawloom\ntable: core.visits\nuntil: 'forever: a test'\n*/\nSELECT count(*) AS n FROM raw.visits WHERE ds = '{{ ds }}'\n",
    )
    out = project.run("run", code=3)
    assert "waiting for raw.visits" in out
    assert [row["n"] for row in project.query("SELECT n FROM core.visits ORDER BY ds")] == [1, 2, 3]
    project.write("visits/2026-03-02.csv", "who\nbob\n")
    plan = project.json("plan", "core.visits")
    assert [(c["ds"], c["reason"]) for c in plan["cells"] if c["run"]] == [
        ("2026-03-02", "input raw.visits 2026-03-02 changed")
    ]


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out.startswith("drawloom ")
    assert run_command(["nosuch"]) == 2


@pytest.mark.unmeasured
def test_the_same_weekday_is_compared_once_there_is_one(project: SampleProject) -> None:
    project.write("specs/daily.sql", DAILY.replace("checks:", "checks:\n  - same_weekday: {min: 0.5, max: 2}"))
    project.run("run", "core.daily")
    assert project.json("plan", "core.daily")["counts"] == {"fresh": 10}
    fewer = DAILY.replace("checks:", "checks:\n  - same_weekday: {min: 0.5, max: 2}").replace(
        "GROUP BY product", "AND (ds < '2026-03-08' OR product = 'tea') GROUP BY product"
    )
    project.write("specs/daily.sql", fewer)
    out = project.run("run", "core.daily", code=1)
    assert "same_weekday" in out
    assert "failed core.daily 2026-03-08" in out


def test_check_updates_the_schemas_for_editors(project: SampleProject) -> None:
    project.run("check")
    path = project.folder / ".drawloom/spec.schema.json"
    expected = path.read_text()
    path.write_text("{}")
    project.run("check")
    assert path.read_text() == expected


def test_the_python_api_has_the_same_verbs(project: SampleProject) -> None:
    import drawloom

    with drawloom.Project.load(project.folder) as opened:
        assert opened.check() == ()
        assert len(opened.run().results) == 30
        assert {str(cell.state) for cell in opened.status(["core.daily"]).partitions} == {"fresh"}
        assert opened.query("SELECT count(*) AS n FROM core.daily").to_pylist() == [{"n": 30}]
        found = opened.advise("SELECT * FROM core.daily")
        assert {problem.code for problem in found.problems} >= {"missing-partition-filter"}
    with pytest.raises(AttributeError, match="nosuch"):
        _ = drawloom.nosuch
