"""``drawloom show`` and ``--force-source``, on the orders of a sample project."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from tests.cli.sample_project import LAND, SampleProject

SPEC = """kind: growth
name: buyers
source: raw.orders
entity: product
activities: {orders: true, dear: amount > 30}
windows: [1, 7]
until: "forever: a test"
"""


@pytest.fixture(scope="module")
def grown_folder(finished_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a growth spec in which everything is fresh, to copy."""
    folder = tmp_path_factory.mktemp("grown")
    shutil.copytree(finished_folder, folder, dirs_exist_ok=True)
    (folder / "specs/buyers.yml").write_text(SPEC)
    assert run_command(["-C", str(folder), "run"]) == 0
    return folder


@pytest.fixture
def grown(project_without_data: SampleProject, grown_folder: Path) -> SampleProject:
    shutil.copytree(grown_folder, project_without_data.folder, dirs_exist_ok=True)
    return project_without_data


@pytest.mark.unmeasured
def test_show_draws_the_page_of_a_spec(grown: SampleProject) -> None:
    out = grown.run("show", "buyers", "--days", "14")
    assert out.startswith("buyers: orders on 2026-03-10\n")
    assert "Too early to say: on the first 13 days everybody looks new." in out
    assert "2026-03-01" in out
    assert "█" in out
    assert "--activity orders what they do (orders|dear)" in out
    assert max(map(len, out.splitlines())) <= 80
    assert grown.run("show", "growth.buyers_ratios", "--activity=dear").startswith("buyers: dear on 2026-03-10\n")


def test_brief_is_the_verdict_and_the_facts(grown: SampleProject) -> None:
    out = grown.run("show", "buyers", "--brief", "--activity", "dear")
    assert out.startswith("buyers: dear on 2026-03-10\n")
    assert "DAU" in out
    assert "--window" not in out
    assert len(out.splitlines()) < 12


@pytest.mark.unmeasured
def test_show_prints_json(grown: SampleProject) -> None:
    page = grown.json("show", "buyers", "--activity", "orders", "--window", "1")
    assert page["verdict"]["tone"] == "unknown"
    assert [(fact["label"], fact["value"]) for fact in page["facts"][:2]] == [("DAU", 3), ("WAU", 3)]
    assert [choice["value"] for choice in page["choices"]] == ["orders", "1", "day", "total", "56", "latest"]
    (days,) = [block for block in page["blocks"] if block["name"] == "days"]
    assert (days["rows"][0]["day"], days["rows"][0]["active"], days["rows"][0]["net"]) == ("2026-03-10", 3, 0)
    assert all(block["query"].startswith("SELECT ") for block in page["blocks"])


def test_without_a_name_it_lists_what_has_a_page(grown: SampleProject) -> None:
    out = grown.run("show")
    assert [line.split()[:2] for line in out.splitlines()[3:7]] == [
        ["buyers", "growth"],
        ["core.daily", "autodag"],
        ["core.ever", "autodag"],
        ["core.rolling", "autodag"],
    ]
    assert {row["kind"] for row in grown.json("show")} == {"growth", "autodag"}


def test_a_spec_with_errors_is_named_before_an_unknown_name(project: SampleProject) -> None:
    project.write("specs/buyers.yml", SPEC.replace("amount > 30", "sum(amount) > 3"))
    out = project.run("show", "buyers", code=2)
    assert "activities.dear == 'sum(amount) > 3', must be a condition" in out


def test_every_table_has_a_page(finished: SampleProject) -> None:
    out = finished.run("show", "core.daily")
    assert "rows of the last day" in out
    assert "The first 20 rows of the last day" in out
    early = finished.json("show", "core.daily", "--as-of", "2026-03-05")
    assert early["facts"][0]["value"] == "2026-03-05"
    assert len(early["blocks"][0]["rows"]) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["core.dayly"], "name == 'core.dayly', must be a pipeline or table of this project."),
        (["core.daily", "--window", "7"], "choice == 'window', must be one that the page offers."),
        (["core.daily", "7"], "choice == '7', must be given as --name value."),
        (["core.daily", "--as_of"], "choice == '--as-of', must be given as --as-of value."),
        (["buyers", "--activity", "nothing"], "activity == 'nothing', must be one of 'orders', 'dear'."),
        (["buyers"], "buyers has no partitions yet."),
    ],
)
def test_show_refuses_what_it_cannot_show(project: SampleProject, arguments: list[str], message: str) -> None:
    project.write("specs/buyers.yml", SPEC)
    assert message in project.run("show", *arguments, code=2)


def test_force_source_treats_a_source_as_changed(grown: SampleProject) -> None:
    plan = grown.json("plan", "--from", "2026-03-09", "--force-source", "raw.orders")
    run = {(cell["table"], cell["ds"]) for cell in plan["cells"] if cell["run"]}
    assert {ds for _, ds in run} == {"2026-03-09", "2026-03-10"}
    assert {"core.daily", "core.rolling", "growth.buyers", "growth.buyers_state"} <= {table for table, _ in run}
    summary = grown.json("run", "--from", "2026-03-09", "--force-source", "raw.orders")
    assert {row["outcome"] for row in summary["results"]} == {"unchanged", "fresh"}
    out = grown.run("plan", "--force-source", "raw.order", code=2)
    assert "source == 'raw.order', must be a table that a step reads." in out
    assert "Did you mean raw.orders?" in out


@pytest.mark.unmeasured
def test_a_warning_is_printed_once(project: SampleProject) -> None:
    project.write("landing/nobody.csv", "id,day,product,amount\n91,2026-03-01,,1\n92,2026-03-02,,1\n")
    project.run(*LAND, "--replace")
    project.write("specs/buyers.yml", SPEC)
    out = project.run("run", "buyers")
    assert out.count("rows without product") == 1
    assert "growth.buyers_days 2026-03-01 .. 2026-03-02 (2 days)" in out
