"""Tasks tell Airflow's provider of OpenLineage what they read and write: the events in the file that it writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.listener import get_listener_manager

from drawloom.run.project import Project
from tests.airflow.test_run import RunDag, root, run_dag  # noqa: F401 - fixtures


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file to which the provider's listener writes its events."""
    file = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(file), "append": True}
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", json.dumps(transport))
    # A fork of a process with threads, as this one has, may wait forever for a lock that one of them held.
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD", "True")
    from airflow.providers.openlineage.plugins.listener import OpenLineageListener

    listeners = get_listener_manager()
    for plugin in listeners.pm.get_plugins():  # Airflow has added one where the transport was set before it was loaded
        if isinstance(plugin, OpenLineageListener):
            listeners.pm.unregister(plugin)
    listener = OpenLineageListener()  # type: ignore[no-untyped-call]
    listeners.add_listener(listener)  # type: ignore[no-untyped-call]
    yield file
    listeners.pm.unregister(listener)


def test_a_task_tells_what_it_reads_and_what_it_has_written(root: Path, run_dag: RunDag, events: Path) -> None:  # noqa: F811
    assert run_dag("core.visits", **{"from": "2026-01-01", "to": "2026-01-03", "force": True}).state == "success"
    found = [json.loads(line) for line in events.read_text().splitlines()]
    own = [event for event in found if event["job"]["name"] == "visits.core.visits.core.visits"]
    start, complete = (next(event for event in own if event["eventType"] == kind) for kind in ("START", "COMPLETE"))
    assert start["run"]["runId"] == complete["run"]["runId"]
    for event in (start, complete):
        assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [("drawloom://visits", "raw.visits")]
        assert [(one["namespace"], one["name"]) for one in event["outputs"]] == [("drawloom://visits", "core.visits")]
        assert columns(event)["user_id"] == [("raw.visits", "user_id", "IDENTITY")]
    with Project.load(root) as project:
        records = [record for ds, record in project.snapshot().records["core.visits"].items() if ds.day <= 3]
    written = complete["outputs"][0]["outputFacets"]["outputStatistics"]
    assert written["rowCount"] == sum(record.rows for record in records) > 0
    assert written["size"] == sum(record.bytes for record in records)
    assert written["fileCount"] == 3
    assert "2026-01-03" in complete["job"]["facets"]["sql"]["query"]
    assert not start["outputs"][0]["outputFacets"]


def columns(event: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Each column of the output with the columns that it is made of, and how."""
    fields = event["outputs"][0]["facets"]["columnLineage"]["fields"]
    return {
        name: [(one["name"], one["field"], one["transformations"][0]["subtype"]) for one in field["inputFields"]]
        for name, field in fields.items()
    }
