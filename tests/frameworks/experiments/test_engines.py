"""The raw case on real engines: every table has the rows of DuckDB's, with floats that agree in nine digits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from secrets import token_hex

import pytest
import yaml

from drawloom.run.project import Project
from drawloom.testing import FrameworkCase
from drawloom.testing.rows import Rows, compare_rows, rows_by_day
from tests.conformance.kinds import ON_SERVERS
from tests.conformance.trino_client import drop_metastore_schema, drop_table, query_trino
from tests.frameworks.experiments.raw_case import DAYS, case
from tests.integration.engines.small_project import engine_line, outcomes
from tests.servers.fixtures import servers
from tests.servers.jdk import find_jdk

__all__ = ["servers"]

pytestmark = pytest.mark.integration

AS_OF = DAYS[4]  # windows have opened and closed, and all are exposed
SUFFIX = f"_{token_hex(4)}"
Tables = Mapping[str, Mapping[date, Rows]]


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The rows of all tables, by day, as DuckDB writes them."""
    folder = tmp_path_factory.mktemp("truth") / "project"
    case(SUFFIX).write_project(folder, "duckdb")
    with Project.load(folder) as project:
        outcomes(project.run())
        names = [table for pipeline in project.pipelines for table in pipeline.tables]
        return {name: rows_by_day(project.query(f"SELECT * FROM {name}")) for name in names}


@pytest.fixture
def raw(truth: Tables, servers: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrameworkCase]:
    """The case, which expects the rows of DuckDB; its tables are dropped when the test has ended."""
    monkeypatch.setenv("JAVA_HOME", str(find_jdk(17, "Spark").home))
    yield dataclasses.replace(case(SUFFIX), expected=truth)
    drop_metastore_schema(f"raw{SUFFIX}")
    for schema in {name.partition(".")[0] for name in truth}:
        if [schema] in query_trino("hive", "SHOW SCHEMAS"):
            for (table,) in query_trino("hive", f"SHOW TABLES FROM {schema}"):
                if SUFFIX in table:
                    drop_table(f'{schema}."{table}"')


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["spark", "trino-hive"])
def test_a_day_is_that_of_duckdb(raw: FrameworkCase, truth: Tables, kind: str, tmp_path: Path) -> None:
    raw.write_project(tmp_path / "project", yaml.safe_load(engine_line(kind)))
    with Project.load(tmp_path / "project") as project:
        names = {kind: f"{kind}{SUFFIX}" for kind in ("rides", "pink")}
        outcomes(project.run(project.plan([names["rides"]], last=AS_OF), jobs=1))
        outcomes(project.run(project.plan([names["pink"]], first=AS_OF, last=AS_OF), jobs=1))
        for table, rows in truth.items():
            assert rows[AS_OF]
            compare_rows(project, table, {AS_OF: rows[AS_OF]})


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ON_SERVERS)
def test_all_days_are_those_of_duckdb_and_the_page_is_drawn(raw: FrameworkCase, kind: str, tmp_path: Path) -> None:
    raw.check_engine(tmp_path / "project", yaml.safe_load(engine_line(kind)))
