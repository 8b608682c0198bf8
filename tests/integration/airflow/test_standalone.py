"""Our DAGs in a real Airflow: as those who know Airflow would use them."""

from __future__ import annotations

import json
import shutil
import time
from datetime import date
from pathlib import Path

import httpx
import pytest

from drawloom.run.project import Project
from tests.integration.airflow.conftest import Site, contents
from tests.integration.airflow.project import END, START, land, write_project

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("visits")]


def day(number: int) -> date:
    return date(2026, 1, number)


def test_a_run_fills_the_day_of_its_key_and_shows_what_it_did(site: Site) -> None:
    run = site.trigger("visits.core.visits", "2026-01-01")
    assert site.ended("visits.core.visits", run) == "success"
    task = site.tasks("visits.core.visits", run)["core.visits"]
    assert ("core.visits", day(1)) in site.contents()
    assert "FROM raw.visits WHERE ds = '2026-01-01'" in task["rendered_fields"]["sql"]
    (partition,) = json.loads(str(task["rendered_fields"]["partitions"]).replace("'", '"'))
    assert (partition["ds"], partition["content"]) == ("2026-01-01", site.contents()["core.visits", day(1)])
    log = site.log("visits.core.visits", run, "core.visits")
    assert "FROM raw.visits WHERE ds = '2026-01-01'" in log
    assert '"table": "core.visits"' in log


def test_a_sensor_defers_and_resumes_when_the_partition_lands(site: Site) -> None:
    run = site.trigger("visits.core.visits", "2026-01-11")
    wait = "wait.raw.visits"
    site.until("the sensor to defer", lambda: site.tasks("visits.core.visits", run)[wait]["state"] == "deferred")
    assert site.tasks("visits.core.visits", run)[wait]["rendered_fields"]["waiting_for"] == ["2026-01-11"]
    land(site.root, day(11))
    assert site.ended("visits.core.visits", run) == "success"


def test_a_range_is_filled_by_one_run_and_each_day_is_told(site: Site, visits: str) -> None:
    assert "core.visits: 10 of 10 days" in site.log("visits.core.visits", visits, "core.visits")
    wanted = {f"2026-01-{n:02d}" for n in range(1, 11)}
    site.until("all days in the foreign DAG", lambda: wanted <= set(_lines(site.root / "on_visits.txt")))
    again = site.trigger("visits.core.visits", **{"from": "2026-01-01", "to": "2026-01-10"})
    assert site.ended("visits.core.visits", again) == "success"
    assert site.tasks("visits.core.visits", again)["core.visits"]["state"] == "skipped", "all of it is fresh"


def test_a_backfill_of_airflow_runs_day_after_day_where_a_day_needs_yesterday(site: Site) -> None:
    body = {"dag_id": "visits.core.totals", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-05T00:00:00Z"}
    backfill = site.client.post("/backfills", **body, max_active_runs=3, reprocess_behavior="none")
    site.until("the backfill", lambda: site.client.get(f"/backfills/{backfill['id']}")["completed_at"])
    runs = site.client.get("/dags/visits.core.totals/dagRuns", limit=50)["dag_runs"]
    assert sorted((run["partition_key"], run["state"]) for run in runs) == [
        (f"2026-01-{n:02d}", "success") for n in range(1, 6)
    ]


def test_a_window_waits_for_all_of_its_days(site: Site) -> None:
    run = site.trigger("visits.report.recent", "2026-01-13")
    wait = "wait.core.visits"
    site.until("the sensor to defer", lambda: site.tasks("visits.report.recent", run)[wait]["state"] == "deferred")
    assert site.tasks("visits.report.recent", run)[wait]["rendered_fields"]["waiting_for"] == [
        "2026-01-12",
        "2026-01-13",
    ]
    land(site.root, day(12), day(14))
    filled = site.trigger("visits.core.visits", **{"from": "2026-01-12", "to": "2026-01-14"})
    assert site.ended("visits.core.visits", filled) == "success"
    assert site.ended("visits.report.recent", run) == "success"


def test_a_failed_task_is_tried_again_and_callbacks_hear_of_it(site: Site) -> None:
    run = site.trigger("visits.core.shaky", "2026-01-02")
    assert site.ended("visits.core.shaky", run) == "success"
    task = site.tasks("visits.core.shaky", run)["core.shaky"]
    assert task["try_number"] == 2
    assert "the line was busy" in site.log("visits.core.shaky", run, "core.shaky", 1)
    assert _lines(site.root / "told") == ["core.shaky 2026-01-02 written"]


def test_a_week_is_named_by_its_last_day(site: Site) -> None:
    body = {"dag_id": "visits.report.weekly", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-12T00:00:00Z"}
    planned = site.client.post("/backfills/dry_run", **body, max_active_runs=1, reprocess_behavior="none")
    assert [run["partition_key"] for run in planned["backfills"]] == ["2026-01-04", "2026-01-11"]
    run = site.trigger("visits.report.weekly", "2026-01-04")
    assert site.ended("visits.report.weekly", run) == "success"
    wrong = site.trigger("visits.report.weekly", "2026-01-10")
    assert site.ended("visits.report.weekly", wrong) == "failed"
    assert "must be a day from 2026-01-04" in site.log("visits.report.weekly", wrong, "wait.core.visits")


def test_growth_over_a_range_equals_the_local_runner(site: Site, tmp_path: Path) -> None:
    run = site.trigger("visits.people", **{"from": "2026-01-01", "to": "2026-01-09"})
    totals = site.trigger("visits.core.totals", **{"from": "2026-01-01", "to": "2026-01-10"})
    assert site.ended("visits.people", run) == "success"
    one = site.trigger("visits.people", "2026-01-10")  # the next day by itself
    assert site.ended("visits.people", one) == "success"
    assert site.ended("visits.core.totals", totals) == "success"

    other = write_project(tmp_path / "project")
    (other / "tried").touch()
    shutil.copytree(site.root / "landing", other / "landing")
    with Project.load(other) as project:
        project.run(project.plan())
    ours, theirs = site.contents(), contents(other)
    same = ours.keys() & theirs.keys()
    assert {table for table, _ in same} >= {"core.visits", "core.totals", "growth.people", "growth.people_ratios"}
    assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
    first_ten = {key for key in theirs if key[0] in {"core.totals", "growth.people"} and key[1] <= day(10)}
    assert len(first_ten) == 20
    assert first_ten <= ours.keys()


def test_clearing_a_run_writes_the_same_content_again(site: Site) -> None:
    dag, before = "visits.core.visits", site.contents()
    run = next(r for r in site.client.get(f"/dags/{dag}/dagRuns")["dag_runs"] if r["partition_key"] == "2026-01-01")
    site.client.post(f"/dags/{dag}/dagRuns/{run['dag_run_id']}/clear", dry_run=False)
    site.until("the cleared run", lambda: site.tasks(dag, run["dag_run_id"])["core.visits"]["try_number"] == 2)
    assert site.ended(dag, run["dag_run_id"]) == "success"
    assert site.contents() == before
    assert "unchanged" in site.log(dag, run["dag_run_id"], "core.visits", 2)


def test_announced_days_of_an_outside_table_start_foreign_dags(site: Site) -> None:
    assert site.client.announce("raw.visits", [day(3)]) == 1
    assert site.until("the foreign DAG", lambda: _lines(site.root / "on_raw.txt")) == ["2026-01-03"]


def test_a_new_spec_appears_without_a_restart_and_others_keep_their_version(site: Site) -> None:
    text = (site.root / "specs" / "visits.sql").read_text()
    (site.root / "specs" / "copy.sql").write_text(text.replace("core.visits", "core.copied"))
    site.install()
    site.until("the new DAG", lambda: "visits.core.copied" in _ids(site), 60)
    assert site.versions("visits.core.copied") == 1
    (site.root / "specs" / "copy.sql").write_text(text.replace("core.visits", "core.copied") + " AND user_id > 0\n")
    site.install()
    site.until("its next version", lambda: _doc_has(site, "visits.core.copied", "user_id > 0"), 60)
    time.sleep(12)  # some more readings of files that did not change
    assert all(site.versions(dag) == 1 for dag in _ids(site) if dag != "visits.core.copied")


def test_a_broken_spec_shows_one_import_error_and_the_rest_keep_running(site: Site) -> None:
    broken = site.root / "specs" / "broken.sql"
    broken.write_text("/* drawloom\ntable: core.broken\nuntil: {forever: x}\nownr: me\n*/\nSELECT 1 AS a\n")
    site.install()
    errors = site.until("the import error", lambda: site.client.get("/importErrors")["import_errors"], 60)
    assert len(errors) == 1
    assert "specs/broken.sql:4: ownr is an unknown key" in errors[0]["stack_trace"]
    run = site.trigger("visits.core.visits", "2026-01-02")
    assert site.ended("visits.core.visits", run) == "success"
    broken.unlink()
    site.install()
    site.until("the error to go", lambda: not site.client.get("/importErrors")["import_errors"], 60)


def test_alerts_are_sent_when_a_run_fails_for_good_and_when_it_is_late(site: Site) -> None:
    run = site.trigger("visits.core.hopeless", "2026-01-20")  # waits for a day that does not come
    failed = site.trigger("visits.core.hopeless", "2026-01-05")
    assert site.ended("visits.core.hopeless", failed) == "failed"
    site.until("the failure", lambda: any("visits.core.hopeless 2026-01-05 failed" in text for text in site.heard))
    site.until("the delay", lambda: any("visits.core.hopeless 2026-01-20 is late" in text for text in site.heard))
    site.client.patch(f"/dags/visits.core.hopeless/dagRuns/{run}", state="failed")


def test_the_page_of_a_dag_tells_what_it_is_and_shows_a_picture(site: Site) -> None:
    doc = site.client.get("/dags/visits.people/details")["doc_md"]
    assert "**growth.people_state** reads `growth.people_days`, `growth.people_state` (by the calendar)." in doc
    assert "kind: growth" in doc
    path = "/drawloom/lineage/visits.people.svg"
    assert f"]({path})" in doc
    anonymous = httpx.get(site.local.url + path, trust_env=False)
    assert anonymous.status_code == 401
    picture = httpx.get(site.local.url + path, headers=site.client.headers, trust_env=False)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    assert "<svg" in picture.text
    assert ">core.visits<" in picture.text
    assert ">growth.people_ratios<" in picture.text


def test_tables_are_assets_with_the_tasks_around_them(site: Site) -> None:
    assets = {asset["name"]: asset for asset in site.client.get("/assets", limit=100)["assets"]}
    assert {"raw.visits", "core.visits", "core.totals", "growth.people", "report.weekly"} <= assets.keys()
    visits = assets["core.visits"]
    assert [task["task_id"] for task in visits["producing_tasks"]] == ["core.visits"]
    assert visits["uri"] == "drawloom://visits/core/visits"


def test_bad_keys_and_ranges_fail_at_once_with_one_message(site: Site) -> None:
    late = site.trigger("visits.core.visits", "2026-02-01")
    assert site.ended("visits.core.visits", late) == "failed"
    assert f"must be a day from {START} to {END}" in site.log("visits.core.visits", late, "wait.raw.visits")
    half = site.trigger("visits.core.visits", **{"from": "2026-01-01"})
    assert site.ended("visits.core.visits", half) == "failed"
    assert "must be both ends of a range" in site.log("visits.core.visits", half, "wait.raw.visits")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _ids(site: Site) -> list[str]:
    return [dag["dag_id"] for dag in site.client.get("/dags", limit=100)["dags"] if dag["dag_id"].startswith("visits.")]


def _doc_has(site: Site, dag: str, text: str) -> bool:
    return text in (site.client.get(f"/dags/{dag}/details")["doc_md"] or "")
