"""What a run prints of data checks that fail: all of them, at their places, without personal data."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.frameworks.pipeline_json import pipeline_to_dict
from drawloom.run.project import Project
from tests.cli.sample_project import SampleProject

HEADER = """/* drawloom
table: core.new
until: "forever: a test"
columns: {id: BIGINT, product: {type: VARCHAR, tags: [pii]}}
checks:
  - accepted_values: {product: [nothing]}
  - not_null: [id]
  - rows: {min: 10}
  - sql: {name: few, query: "SELECT product AS p, count(*) AS n, max(id) AS id FROM staged GROUP BY 1"}
    severity: warn
  - sql: {name: whole, query: SELECT s FROM staged AS s}
    severity: warn
*/
SELECT id, product FROM raw.orders WHERE ds = '{{ ds }}'
"""
AFTER = """/* drawloom
table: core.after
until: "forever: a test"
*/
SELECT id FROM core.new WHERE ds = '{{ ds }}'
"""


@pytest.fixture
def failing(project: SampleProject) -> SampleProject:
    project.write("specs/new.sql", HEADER)
    project.write("specs/after.sql", AFTER)
    return project


def test_all_failing_checks_are_told_once_for_all_days(failing: SampleProject) -> None:
    out = failing.run("run", "core.after", code=1)
    assert "failed core.new 2026-03-01 .. 2026-03-10 (10 days)" in out
    assert out.count("specs/new.sql:6: The check 'accepted_values(product)' failed") == 1
    assert "it found 6 rows, such as {" in out or "it found 4 rows, such as {" in out
    assert "specs/new.sql:8: The check 'rows(min: 10)' failed" in out
    assert '{"rows": 6}' in out
    assert "specs/new.sql:9: The check 'few' failed" in out
    assert "not_null" not in out


def test_personal_values_are_hidden(failing: SampleProject) -> None:
    out = failing.run("run", "core.new", code=1)
    assert '"product": "***"' in out
    assert '{"p": "***", "n": "***", "id": ' in out
    assert '{"s": "***"}' in out
    assert not any(product in out for product in ("tea", "cake", "coffee"))
    assert not any(product in failing.run("plan") for product in ("tea", "cake", "coffee"))


@pytest.mark.unmeasured
def test_what_follows_a_failure_is_skipped(failing: SampleProject) -> None:
    results = failing.json("run", "core.after", code=1)["results"]
    assert {(r["table"], r["outcome"]) for r in results} == {("core.new", "failed"), ("core.after", "skipped")}
    assert "skipped core.after 2026-03-01 .. 2026-03-10 (10 days)" in failing.run("run", "core.after", code=1)
    counts = {name: table["counts"] for name, table in failing.json("status")["tables"].items()}
    assert counts["core.after"] == {"skipped": 10}
    assert counts["core.new"] == {"failed": 10}
    failing.write("specs/new.sql", HEADER.replace("nothing", "tea, cake, coffee").replace("min: 10", "min: 1"))
    failing.run("run", "core.after")
    assert failing.json("status")["tables"]["core.after"]["counts"] == {"fresh": 10}


def test_the_places_of_checks_and_tags_reach_airflow(failing: SampleProject, tmp_path: Path) -> None:
    with Project.load(failing.folder) as project:
        pipeline = next(p for p in project.pipelines if p.name == "core.new")
    (step,) = pipeline_to_dict(pipeline)["steps"]
    assert [check["line"] for check in step["checks"]][:3] == [6, 7, 8]
    assert [column.get("tags") for column in step["into"]["columns"]] == [None, ["pii"]]


def test_a_tag_must_be_a_word(project: SampleProject) -> None:
    project.write("specs/new.sql", HEADER.replace("tags: [pii]", "tags: pii"))
    (found,) = project.json("check", code=2)["problems"]
    assert (found["line"], "must be a list of words like [pii]" in found["message"]) == (4, True)
