"""What a spec says of a column is said of its plain copies, too: descriptions and tags, with where they come from."""

from __future__ import annotations

from typing import Any

import pytest

from drawloom.frameworks.pipeline_json import pipeline_from_dict, pipeline_to_dict
from drawloom.run.column_notes import column_notes
from drawloom.run.project import Project
from tests.cli.sample_project import SampleProject

SALES = """/* drawloom
table: core.sales
until: "forever: a test"
columns:
  product: {description: What was sold., tags: [pii]}
  id: {description: The number on the receipt.}
*/
SELECT id, product, upper(product) AS loud FROM raw.orders WHERE ds = '{{ ds }}'
"""
COPY = """/* drawloom
table: core.copy
until: "forever: a test"
*/
SELECT s.product AS what, s.id + 1 AS next_id, id, loud FROM core.sales AS s WHERE ds = '{{ ds }}'
"""
OWN = """/* drawloom
table: core.own
until: "forever: a test"
columns:
  what: {description: In our own words.}
  public: {tags: []}
  other: {tags: [money]}
checks: [{accepted_values: {what: [nothing]}}]
*/
SELECT what, what AS public, what AS other FROM core.copy WHERE ds = '{{ ds }}'
"""
BOTH = """/* drawloom
table: core.both
until: "forever: a test"
*/
SELECT what, id FROM core.copy WHERE ds = '{{ ds }}'
UNION ALL SELECT other, length(other) FROM core.own WHERE ds = '{{ ds }}'
"""


@pytest.fixture
def noted(finished: SampleProject) -> SampleProject:
    for name, text in (("sales", SALES), ("copy", COPY), ("own", OWN), ("both", BOTH)):
        finished.write(f"specs/{name}.sql", text)
    finished.run("run", "core.sales", "core.copy")
    return finished


def columns(project: SampleProject, table: str) -> dict[str, Any]:
    return {one["name"]: one for one in project.json("show", table)["columns"]}


def test_a_copy_has_the_description_and_the_tags_of_what_it_copies(noted: SampleProject) -> None:
    found = columns(noted, "core.copy")
    assert found["what"]["description"] == "What was sold."
    assert (found["what"]["tags"], found["what"]["from"]) == (["pii"], ["core.sales.product"])
    assert (found["id"]["description"], found["id"]["tags"]) == ("The number on the receipt.", [])
    for computed in ("next_id", "loud"):
        assert (found[computed]["description"], found[computed]["tags"], found[computed]["from"]) == ("", [], [])


def test_what_a_column_says_itself_counts(noted: SampleProject) -> None:
    with Project.load(noted.folder) as project:
        notes = column_notes(project)
        own = notes.of("core.own", "what")
        assert (own.description, own.tags, own.origins) == ("In our own words.", ("pii",), ("core.sales.product",))
        assert notes.of("core.own", "public").tags == ()
        assert notes.of("core.own", "public").description == "What was sold."
        assert notes.of("core.own", "other").tags == ("money",)
        both = notes.of("core.both", "what")
        assert (both.description, both.tags) == ("What was sold.", ("pii", "money"))
        assert notes.of("core.both", "id").description == ""


def test_people_see_where_it_was_said(noted: SampleProject) -> None:
    out = " ".join(noted.run("show", "core.copy").split())
    assert "what VARCHAR What was sold. tagged pii from core.sales.product" in out
    assert "Columns of" not in noted.run("show", "core.copy", "--brief")
    tree = noted.run("lineage", "core.copy.what")
    assert "core.copy.what (tagged pii) is made of" in tree
    assert "core.sales.product copied (tagged pii)" in tree
    assert "core.own.public copied\n" in tree
    assert noted.json("lineage", "core.copy.what", "--up")["tags"]["core.sales.product"] == ["pii"]


def test_values_of_a_copy_are_as_hidden_as_those_that_it_copies(noted: SampleProject) -> None:
    out = noted.run("run", "core.own", "--ds", "2026-03-01", code=1)
    assert '"what": "***"' in out
    assert '"public": "tea"' in out, "its spec says that it is none"


def test_describing_makes_nothing_stale(noted: SampleProject) -> None:
    noted.write("specs/copy.sql", COPY.replace("*/", "columns: {what: {description: A thing.}}\n*/"))
    assert noted.json("plan", "core.copy")["counts"] == {"fresh": 10}
    assert columns(noted, "core.copy")["what"]["description"] == "A thing."


def test_a_column_that_is_not_there_is_refused_at_its_line(noted: SampleProject) -> None:
    noted.write("specs/sales.sql", SALES.replace("  product:", "  produkt:"))
    problems = noted.json("check", code=2)["problems"]
    (found,) = [one for one in problems if one["severity"] == "error"]
    assert (found["file"], found["line"]) == ("specs/sales.sql", 5)
    assert found["message"] == "columns == produkt, must be a column that the SELECT of core.sales returns."
    assert found["fix"] == "Did you mean product?"


def test_either_all_columns_have_types_or_none(noted: SampleProject) -> None:
    noted.write("specs/sales.sql", SALES.replace("  id: {", "  id: {type: BIGINT, "))
    (found,) = noted.json("check", "core.sales", code=2)["problems"]
    assert (found["line"], "must have a type as id has" in found["message"]) == (5, True)


def test_what_is_described_reaches_airflow(noted: SampleProject) -> None:
    with Project.load(noted.folder) as project:
        pipeline = next(p for p in project.pipelines if p.name == "core.own")
    again = pipeline_from_dict(pipeline_to_dict(pipeline), pipeline.spec, lambda _: print)
    assert again.steps[0].into == pipeline.steps[0].into
