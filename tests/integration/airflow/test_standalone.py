"""drawloom's DAGs in a real Airflow, used as Airflow users do."""

from __future__ import annotations

import json
import shutil
import time
from datetime import date
from pathlib import Path

import pytest

from drawloom.run.project import Project
from tests.integration.airflow.conftest import AirflowUnderTest, contents
from tests.integration.airflow.visits_project import END, START, land_visits, write_visits_project

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("visits")]


def day(number: int) -> date:
    return date(2026, 1, number)


def test_a_run_fills_the_day_of_its_key_and_shows_sql_and_partition(airflow: AirflowUnderTest) -> None:
    run = airflow.trigger("visits.core.visits", "2026-01-01")
    assert airflow.ended("visits.core.visits", run) == "success"
    task = airflow.tasks("visits.core.visits", run)["core.visits"]
    assert ("core.visits", day(1)) in airflow.contents()
    assert "FROM raw.visits WHERE ds = '2026-01-01'" in task["rendered_fields"]["sql"]
    (partition,) = json.loads(str(task["rendered_fields"]["partitions"]).replace("'", '"'))
    assert (partition["ds"], partition["content"]) == ("2026-01-01", airflow.contents()["core.visits", day(1)])
    log = airflow.log("visits.core.visits", run, "core.visits")
    assert "FROM raw.visits WHERE ds = '2026-01-01'" in log
    assert '"table": "core.visits"' in log


def test_a_sensor_defers_and_resumes_when_the_partition_lands(airflow: AirflowUnderTest) -> None:
    run = airflow.trigger("visits.core.visits", "2026-01-11")
    wait = "wait.raw.visits"
    airflow.until("the sensor to defer", lambda: airflow.tasks("visits.core.visits", run)[wait]["state"] == "deferred")
    assert airflow.tasks("visits.core.visits", run)[wait]["rendered_fields"]["waiting_for"] == ["2026-01-11"]
    land_visits(airflow.root, day(11))
    assert airflow.ended("visits.core.visits", run) == "success"


def test_one_run_fills_a_range_and_emits_an_event_for_each_day(airflow: AirflowUnderTest, visits: str) -> None:
    assert "core.visits: 10 of 10 days" in airflow.log("visits.core.visits", visits, "core.visits")
    wanted = {f"2026-01-{n:02d}" for n in range(1, 11)}
    airflow.until("all days in the foreign DAG", lambda: wanted <= set(_lines(airflow.root / "on_visits.txt")))
    again = airflow.trigger("visits.core.visits", **{"from": "2026-01-01", "to": "2026-01-10"})
    assert airflow.ended("visits.core.visits", again) == "success"
    assert airflow.tasks("visits.core.visits", again)["core.visits"]["state"] == "skipped", "all of it is fresh"


@pytest.mark.nightly
def test_a_backfill_of_airflow_runs_days_in_order_if_a_table_reads_its_past(airflow: AirflowUnderTest) -> None:
    body = {"dag_id": "visits.core.totals", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-05T00:00:00Z"}
    backfill = airflow.client.post("/backfills", **body, max_active_runs=3, reprocess_behavior="none")
    airflow.until("the backfill", lambda: airflow.client.get(f"/backfills/{backfill['id']}")["completed_at"])
    runs = airflow.client.get("/dags/visits.core.totals/dagRuns", limit=50)["dag_runs"]
    assert sorted((run["partition_key"], run["state"]) for run in runs) == [
        (f"2026-01-{n:02d}", "success") for n in range(1, 6)
    ]


@pytest.mark.nightly
def test_a_window_waits_for_all_of_its_days(airflow: AirflowUnderTest) -> None:
    run = airflow.trigger("visits.report.recent", "2026-01-13")
    wait = "wait.core.visits"
    airflow.until(
        "the sensor to defer", lambda: airflow.tasks("visits.report.recent", run)[wait]["state"] == "deferred"
    )
    assert airflow.tasks("visits.report.recent", run)[wait]["rendered_fields"]["waiting_for"] == [
        "2026-01-12",
        "2026-01-13",
    ]
    land_visits(airflow.root, day(12), day(14))
    filled = airflow.trigger("visits.core.visits", **{"from": "2026-01-12", "to": "2026-01-14"})
    assert airflow.ended("visits.core.visits", filled) == "success"
    assert airflow.ended("visits.report.recent", run) == "success"


def test_a_failed_task_is_retried_and_callbacks_are_called(airflow: AirflowUnderTest) -> None:
    run = airflow.trigger("visits.core.shaky", "2026-01-02")
    assert airflow.ended("visits.core.shaky", run) == "success"
    task = airflow.tasks("visits.core.shaky", run)["core.shaky"]
    assert task["try_number"] == 2
    assert "the line was busy" in airflow.log("visits.core.shaky", run, "core.shaky", 1)
    assert _lines(airflow.root / "told") == ["core.shaky 2026-01-02 written"]


@pytest.mark.nightly
def test_the_key_of_a_week_is_its_last_day(airflow: AirflowUnderTest) -> None:
    body = {"dag_id": "visits.report.weekly", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-12T00:00:00Z"}
    planned = airflow.client.post("/backfills/dry_run", **body, max_active_runs=1, reprocess_behavior="none")
    assert [run["partition_key"] for run in planned["backfills"]] == ["2026-01-04", "2026-01-11"]
    run = airflow.trigger("visits.report.weekly", "2026-01-04")
    assert airflow.ended("visits.report.weekly", run) == "success"
    wrong = airflow.trigger("visits.report.weekly", "2026-01-10")
    assert airflow.ended("visits.report.weekly", wrong) == "failed"
    assert "must be a day from 2026-01-04" in airflow.log("visits.report.weekly", wrong, "wait.core.visits")


@pytest.mark.nightly
def test_growth_over_a_range_equals_the_local_runner(airflow: AirflowUnderTest, tmp_path: Path) -> None:
    run = airflow.trigger("visits.people", **{"from": "2026-01-01", "to": "2026-01-09"})
    totals = airflow.trigger("visits.core.totals", **{"from": "2026-01-01", "to": "2026-01-10"})
    assert airflow.ended("visits.people", run) == "success"
    one = airflow.trigger("visits.people", "2026-01-10")  # the next day by itself
    assert airflow.ended("visits.people", one) == "success"
    assert airflow.ended("visits.core.totals", totals) == "success"

    other = write_visits_project(tmp_path / "project")
    (other / "tried").touch()
    shutil.copytree(airflow.root / "landing", other / "landing")
    with Project.load(other) as project:
        project.run(project.plan())
    ours, theirs = airflow.contents(), contents(other)
    same = ours.keys() & theirs.keys()
    assert {table for table, _ in same} >= {"core.visits", "core.totals", "growth.people", "growth.people_ratios"}
    assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
    first_ten = {key for key in theirs if key[0] in {"core.totals", "growth.people"} and key[1] <= day(10)}
    assert len(first_ten) == 20
    assert first_ten <= ours.keys()


@pytest.mark.nightly
def test_clearing_a_run_writes_the_same_content_again(airflow: AirflowUnderTest) -> None:
    dag, before = "visits.core.visits", airflow.contents()
    run = next(r for r in airflow.client.get(f"/dags/{dag}/dagRuns")["dag_runs"] if r["partition_key"] == "2026-01-01")
    airflow.client.post(f"/dags/{dag}/dagRuns/{run['dag_run_id']}/clear", dry_run=False)
    airflow.until("the cleared run", lambda: airflow.tasks(dag, run["dag_run_id"])["core.visits"]["try_number"] == 2)
    assert airflow.ended(dag, run["dag_run_id"]) == "success"
    assert airflow.contents() == before
    assert "unchanged" in airflow.log(dag, run["dag_run_id"], "core.visits", 2)


@pytest.mark.nightly
def test_announced_days_of_an_external_table_start_other_dags(airflow: AirflowUnderTest) -> None:
    assert airflow.client.announce("raw.visits", [day(3)]) == 1
    assert airflow.until("the foreign DAG", lambda: _lines(airflow.root / "on_raw.txt")) == ["2026-01-03"]


@pytest.mark.nightly
def test_a_new_spec_appears_without_a_restart_and_others_keep_their_version(airflow: AirflowUnderTest) -> None:
    text = (airflow.root / "specs" / "visits.sql").read_text()
    (airflow.root / "specs" / "copy.sql").write_text(text.replace("core.visits", "core.copied"))
    airflow.install()
    airflow.until("the new DAG", lambda: "visits.core.copied" in _ids(airflow), 60)
    assert airflow.versions("visits.core.copied") == 1
    (airflow.root / "specs" / "copy.sql").write_text(text.replace("core.visits", "core.copied") + " AND user_id > 0\n")
    airflow.install()
    airflow.until("its next version", lambda: _doc_has(airflow, "visits.core.copied", "user_id > 0"), 60)
    time.sleep(12)  # some more readings of files that did not change
    assert all(airflow.versions(dag) == 1 for dag in _ids(airflow) if dag != "visits.core.copied")


@pytest.mark.nightly
def test_a_broken_spec_shows_one_import_error_and_the_rest_keep_running(airflow: AirflowUnderTest) -> None:
    broken = airflow.root / "specs" / "broken.sql"
    broken.write_text("/* drawloom\ntable: core.broken\nuntil: {forever: x}\nownr: me\n*/\nSELECT 1 AS a\n")
    airflow.install()
    errors = airflow.until("the import error", lambda: airflow.client.get("/importErrors")["import_errors"], 60)
    assert len(errors) == 1
    assert "specs/broken.sql:4: ownr is an unknown key" in errors[0]["stack_trace"]
    run = airflow.trigger("visits.core.visits", "2026-01-02")
    assert airflow.ended("visits.core.visits", run) == "success"
    broken.unlink()
    airflow.install()
    airflow.until("the error to go", lambda: not airflow.client.get("/importErrors")["import_errors"], 60)


@pytest.mark.nightly
def test_alerts_are_sent_for_failed_and_late_runs(airflow: AirflowUnderTest) -> None:
    run = airflow.trigger("visits.core.hopeless", "2026-01-20")  # waits for a day that does not come
    failed = airflow.trigger("visits.core.hopeless", "2026-01-05")
    assert airflow.ended("visits.core.hopeless", failed) == "failed"
    airflow.until(
        "the failure", lambda: any("visits.core.hopeless 2026-01-05 failed" in text for text in airflow.received)
    )
    airflow.until(
        "the delay", lambda: any("visits.core.hopeless 2026-01-20 is late" in text for text in airflow.received)
    )
    airflow.client.patch(f"/dags/visits.core.hopeless/dagRuns/{run}", state="failed")


@pytest.mark.nightly
def test_the_page_of_a_dag_shows_reads_and_spec(airflow: AirflowUnderTest) -> None:
    doc = airflow.client.get("/dags/visits.people/details")["doc_md"]
    assert "**growth.people_state** reads `growth.people_days`, `growth.people_state` (" in doc
    assert "by the calendar" not in doc
    assert "kind: growth" in doc


def test_tables_are_assets_with_their_producing_tasks(airflow: AirflowUnderTest) -> None:
    assets = {asset["name"]: asset for asset in airflow.client.get("/assets", limit=100)["assets"]}
    assert {"raw.visits", "core.visits", "core.totals", "growth.people", "report.weekly"} <= assets.keys()
    visits = assets["core.visits"]
    assert [task["task_id"] for task in visits["producing_tasks"]] == ["core.visits"]
    assert visits["uri"] == "drawloom://visits/core/visits"


def test_bad_keys_and_ranges_fail_at_once_with_one_message(airflow: AirflowUnderTest) -> None:
    late = airflow.trigger("visits.core.visits", "2026-02-01")
    assert airflow.ended("visits.core.visits", late) == "failed"
    assert f"must be a day from {START} to {END}" in airflow.log("visits.core.visits", late, "wait.raw.visits")
    half = airflow.trigger("visits.core.visits", **{"from": "2026-01-01"})
    assert airflow.ended("visits.core.visits", half) == "failed"
    assert "must be both ends of a range" in airflow.log("visits.core.visits", half, "wait.raw.visits")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _ids(airflow: AirflowUnderTest) -> list[str]:
    return [
        dag["dag_id"] for dag in airflow.client.get("/dags", limit=100)["dags"] if dag["dag_id"].startswith("visits.")
    ]


def _doc_has(airflow: AirflowUnderTest, dag: str, text: str) -> bool:
    return text in (airflow.client.get(f"/dags/{dag}/details")["doc_md"] or "")
