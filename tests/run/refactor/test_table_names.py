"""Where the name of a table stands in the files of a project."""

from __future__ import annotations

import pytest

from drawloom.model import InputError
from drawloom.run.refactor.table_names import places_of, rename_in_file

SQL = """/* drawloom
table: core.rides   # comment: core.rides
name: core.rides
description: Made of core.rides.
schedule: @daily
depends_on: {"core.rides": -1}
dialect: spark
*/
SELECT * FROM `core`.`rides`
"""
YAML = """kind: growth
name: x
source: "core.rides"
owner: core.rides
sources:
- core.rides
- 'CORE.Rides'
checks:
  - sql: |
      SELECT 1 -- core.rides
      FROM core.rides
base: &base
  where: core.rides.kind = 'core.rides'
other: *base
---
table: core.rides
"""
CONFIG = """name: core.rides
sources:
  core.rides: {files: "core.rides/{ds}.csv"}  # core.rides
"""
PYTHON = '''"""Reads core.rides."""
TABLE = "core.rides"
SQL = """
SELECT *
FROM core.rides
"""
# core.rides


def f():
    """Of core.rides."""
    return {"core.rides": "-1"}
'''


def test_a_sql_file() -> None:
    changed = rename_in_file(SQL, "specs/a.sql", "core.rides", "core.trips")
    expected = SQL.replace("table: core.rides ", "table: core.trips ").replace('{"core.rides"', '{"core.trips"')
    assert changed == expected.replace("`rides`", "`trips`")
    assert [place.line for place in places_of(changed, "specs/a.sql", "core.rides")] == [2, 3, 4]


def test_yaml_documents() -> None:
    changed = rename_in_file(YAML, "specs/a.yml", "core.rides", "mart.trips").splitlines()
    differ = {n: new for n, (old, new) in enumerate(zip(YAML.splitlines(), changed, strict=True), 1) if old != new}
    assert differ == {
        3: 'source: "mart.trips"',
        6: "- mart.trips",
        7: "- 'mart.trips'",
        11: "      FROM mart.trips",
        13: "  where: mart.trips.kind = 'core.rides'",
        16: "table: mart.trips",
    }


def test_sources_of_a_project() -> None:
    changed = rename_in_file(CONFIG, "drawloom.yml", "core.rides", "mart.trips")
    assert changed == CONFIG.replace("  core.rides: {", "  mart.trips: {")


def test_strings_in_python() -> None:
    changed = rename_in_file(PYTHON, "specs/a.py", "core.rides", "mart.trips")
    assert changed == PYTHON.replace('"core.rides"', '"mart.trips"').replace("FROM core.rides", "FROM mart.trips")


def test_macros_are_sql() -> None:
    text = "{% macro all_rides() %}SELECT * FROM core.rides{% endmacro %}"
    assert "FROM mart.trips" in rename_in_file(text, "macros/a.sql", "core.rides", "mart.trips")


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("specs/a.py", "x = 1\ny = f'SELECT {x} FROM core.rides'", 2),
        ("specs/a.py", "x = 'SELECT \\x41 FROM core.rides'", 1),
        ("specs/a.yml", 'a: 1\nsource: "core\\x2erides, core.rides"', 2),
        ("specs/a.yml", "a: [core.rides", 1),
        ("specs/a.yml", "a: |\n  SELECT\n  FROM {{ ref('core.rides') }}", 3),
        ("specs/a.sql", "/* drawloom\ntable: core.x\n*/\nSELECT\n{{ ref('core.rides') }}", 5),
    ],
)
def test_what_cannot_be_changed_for_sure_is_refused_with_its_place(file: str, text: str, line: int) -> None:
    with pytest.raises(InputError) as error:
        rename_in_file(text, file, "core.rides", "mart.trips")
    assert (error.value.problems[0].where.file, error.value.problems[0].where.line) == (file, line)
