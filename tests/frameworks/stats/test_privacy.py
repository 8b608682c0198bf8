"""Personal data: of columns that are made of tagged ones, over several tables and expressions, no value is in any statistics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drawloom.model import errors
from drawloom.run.project import Project
from drawloom.run.stats.summary import summarize
from drawloom.run.stats.sync import sync

FIRST = date(2026, 1, 5)
DAYS = [FIRST + timedelta(days=n) for n in range(5)]
SETTINGS = """name: people
start: 2026-01-05
end: 2026-01-09
defaults: {owner: a@example.com}
sources:
  raw.users:
    files: "users/{ds}.parquet"
    columns:
      id: BIGINT
      email: {type: VARCHAR, tags: [pii]}
      phone: {type: BIGINT, tags: [pii]}
      country: VARCHAR
"""
SPECS = {
    "contacts.sql": "core.contacts: SELECT id, lower(email) AS contact, phone AS line, country FROM raw.users WHERE ds = '{{ ds }}'",
    "reach.sql": "core.reach: SELECT contact AS reach, line + 0 AS dial, country FROM core.contacts WHERE ds = '{{ ds }}'",
    "all.sql": "core.everything: SELECT reach, dial, country FROM core.reach WHERE ds = '{{ ds }}'",
    "people.sql": "core.people: SELECT country, count(DISTINCT reach) AS people, min(reach) AS first_one FROM core.everything WHERE ds = '{{ ds }}' GROUP BY country",
}
STATS = """kind: stats
name: warehouse
tables: ["*.*", "-core.everything"]
tier: full
rules:
  - {match: {type: int}, add: [min, max, p50]}
slices:
  contacts: {by: contact, metrics: [row_count]}
  reach: {by: country, metrics: [row_count, reach.max, dial.min, dial.p50]}
rollups: [week, table]
until: "forever: a test"
"""
HEALTH = """kind: anomalies
name: health
watch:
  - {table: core.contacts, values: [id]}
  - {sql: "SELECT count(*) AS n, reach AS contact, country FROM core.reach WHERE ds = DATE '{{ ds }}' GROUP BY ALL", value: n, name: reached}
detector: {kind: threshold, min_history: 1, settings: {high: 1}}
explain: {dimensions: [contact, country]}
until: "forever: a test"
"""


def phone(number: int) -> int:
    return 4_915_551_000 + 17 * number * number


def write_project(root: Path, settings: str = SETTINGS) -> Path:
    (root / "specs").mkdir(parents=True)
    (root / "users").mkdir()
    (root / "drawloom.yml").write_text(settings, encoding="utf-8")
    for file, spec in SPECS.items():
        table, _, sql = spec.partition(": ")
        text = f'/* drawloom\ntable: {table}\nuntil: "forever: a test"\n*/\n{sql}\n'
        (root / "specs" / file).write_text(text, encoding="utf-8")
    (root / "specs/stats.yml").write_text(STATS, encoding="utf-8")
    for ds in DAYS:
        people = range(8 + ds.day)
        columns = {
            "id": list(people),
            "email": [f"Person-{n}@Example.com" for n in people],
            "phone": [phone(n) for n in people],
            "country": [["US", "DE"][n % 2] for n in people],
        }
        pq.write_table(pa.table(columns), root / f"users/{ds}.parquet")
    return root


def traces(project: Project) -> dict[str, set[str]]:
    """Personal data in the tables about other tables, by table: whatever column it is in."""
    phones = {str(phone(n)) for n in range(30)}
    found: dict[str, set[str]] = {}
    tables = [name for name in project.snapshot().contents if name.startswith(("meta.", "anomalies."))]
    for table in tables:
        rows = project.query(f"SELECT * FROM {'.'.join(f'{chr(34)}{part}{chr(34)}' for part in table.split('.'))}")
        for row in rows.to_pylist():
            text = " ".join(str(int(v) if isinstance(v, float) and v == round(v) else v) for v in row.values())
            hits = set(re.findall(r"person-\d+", text.lower())) | (phones & set(re.findall(r"\d+", text)))
            if hits:
                found.setdefault(table, set()).update(hits)
    return found


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = write_project(tmp_path_factory.mktemp("privacy") / "people")
    (root / "specs/health.yml").write_text(HEALTH, encoding="utf-8")
    with Project.load(root) as project:
        warnings = [problem.message for problem in project.check() if "must not" in problem.message]
        assert [text.partition(":")[0] for text in warnings] == [
            "explain.dimensions[0] == contact, must not be tagged pii, or made of such a column, as in core.contacts",
            "slices.contacts.by == contact, must not be of personal data, as it is in core.contacts",
        ]
        assert not errors(project.check())
        assert project.run().exit_code == 0
        yield project


def test_no_value_is_in_any_table_about_tables(people: Project) -> None:
    tables = people.snapshot().contents
    assert {"meta.column_states__core__reach", "anomalies.health_series"} <= set(tables)
    assert traces(people) == {}


def test_what_is_no_value_is_kept(people: Project) -> None:
    sql = "SELECT column_name, metric FROM meta.column_stats__core__reach WHERE slice = ''"
    found = {(row["column_name"], row["metric"]) for row in people.query(sql).to_pylist()}
    assert {("reach", "distinct"), ("reach", "len_max"), ("dial", "null_count"), ("country", "top")} <= found
    assert not {("reach", "min"), ("reach", "top"), ("dial", "max"), ("dial", "p50")} & found


def test_a_number_of_people_is_not_personal_but_one_of_them_is(people: Project) -> None:
    sql = "SELECT column_name, metric FROM meta.column_stats__core__people WHERE metric IN ('max', 'top')"
    found = {(row["column_name"], row["metric"]) for row in people.query(sql).to_pylist()}
    assert found == {("country", "max"), ("country", "top"), ("people", "max"), ("people", "top")}


def test_rows_are_not_cut_by_personal_data(people: Project) -> None:
    sql = "SELECT DISTINCT table_name, slice, metric FROM meta.column_stats WHERE slice <> '' ORDER BY ALL"
    found = [tuple(row.values()) for row in people.query(sql).to_pylist()]
    assert found == [("core.reach", "country", "row_count")]
    cut = people.query("SELECT DISTINCT slice FROM anomalies.health_series WHERE slice <> ''").to_pylist()
    assert cut == [{"slice": "country"}]


def test_on_the_spot_the_same_tags_hold(people: Project) -> None:
    by_name = {column.name: set(column.metrics) for column in summarize(people, "core.everything").columns}
    assert not {"min", "max"} & (by_name["reach"] | by_name["dial"])
    assert "max" in by_name["country"]


def test_a_tag_that_comes_by_lineage_makes_statistics_stale_and_values_go(tmp_path: Path) -> None:
    root = write_project(tmp_path / "people", SETTINGS.replace(", tags: [pii]", ""))
    (root / "specs/health.yml").write_text(HEALTH, encoding="utf-8")
    with Project.load(root) as project:
        assert project.run().exit_code == 0
        leaks = {"meta.column_states__core__reach", "meta.column_stats__core__reach__table", "anomalies.health_series"}
        assert leaks <= set(traces(project))
        assert project.plan().todo == ()
    (root / "drawloom.yml").write_text(SETTINGS, encoding="utf-8")
    with Project.load(root) as project:
        stale = {partition.step.into.name for partition in project.plan().todo}
        assert {"meta.column_states__core__reach", "meta.column_states__core__people"} <= stale
        assert not {name for name in stale if not name.startswith(("meta.", "anomalies."))}
        assert sync(project).failed == 0
        assert project.run().exit_code == 0
        assert traces(project) == {}
    with Project.load(root) as project:
        assert project.plan().todo == ()


def test_a_column_that_is_said_to_have_no_tags_hands_none_on(tmp_path: Path) -> None:
    root = write_project(tmp_path / "people")
    text = (root / "specs/contacts.sql").read_text(encoding="utf-8")
    text = text.replace("until:", "columns: {contact: {tags: []}}\nuntil:").replace("lower(email)", "md5(email)")
    (root / "specs/contacts.sql").write_text(text, encoding="utf-8")
    with Project.load(root) as project:
        assert project.compiled.tags is not None
        tags = project.compiled.tags.of_table("core.everything")
        assert (list(tags.get("reach", ())), list(tags["dial"])) == ([], ["pii"])


def test_series_of_people_are_refused(tmp_path: Path) -> None:
    root = write_project(tmp_path / "people")
    for watch in (
        "{table: core.contacts, series: [contact]}",
        "{sql: \"SELECT lower(reach) AS who, count(*) AS n FROM core.reach WHERE ds = DATE '{{ ds }}' GROUP BY ALL\", value: n, series: [who]}",
    ):
        spec = f'kind: anomalies\nname: health\nwatch: [{watch}]\nuntil: "forever: a test"\n'
        (root / "specs/health.yml").write_text(spec, encoding="utf-8")
        with Project.load(root) as project:
            (problem,) = errors(project.check())
            assert "must not be a column that is tagged pii, or made of one" in problem.message
            assert "health" not in {pipeline.name for pipeline in project.valid_pipelines}
