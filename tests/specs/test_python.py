"""Specs that are Python."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from drawloom.frameworks.autodag import AutoDag
from drawloom.frameworks.base import ProjectContext, compile_spec, frameworks
from drawloom.frameworks.pipeline_json import to_json
from drawloom.model import InputError, Pipeline, Where
from drawloom.specs.base import Spec
from drawloom.specs.load import load_specs
from tests.helpers import without_lines

KINDS = {"autodag": AutoDag}
CONTEXT = ProjectContext("rides", date(2026, 1, 1), today=date(2026, 6, 1))
HEAD = "from drawloom.frameworks.autodag import AutoDag\nfrom drawloom.specs.fields import Forever\n"
PYTHON = (
    HEAD
    + '''

def notify(result):
    print(result)


def rides(context):
    """Rides with a fare."""
    return context.query("SELECT * FROM raw.rides")


cities = ("a", "b")
many = [
    AutoDag(table=f"core.rides_{city}", sql="SELECT 1", owner="x", until="2026-05-01") for city in cities
]
one = AutoDag(
    table="core.rides",
    sql="""
SELECT id
FROM raw.rides
""",
    owner="x",
    until=Forever("small"),
    on_success=notify,
    on_failure=notify,
)
again = one
made = AutoDag(table="core.made", call=rides, reads={"raw.rides": "-6..0"}, owner="x", until="2026-05-01")
'''
)


def compiled(spec: Spec) -> Pipeline:
    return compile_spec(frameworks()[spec.kind], spec, CONTEXT)


def write(folder: Path, text: str, name: str = "rides.py") -> Path:
    path = folder / "specs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder / "specs"


def load(folder: Path) -> list[AutoDag]:
    return [spec for spec in load_specs(folder, KINDS) if isinstance(spec, AutoDag)]


def test_specs_are_taken_from_variables_and_lists(tmp_path: Path) -> None:
    specs = load(write(tmp_path, PYTHON))
    assert [spec.table for spec in specs] == ["core.rides_a", "core.rides_b", "core.rides", "core.made"]
    assert [spec.where.file for spec in specs] == ["specs/rides.py"] * 4
    assert (specs[2].where.line, specs[2].line("sql")) == (18, 20)
    assert specs[0].line("sql") is None


def test_functions_are_named_by_the_path_of_the_file(tmp_path: Path) -> None:
    specs = load(write(tmp_path, PYTHON, "deep/rides.py"))
    text = to_json(compiled(specs[2])) + to_json(compiled(specs[3]))
    assert '"on_success": "drawloom_specs.deep.rides:notify"' in text
    assert '"call": "drawloom_specs.deep.rides:rides"' in text
    assert str(tmp_path) not in text


def test_the_fingerprint_follows_the_function(tmp_path: Path) -> None:
    first = compiled(load(write(tmp_path / "a", PYTHON))[3])
    same = compiled(load(write(tmp_path / "b", "\n\n" + PYTHON))[3])
    other = compiled(load(write(tmp_path / "c", PYTHON.replace("SELECT *", "SELECT id")))[3])
    assert first.fingerprint == same.fingerprint != other.fingerprint


def test_specs_created_by_helpers_belong_to_the_caller(tmp_path: Path) -> None:
    helper = HEAD + "def make(city):\n    return AutoDag(table='a.' + city, sql='SELECT 1', until='2026-01-01')\n"
    write(tmp_path, helper, "_making_of_test.py")
    write(tmp_path, "from _making_of_test import make\n\nx = [make('x'), make('y')]\n", "shared_of_test.py")
    specs = load(
        write(tmp_path, "from shared_of_test import x\nfrom _making_of_test import make\nz = make('z')\n", "a.py")
    )
    assert [(spec.table, str(spec.where)) for spec in specs] == [
        ("a.z", "specs/a.py:3"),
        ("a.x", "specs/shared_of_test.py:3"),
        ("a.y", "specs/shared_of_test.py:3"),
    ]


def test_modules_of_the_same_folder_can_be_imported(tmp_path: Path) -> None:
    write(tmp_path, "CITY = 'x'\n", "_cities_of_test.py")
    text = (
        "from _cities_of_test import CITY\n"
        + HEAD
        + "a = AutoDag(table='a.' + CITY, sql='SELECT 1', until='2026-01-01')"
    )
    assert [spec.table for spec in load(write(tmp_path, text))] == ["a.x"]
    assert str(tmp_path / "specs") not in sys.path


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "x = 1\ny = 1 / 0\n",
            2,
            "specs/rides.py cannot be imported: ZeroDivisionError: division by zero",
        ),
        ("import drawloom_none\n", 1, "ModuleNotFoundError"),
        ("def f():\n    raise SystemExit(1)\n\nf()\n", 2, "SystemExit: 1"),
        ("x = 1\ndef f(:\n", 2, "SyntaxError"),
        ("x = '\x00'\n", None, "null bytes"),
        (HEAD + "\na = AutoDag(tabel='a.b', sql='x', until='2026-01-01')", 4, "table is missing"),
        (
            HEAD + "a = AutoDag(\n  table='a/b.c', sql='x', until='2026-01-01')",
            3,
            "table == 'a/b.c', must be schema.table",
        ),
        (HEAD + "a = AutoDag(table='a.b', until='2026-01-01')", 3, "sql is missing"),
        (HEAD + "a = AutoDag(table='a.b', call=lambda c: c, until='2026-01-01')", 3, "top of a module"),
        (
            HEAD + "a = AutoDag(table='a.b', sql='x', reads={'a.c': 0}, until='2026-01-01')",
            3,
            "reads is inferred from the SQL",
        ),
        (
            HEAD + "a = AutoDag(table='a.b', call=print, depends_on={'a.c': 0}, until='2026-01-01')",
            3,
            "depends_on must not be given",
        ),
    ],
)
def test_errors_have_the_line_of_the_user(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load(write(tmp_path, text))
    assert caught.value.problems[0].where == Where("specs/rides.py", line)


def test_yaml_sql_and_python_compile_to_the_same_bytes(tmp_path: Path) -> None:
    python = (
        HEAD
        + '''
spec = AutoDag(
    table="core.rides", owner="x", description="Rides.", schedule="@weekly", start="2026-02-02", until="2026-05-01",
    keep="90d", columns={"id": "bigint", "city": {"type": "text", "description": "where"}}, cluster=["city"],
    depends_on={"raw.rides": "-6..0"}, params={"least": 2.5}, retries=1, alerts=["x@example.com"], deadline="6h", dialect="spark",
    checks=[{"not_null": ["id"]}, {"rows": {"min": 1}, "severity": "warn"}, {"same_weekday": {"max": 2}}],
    sql="""
SELECT id, city
FROM raw.rides
WHERE ds = '{{ ds }}'
""",
)
'''
    )
    fields = """\
table: core.rides
owner: x
description: Rides.
schedule: "@weekly"
start: 2026-02-02
until: 2026-05-01
keep: 90d
columns: {id: int8, city: {type: VARCHAR, description: where}}
cluster: [city]
depends_on: {raw.rides: -6..0}
params: {least: 2.5}
retries: 1
alerts: [x@example.com]
deadline: 6h
dialect: spark
checks:
  - not_null: [id]
  - {rows: {min: 1}, severity: warn}
  - same_weekday: {max: 2}
"""
    select = "SELECT id, city\nFROM raw.rides\nWHERE ds = '{{ ds }}'\n"
    block = "sql: |\n" + "".join(f"  {line}\n" for line in select.splitlines())
    texts = {"a.py": python, "b.sql": f"/* drawloom\n{fields}*/\n{select}", "c.yml": f"kind: autodag\n{fields}{block}"}
    for name, text in texts.items():
        write(tmp_path, text, name)
    plans = [without_lines(to_json(compiled(spec))) for spec in load(tmp_path / "specs")]
    assert len(plans) == 3
    assert plans[0] == plans[1] == plans[2]
    assert '"sql": "SELECT id, city\\nFROM raw.rides' in plans[0]


def test_lines_of_the_sql_are_those_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, PYTHON)
    write(tmp_path, "/* drawloom\ntable: a.b\nowner: x\nuntil: 2026-01-01\n*/\nSELECT 1\n", "a.sql")
    write(tmp_path, "kind: autodag\ntable: a.c\nowner: x\nuntil: 2026-01-01\nsql: |\n  SELECT 1\n", "a.yml")
    for spec in load(tmp_path / "specs"):
        sql = compiled(spec).steps[0].sql
        if sql and spec.line("sql"):
            line = sql.split("SELECT")[0].count("\n")
            file = (tmp_path / (spec.where.file or "")).read_text()
            assert "SELECT" in file.splitlines()[line]
