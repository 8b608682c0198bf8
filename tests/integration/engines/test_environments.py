"""Environments on Spark and Trino: what is promoted is what production would compute; production is left alone until then."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from drawloom import Project
from drawloom.run.environments.compare import compare_environment
from drawloom.run.environments.environment import Environment
from drawloom.run.environments.existing import drop, find
from drawloom.run.environments.names import schemas_of
from drawloom.run.environments.promote import promote, undo
from tests.conformance.trino_client import drop_metastore_schema
from tests.integration.engines.conftest import Build
from tests.integration.engines.small_project import DAYS, SmallProject

pytestmark = pytest.mark.integration

KINDS = [
    pytest.param("spark", marks=pytest.mark.nightly),
    pytest.param("trino-hive", marks=pytest.mark.nightly),
    pytest.param("trino-iceberg", marks=pytest.mark.nightly),
]


def keep_few(small_project: SmallProject) -> None:
    """Keep a table and one that depends on it: what is special about the others, engines do for all runs."""
    for name in set(small_project.specs) - {"daily", "rolling"}:
        del small_project.specs[name]
        (small_project.folder / "specs" / f"{name}.sql").unlink()


def edit(small_project: SmallProject) -> None:
    """Change what ``daily`` computes, and add a column to it: ``rolling`` depends on it."""
    options, sql = small_project.specs["daily"]
    changed = sql.replace("count(*) AS orders", "count(*) * 2 AS orders, min(o.id) AS first_id")
    small_project.spec("daily", options, changed)


@pytest.mark.parametrize("kind", KINDS)
def test_an_environment_is_built_compared_promoted_and_put_back(build: Build, kind: str, tmp_path: Path) -> None:
    small_project, name = build(kind), f"e{secrets.token_hex(4)}"
    keep_few(small_project)
    small_project.run()
    before = small_project.all_rows()
    edit(small_project)
    try:
        check_a_window(small_project, name, before)
        run(small_project, name)
        check_promotion(small_project, name, before, truth(tmp_path / "truth", small_project.schema))
    finally:
        for schema in schemas_of(name):
            drop_metastore_schema(schema)


def run(small_project: SmallProject, name: str, days: int | None = None) -> None:
    first = DAYS[-days] if days else None
    with small_project.open() as project, Environment(project.config, name, first) as environment:
        summary = environment.run()
        assert summary.exit_code == 0, [result.error for result in summary.results]


def check_a_window(small_project: SmallProject, name: str, before: dict[str, list[str]]) -> None:
    """Days before the first one of the environment are production's, without the new column."""
    run(small_project, name, days=2)
    assert small_project.all_rows() == before
    table = small_project.name("daily")
    with small_project.open() as project:
        with Environment(project.config, name, DAYS[-2]) as environment:
            found = environment.query(
                f"SELECT ds, count(first_id) AS n FROM {table} GROUP BY ds ORDER BY ds"
            ).to_pylist()
            assert [row["n"] for row in found] == [0, 0, 0, 3, 3]
            (difference,) = [one for one in compare_environment(environment) if one.table == table]
            assert [day.ds for day in difference.days] == DAYS[-2:]
            rows = difference.days[-1].rows
            assert rows
            assert (rows.added, rows.removed, rows.changed, rows.columns_added) == (0, 0, 3, ("first_id",))
            assert len(difference.days[-1].different) == 3
        drop(project, name)


def check_promotion(
    small_project: SmallProject, name: str, before: dict[str, list[str]], expected: dict[str, list[str]]
) -> None:
    assert small_project.all_rows() == before, "production was left alone"
    sum_before = orders(small_project)
    with small_project.open() as project:
        with Environment(project.config, name) as environment:
            done = promote(environment)
            assert not done.refused
            assert done.is_copy == (small_project.kind != "spark")
        assert project.plan().todo == ()
    assert small_project.all_rows() == expected
    with small_project.open() as project:
        undo(project, find(project, name))
    after = small_project.all_rows()
    assert {t: rows for t, rows in after.items() if t != "daily"} == {t: r for t, r in before.items() if t != "daily"}
    assert orders(small_project) == sum_before, "the column that was added stays in the catalog, and is NULL"
    with small_project.open() as project, Environment(project.config, name) as environment:
        environment.run()
        promote(environment)
    with small_project.open() as project:
        stored = [table for info in project.registry.environments.list() for table in info.tables.values()]
        drop(project, name)
        assert not any(project.engine.columns(table) for table in stored)
        assert project.plan().todo == ()
    assert small_project.all_rows() == expected, "what was promoted outlives the environment"


def orders(small_project: SmallProject) -> list[dict[str, object]]:
    sql = f"SELECT ds, CAST(sum(orders) AS BIGINT) AS n FROM {small_project.name('daily')} GROUP BY ds ORDER BY ds"
    with small_project.open() as project:
        found: list[dict[str, object]] = project.query(sql).to_pylist()
    return found


def truth(folder: Path, schema: str) -> dict[str, list[str]]:
    """The rows of all tables after the edit, computed by DuckDB from nothing."""
    folder.mkdir()
    small_project = SmallProject(folder, schema)
    keep_few(small_project)
    edit(small_project)
    with Project.load(folder) as project:
        project.run()
    return small_project.all_rows()
