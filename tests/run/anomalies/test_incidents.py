"""Alerts of a project: in words, nested by lineage, answered by people, and gone when a day lands again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drawloom.cli.main import app
from drawloom.model import InputError
from drawloom.run.anomalies.incidents import Incident, answer, find_incidents
from drawloom.run.project import Project

START = date(2026, 1, 5)
LAST = START + timedelta(days=7)
SETTINGS = f"""name: rides
start: {START}
end: {LAST}
defaults: {{owner: rides@example.com, retries: 0}}
sources:
  raw.rides: {{files: "landing/{{ds}}.csv", columns: {{ride: BIGINT, country: VARCHAR, fare: DOUBLE}}}}
"""
DAILY = """/* drawloom
table: core.rides
until: {forever: a test}
*/
SELECT ride, country, fare FROM raw.rides WHERE ds = DATE '{{ ds }}'
"""
HEALTH = """kind: anomalies
name: health
until: {forever: a test}
watch:
  - {table: raw.rides, values: [fare]}
  - {table: core.rides}
detector: {kind: zscore, min_history: 4}
explain: {dimensions: [country]}
on_error: block
"""


def write_day(folder: Path, ds: date, us: int = 8, de: int = 4, copies: int = 1) -> None:
    rows = [f"{ds.day * 100 + n},{'US' if n < us else 'DE'},{10 + n % 3}" for n in range(us + de)]
    (folder / f"landing/{ds}.csv").write_text("\n".join(["ride,country,fare", *(rows * copies)]) + "\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was run over days of which the last one has lost most of the US."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "specs").mkdir()
    (folder / "landing").mkdir()
    (folder / "drawloom.yml").write_text(SETTINGS)
    (folder / "specs/rides.sql").write_text(DAILY)
    (folder / "specs/health.yml").write_text(HEALTH)
    for n in range(7):
        write_day(folder, START + timedelta(days=n), us=8 + n % 2)
    write_day(folder, LAST, us=1)
    run(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the project."""
    return Path(shutil.copytree(made, tmp_path / "copy", copy_function=shutil.copy2))


def run(folder: Path) -> dict[str, set[str]]:
    """Run all that is to be done; tables by outcome."""
    with Project.load(folder) as project:
        summary = project.run(project.plan(), jobs=1)
    found: dict[str, set[str]] = {}
    for result in summary.results:
        found.setdefault(result.outcome, set()).add(f"{result.table} {result.ds}")
    return found


def incidents(folder: Path, days: int = 7) -> list[Incident]:
    with Project.load(folder) as project:
        return find_incidents(project, days)


def test_alerts_are_nested_under_those_of_the_tables_upstream(made: Path) -> None:
    first, second = incidents(made)
    assert (first.table, first.parent, first.severity, first.status) == ("raw.rides", "", "error", "open")
    assert first.summary == "rows of raw.rides fell to 40 % of what a Monday brings; country = US explains 94 % of it"
    assert first.series == (("raw.rides", "fare", ""), ("raw.rides", "row_count", ""))
    assert (second.table, second.parent) == ("core.rides", first.id)


def test_a_day_that_lands_again_has_no_alert(folder: Path) -> None:
    write_day(folder, LAST)
    assert [one.kind for one in incidents(folder) if one.kind == "restated"] == ["restated"]
    assert "failed" not in run(folder)
    assert incidents(folder) == []


def test_readers_are_blocked_until_somebody_answers(folder: Path) -> None:
    blocked = f"anomalies.health_passed {LAST}"
    assert run(folder) == {"failed": {blocked}}
    for one in incidents(folder):
        with Project.load(folder) as project:
            answer(project, one.id, "ack", reason="somebody pulled a cable")
    assert blocked in run(folder)["written"]
    assert {one.status for one in incidents(folder)} == {"acknowledged"}


def test_what_is_wrong_raises_the_threshold_of_its_series_only(folder: Path) -> None:
    one = incidents(folder)[0]
    with Project.load(folder) as project:
        answer(project, one.id[:4], "wrong", series="fare")
    run(folder)
    with Project.load(folder) as project:
        rows = project.query(f"SELECT table_name, metric, status FROM anomalies.health WHERE ds = DATE '{LAST}'")
    status = {(row["table_name"], row["metric"]): row["status"] for row in rows.to_pylist()}
    assert status["raw.rides", "fare"] == "wrong"
    assert status["raw.rides", "row_count"] == status["core.rides", "row_count"] == "open"


def test_rules_find_what_statistics_are_not_asked_for(folder: Path) -> None:
    write_day(folder, LAST, copies=2)
    (folder / f"landing/{LAST - timedelta(days=3)}.csv").unlink()
    run(folder)
    found = {(one.table, one.kind) for one in incidents(folder)}
    assert {("raw.rides", "loaded twice"), ("core.rides", "loaded twice"), ("raw.rides", "missing")} <= found
    (folder / f"landing/{LAST}.csv").write_text("ride,country,fare\n")
    run(folder)
    empty = [one for one in incidents(folder) if one.kind == "empty" and one.table == "raw.rides"]
    assert [one.summary for one in empty] == ["raw.rides is empty: a Monday brings 12.4 rows"]


def test_commands_show_and_answer(folder: Path) -> None:
    def call(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["anomalies", *words])
        assert result.exit_code == code, result.output
        return result.output

    found = json.loads(call("-C", str(folder), "--format", "json"))["alerts"]
    assert [one["table"] for one in found] == ["raw.rides", "core.rides"]
    shown = call("-C", str(folder), "--fail", code=1)
    assert f"error  {found[0]['id']}  {LAST}\n       rows of raw.rides fell to 40 %" in shown
    assert f"\n  error  {found[1]['id']}" in shown
    said = call("-C", str(folder), "mute", found[0]["id"], "--until", "2026-02-01", "--reason", "known")
    assert "feedback/health.jsonl" in said
    assert "(muted)" not in call("-C", str(folder))
    assert "(muted)" in call("-C", str(folder), "--all")


def test_bad_answers_are_refused(folder: Path) -> None:
    one = incidents(folder)[0]
    with Project.load(folder) as project:
        with pytest.raises(InputError, match="must be the id of one alert of the last 90 days"):
            answer(project, "zzz", "ack")
        with pytest.raises(
            InputError, match=r"series == 'fares', must be one of the alert.* There are: fare, row_count"
        ):
            answer(project, one.id, "wrong", series="fares")
    (folder / "feedback").mkdir()
    (folder / "feedback/health.jsonl").write_text('{"alert": "x", "verdict": "fine"}\n')
    with Project.load(folder) as project:
        (problem, *_) = [one for one in project.check() if one.code == "bad-feedback"]
    assert "feedback/health.jsonl" in str(problem)
    assert replace(one, status="held").is_open is False
