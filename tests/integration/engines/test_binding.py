"""``check`` asks the engine itself: what DuckDB accepts and the engine does not is told before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom import Project
from drawloom.model import Problem
from drawloom.run.engine_check import check_on_engine
from tests.integration.engines.conftest import Build
from tests.integration.engines.small_project import SmallProject

pytestmark = pytest.mark.integration

SPARK = pytest.param("spark", marks=pytest.mark.nightly)  # each test starts one
ICEBERG = pytest.param("trino-iceberg", marks=pytest.mark.nightly)
TEXT = "/* drawloom\ntable: {table}\nuntil: {{forever: a test}}\n{more}*/\n{sql}\n"


def write(small_project: SmallProject, name: str, sql: str, more: str = "") -> Path:
    path = small_project.folder / "specs" / f"{name}.sql"
    body = sql.format(raw=small_project.raw, core=small_project.schema)
    path.write_text(TEXT.format(table=small_project.name(name), more=more, sql=body))
    return path


def checked(small_project: SmallProject) -> list[tuple[str, str]]:
    """Problems of a check, each with the spec it is in, and those that say that nobody was asked."""
    with Project.load(small_project.folder) as project:
        found: tuple[Problem, ...] = (*project.check(), *check_on_engine(project))
    return sorted((Path(problem.where.file or "").stem, problem.code) for problem in found)


@pytest.mark.parametrize("kind", ["trino-hive", ICEBERG, SPARK])
def test_a_fresh_project_binds_on_the_engine_and_what_it_refuses_is_told_once(build: Build, kind: str) -> None:
    small_project = build(kind)
    assert checked(small_project) == [], "no table exists yet, and all of it binds"
    own = "spark" if kind == "spark" else "trino"
    write(
        small_project,
        "own",
        "SELECT product, no_such_function(orders) AS n FROM {core}.daily WHERE ds = DATE '{{{{ ds }}}}'",
        f"dialect: {own}\n",
    )
    write(small_project, "after", "SELECT n FROM {core}.own WHERE ds = DATE '{{{{ ds }}}}'")
    found = checked(small_project)
    assert [name for name, _ in found if name == "own"], found
    assert {name for name, _ in found} <= {"own", "after"}, "the others are as good as before"


@pytest.mark.parametrize("kind", ["trino-hive", SPARK])
def test_a_text_of_the_engines_own_dialect_that_only_it_understands(build: Build, kind: str) -> None:
    small_project = build(kind)
    if kind == "spark":
        good = "SELECT product, element_at(map('a', orders), 'a') AS n FROM {core}.daily WHERE ds = DATE '{{{{ ds }}}}'"
        bad = "SELECT product, try_add(orders, named_struct('a', 1)) AS n FROM {core}.daily WHERE ds = DATE '{{{{ ds }}}}'"
    else:
        good = "SELECT product, date_diff('day', ds, DATE '2026-01-01') AS n FROM {core}.daily WHERE ds = DATE '{{{{ ds }}}}'"
        bad = "SELECT product, bitwise_and(product, 1) AS n FROM {core}.daily WHERE ds = DATE '{{{{ ds }}}}'"
    dialect = f"dialect: {'spark' if kind == 'spark' else 'trino'}\n"
    write(small_project, "good", good, dialect)
    write(small_project, "bad", bad, dialect)
    assert {name for name, _ in checked(small_project)} == {"bad"}
