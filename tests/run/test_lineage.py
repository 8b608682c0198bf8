"""Lineage of tables and columns over a project, and as OpenLineage events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drawloom.cli.lineage import mermaid
from drawloom.cli.main import run_command
from drawloom.model import InputError
from drawloom.run.lineage import Edge, find_lineage
from drawloom.run.openlineage import job_events
from drawloom.run.project import Project
from tests.run.environments.build import land, write_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    root = write_project(tmp_path / "project", factor="2")
    land(root)
    with Project.load(root) as made:
        yield made


def test_tables_up_and_down(project: Project) -> None:
    found = find_lineage(project, "core.events")
    assert found.up == (Edge("raw.events", "core.events", "read"),)
    assert found.down == (
        Edge("core.events", "core.people", "read"),
        Edge("core.events", "core.week", "read"),
    )
    assert find_lineage(project, "RAW.Events", up=False).name == "raw.events"
    assert len(find_lineage(project, "raw.events").down) == 4
    assert find_lineage(project, "raw.events", depth=1).down == (
        Edge("raw.events", "core.apart", "read"),
        Edge("raw.events", "core.events", "read"),
    )


def test_columns_are_followed_and_filters_are_told(project: Project) -> None:
    found = find_lineage(project, "core.week.amount", down=False)
    assert found.name == "core.week.amount"
    assert found.up == (
        Edge("core.events.amount", "core.week.amount", "transformed"),
        Edge("core.events.ds", "core.week.amount", "filtered"),
        Edge("core.events.who", "core.week.amount", "filtered"),
        Edge("raw.events.amount", "core.events.amount", "transformed"),
        Edge("raw.events.ds", "core.events.amount", "filtered"),
    )
    below = find_lineage(project, "raw.events.who", up=False).down
    assert Edge("raw.events.who", "core.events.who", "copied") in below
    assert Edge("core.events.who", "core.week.who", "copied") in below
    assert Edge("core.events.who", "core.week", "filtered") in below


def test_a_column_of_its_own_past_is_not_followed_for_ever(project: Project) -> None:
    found = find_lineage(project, "core.people.amount")
    assert Edge("core.events.amount", "core.people.amount", "transformed") in found.up
    assert len(found.up) < 12


@pytest.mark.parametrize(
    ("name", "message"),
    [("core.nope", "must be a table"), ("core.week.nope", "must be a column of core.week"), ("x", "must be a table")],
)
def test_what_is_not_there_is_refused(project: Project, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_lineage(project, name)


def test_a_chart_for_mermaid(project: Project) -> None:
    assert mermaid(find_lineage(project, "core.week.constant")).splitlines() == [
        "flowchart LR",
        '  n0["core.week.constant"]',
        '  n1["core.events.ds"]',
        '  n2["core.events.who"]',
        "  n1 -.-> n0",
        "  n2 -.-> n0",
    ]


def test_openlineage_has_jobs_columns_and_where_they_come_from(project: Project) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    events = {event["job"]["name"]: event for event in job_events(project, project.pipelines, at)}
    event = events["core.week.core.week"]
    assert event["eventTime"] == "2026-03-01T00:00:00+00:00"
    assert event["inputs"] == [{"namespace": "drawloom://env", "name": "core.events"}]
    (output,) = event["outputs"]
    assert output["name"] == "core.week"
    assert [field["name"] for field in output["facets"]["schema"]["fields"]] == ["who", "amount", "constant"]
    lineage = output["facets"]["columnLineage"]
    assert lineage["fields"]["amount"]["inputFields"] == [
        {
            "namespace": "drawloom://env",
            "name": "core.events",
            "field": "amount",
            "transformations": [{"type": "DIRECT", "subtype": "TRANSFORMATION"}],
        }
    ]
    assert {one["field"] for one in lineage["dataset"]} == {"ds", "who"}
    assert output["facets"]["ownership"]["owners"] == [{"name": "me@example.com", "type": "MAINTAINER"}]


def test_the_command(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["-C", str(project.config.root)]
    assert run_command([*folder, "lineage", "core.week.amount", "--up"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "core.week.amount is made of",
        "├── core.events.amount transformed",
        "│   ├── raw.events.amount transformed",
        "│   └── filtered by raw.events.ds",
        "└── filtered by core.events.ds, core.events.who",
    ]
    assert run_command([*folder, "lineage", "core.apart", "--down"]) == 0
    assert "nothing is made of it" in capsys.readouterr().out
    assert run_command([*folder, "lineage"]) == 2
    assert run_command([*folder, "lineage", "--openlineage"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert run_command([*folder, "lineage", "core.week", "--format", "json"]) == 0
    assert '"how": "read"' in capsys.readouterr().out
