"""The command line's output when an engine refuses: nothing is recorded as run, no secret is shown."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from drawloom import Project
from drawloom.run.registry import Registry
from tests.conformance.trino_client import drop_metastore_schema, query_trino
from tests.servers.engines import Engines
from tests.servers.jdk import find_jdk
from tests.servers.process import reserved_ports

pytestmark = pytest.mark.integration

SPARK = pytest.param("spark", marks=pytest.mark.nightly)  # each test starts one

CONFIG = "name: refused\nstart: 2026-01-01\nend: 2026-01-02\ndefaults: {{owner: x@example.com, retries: 0}}\nengine: {engine}\n{more}"
STEP = """/* drawloom
table: {schema}.t
until: "forever: a test"
*/
{sql}
"""
RunStep = Callable[..., tuple[int, str]]


@pytest.fixture
def schema() -> Iterator[str]:
    name = f"con_{secrets.token_hex(4)}"
    yield name
    drop_metastore_schema(name)


@pytest.fixture
def run_step(servers: Engines, schema: str, tmp_path: Path) -> RunStep:
    """Runs a project of one step; returns the exit code and the output."""

    def run(
        engine: str, sql: str = "SELECT 1 AS n", more: str = "", env: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        (tmp_path / "specs").mkdir(exist_ok=True)
        (tmp_path / "drawloom.yml").write_text(CONFIG.format(engine=engine, more=more))
        (tmp_path / "specs/t.sql").write_text(STEP.format(schema=schema, sql=sql))
        plain = {"NO_COLOR": "1", "COLUMNS": "200", "JAVA_HOME": str(find_jdk(17, "Spark").home)}
        command = [sys.executable, "-m", "drawloom", "-C", str(tmp_path), "run", "--ds", "2026-01-01"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **plain, **(env or {})}
        )
        registry = Registry(f"sqlite:///{tmp_path / 'lake/registry.db'}")
        assert registry.records() == {}, "nothing is marked as run"
        registry.close()
        return done.returncode, done.stdout + done.stderr

    return run


def url(servers: Engines, catalog: str) -> str:
    return f"{servers.trino.rpartition('/')[0]}/{catalog}"


@pytest.mark.parametrize("kind", ["trino", SPARK])
def test_an_engine_that_does_not_answer(run_step: RunStep, kind: str) -> None:
    with reserved_ports(1) as (port,):
        address = f"trino://me@127.0.0.1:{port}/hive" if kind == "trino" else f"sc://127.0.0.1:{port}"
        code, output = run_step(f"{{kind: {kind}, url: '{address}'}}")
    assert code == 1, output
    assert f"{kind} at " in output
    assert f"127.0.0.1:{port}" in output
    assert "does not answer; tried to" in output
    assert "Traceback" not in output


def test_a_password_is_never_shown(run_step: RunStep, servers: Engines) -> None:
    address = servers.trino.partition("@")[2]
    engine = f"{{kind: trino, url: 'trino://me:${{SECRET_WORD}}@{address}'}}"
    code, output = run_step(engine, env={"SECRET_WORD": "hush-hush"})
    assert code == 1, output
    assert address.partition("/")[0] in output
    assert "hush-hush" not in output


def test_missing_permissions(run_step: RunStep, servers: Engines, schema: str, tmp_path: Path) -> None:
    query_trino("hive", f"CREATE SCHEMA {schema} WITH (location = '{(tmp_path / 'other').as_uri()}')")
    code, output = run_step(f"{{kind: trino, url: '{url(servers, 'guarded')}'}}")
    assert code == 1, output
    assert "Access Denied" in output
    assert "specs/t.sql" in output


@pytest.mark.parametrize("kind", ["trino", SPARK])
def test_a_table_that_is_not_by_day(run_step: RunStep, schema: str, tmp_path: Path, kind: str) -> None:
    query_trino("hive", f"CREATE SCHEMA {schema} WITH (location = '{(tmp_path / 'other').as_uri()}')")
    query_trino("hive", f"CREATE TABLE {schema}.t (n BIGINT, hour VARCHAR) WITH (partitioned_by = ARRAY['hour'])")
    code, output = run_step(kind)
    assert code == 1, output
    assert f"{schema}.t is partitioned by hour" in output
    assert "must be partitioned by ds (a DATE) and nothing else" in output


@pytest.mark.parametrize("kind", ["trino", SPARK])
def test_a_function_that_does_not_exist_is_told_before_it_runs(run_step: RunStep, kind: str) -> None:
    code, output = run_step(kind, "SELECT\n  no_such_function_anywhere(1) AS n")
    assert code == 2, output
    assert "specs/t.sql:6:3: error unknown-function" in output
    assert "no_such_function_anywhere" in output


def test_unsupported_sql_is_refused_before_it_runs(run_step: RunStep) -> None:
    code, output = run_step("trino", "SELECT entropy(n) AS n FROM (VALUES (1)) AS t (n)")
    assert code == 2, output
    assert "specs/t.sql:5" in output
    assert "must be SQL that trino has" in output


@pytest.mark.parametrize(
    ("kind", "type_"),
    [("trino", "varchar"), ("trino", "date"), pytest.param("spark", "varchar", marks=pytest.mark.nightly)],
)
def test_a_table_that_another_tool_fills(servers: Engines, schema: str, tmp_path: Path, kind: str, type_: str) -> None:
    query_trino("hive", f"CREATE SCHEMA {schema} WITH (location = '{(tmp_path / 'other').as_uri()}')")
    query_trino("hive", f"CREATE TABLE {schema}.e (n BIGINT, ds {type_}) WITH (partitioned_by = ARRAY['ds'])")
    query_trino("hive", f"CREATE TABLE {schema}.names (n BIGINT, name VARCHAR)")
    cast = f"CAST('2026-01-0{{}}' AS {type_})"
    query_trino(
        "hive", f"INSERT INTO {schema}.e VALUES (1, {cast.format(1)}), (2, {cast.format(1)}), (3, {cast.format(3)})"
    )
    query_trino("hive", f"INSERT INTO {schema}.names VALUES (1, 'one'), (2, 'two')")
    (tmp_path / "specs").mkdir()
    more = f"sources:\n  {schema}.e: {{}}\n  {schema}.names: {{by_day: false}}\n"
    (tmp_path / "drawloom.yml").write_text(CONFIG.format(engine=kind, more=more))
    sql = f"SELECT e.n, x.name, e.ds AS day FROM {schema}.e AS e JOIN {schema}.names AS x ON x.n = e.n WHERE e.ds = DATE '{{{{ ds }}}}'"
    (tmp_path / "specs/t.sql").write_text(STEP.format(schema=schema, sql=sql))
    os.environ["JAVA_HOME"] = str(find_jdk(17, "Spark").home)
    with Project.load(tmp_path) as project:
        plan = project.plan()
        assert [(str(partition.ds), str(partition.state)) for partition in plan.partitions] == [
            ("2026-01-01", "missing"),
            ("2026-01-02", "waiting"),
        ]
        assert project.run(plan).exit_code == 3
        found = project.query(f"SELECT n, name, day FROM {schema}.t ORDER BY n").to_pylist()
    assert [(row["n"], row["name"], str(row["day"])) for row in found] == [
        (1, "one", "2026-01-01"),
        (2, "two", "2026-01-01"),
    ]
