"""What a command need not import, it does not: most of the time of a small command goes into imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
from drawloom.cli.main import run_command
code = run_command(json.loads(sys.argv[1]))
print(json.dumps([code, [name for name in json.loads(sys.argv[2]) if name in sys.modules]]))
"""
SPEC = """/* drawloom
table: core.a
until: {forever: a test}
checks:
  - not_null: [n]
  - accepted_values: {n: [1, 2]}
*/
SELECT 1 AS n
"""


def imported(arguments: list[str], modules: tuple[str, ...]) -> list[str]:
    """Which of these modules a command has imported when it is done."""
    call = [sys.executable, "-c", PROGRAM, json.dumps(arguments), json.dumps(modules)]
    code, found = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    assert code == 0
    return list(found)


@pytest.mark.unmeasured
def test_advice_without_a_project_opens_no_registry(tmp_path: Path) -> None:
    text = tmp_path / "alone.sql"
    text.write_text("SELECT a FROM t WHERE ds = '{{ ds }}'")
    heavy = ("sqlalchemy", "duckdb", "pyarrow", "drawloom.run.project", "sqlglot")
    assert imported(["advise", str(text)], heavy) == ["sqlglot"]


@pytest.mark.unmeasured
def test_a_plan_of_known_sql_needs_neither_parser_nor_engine(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "a.sql").write_text(SPEC)
    (tmp_path / "drawloom.yml").write_text(
        "name: a\nstart: 2026-01-01\nend: 2026-01-03\ndefaults: {owner: a@example.com}\n"
    )
    heavy = ("sqlalchemy", "duckdb", "pyarrow", "sqlglot")
    assert set(imported(["-C", str(tmp_path), "plan"], heavy)) >= {"duckdb", "sqlglot"}
    assert imported(["-C", str(tmp_path), "plan"], heavy) == ["sqlalchemy"]
    assert imported(["-C", str(tmp_path), "check"], heavy) == ["sqlalchemy"]
