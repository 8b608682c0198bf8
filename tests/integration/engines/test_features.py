"""Features on Spark and Trino are what the reference says, training sets are those of DuckDB, and the page's queries run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from drawloom import Project
from drawloom.testing import FrameworkCase
from drawloom.testing.page import check_page
from drawloom.testing.rows import compare_rows
from tests.conformance.trino_client import drop_metastore_schema, drop_table, query_trino
from tests.corpora import FEATURES, needs
from tests.frameworks.features import test_golden as golden
from tests.frameworks.features.reference import Reference
from tests.frameworks.features.test_case import DAYS, MEASURES, SPEC, rides, the_case
from tests.frameworks.features.test_training import same
from tests.frameworks.features.test_training_golden import VARIANTS as GOLDEN_VARIANTS
from tests.integration.engines.small_project import engine_line, outcomes
from tests.servers.jdk import find_jdk

pytestmark = pytest.mark.integration
KINDS = ["trino-hive", "trino-iceberg", "spark"]
MIDNIGHT = datetime(2026, 1, 26, tzinfo=UTC)
SMALL = """kind: features
name: {name}
entity: {{name: rider, key: rider}}
source: {{table: {name}.rides, time: at, tie_breaker: tie}}
windows: [1d]
measures:
  fare: {{value: fare, ops: [count, sum, stddev, last]}}
labels:
  back: {{horizon: 1d}}
until: "forever: a test"
"""


@contextmanager
def of_name() -> Iterator[str]:
    """A name for a set, and for the schema of its source; both are dropped."""
    os.environ["JAVA_HOME"] = str(find_jdk(17, "Spark").home)
    name = f"con_{secrets.token_hex(4)}"
    yield name
    drop_metastore_schema(name)
    if ["features"] not in query_trino("hive", "SHOW SCHEMAS"):
        return
    for (table,) in query_trino("hive", f"SHOW TABLES FROM features LIKE '{name}%'"):
        drop_table(f'features."{table}"')


@pytest.fixture
def name(servers: object) -> Iterator[str]:
    with of_name() as found:
        yield found


def use_engine(folder: Path, kind: str) -> None:
    """Change the engine of the project in a folder."""
    settings = yaml.safe_load((folder / "drawloom.yml").read_text(encoding="utf-8"))
    settings["engine"] = yaml.safe_load(engine_line(kind))
    (folder / "drawloom.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def without_zones(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rides with times in UTC that say no zone, as Trino reads none."""
    return [{**row, "at": row["at"].replace(tzinfo=None)} for row in rows]


def test_a_training_set_on_trino_is_that_of_duckdb(name: str, tmp_path: Path) -> None:
    days = [MIDNIGHT.date() + timedelta(days=n) for n in range(3)]
    rows = [row for row in without_zones(rides(Random(5))) if row["ds"] in days]
    table, types = f"{name}.rides", {f"{name}.rides": {"at": "TIMESTAMP"}}
    case = FrameworkCase(SMALL.format(name=name), {table: rows}, types=types, first=days[0], last=days[-1])
    case.write_project(tmp_path, "duckdb")
    moments = [MIDNIGHT + timedelta(days=1, hours=hours) for hours in (0, 9, 14)]
    spine = pa.table({"rider": [2, 1, None, 1, 9], "when": pa.array([*moments, moments[1], moments[2]])})
    found = []
    for kind in ("duckdb", "trino-hive"):
        use_engine(tmp_path, kind)
        with Project.load(tmp_path) as project:
            project.run()
            found.append(project.training_set(spine, [f"{name}.*"], labels=["back"]))
    assert found[1].equals(found[0])
    assert found[0].column("fare_count_1d").to_pylist()[1] > 1


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_features_are_those_of_the_reference(kind: str, name: str, tmp_path: Path) -> None:
    all_rides = rides(Random(3))
    case = the_case(all_rides, SPEC, MEASURES)
    spec = SPEC.replace("name: riders", f"name: {name}").replace("core.rides", f"{name}.rides")
    rows = without_zones(all_rides)
    expected, types = case.expected["features.riders"], {f"{name}.rides": {"at": "TIMESTAMP"}}
    there = FrameworkCase(spec, {f"{name}.rides": rows}, {f"features.{name}": expected}, types, case.first, case.last)
    there.write_project(tmp_path, yaml.safe_load(engine_line(kind)))
    reference = Reference([row for row in all_rides if row["status"] == "done"], MEASURES)
    asked = [(rider, MIDNIGHT + timedelta(days=n, hours=hour)) for rider in (1, 2, 9) for n, hour in ((0, 5), (7, 0), (8, 17))]  # fmt: skip
    spine = pa.table({"rider": [rider for rider, _ in asked], "when": pa.array([when for _, when in asked])})
    with Project.load(tmp_path) as project:
        outcomes(project.run(jobs=2))
        compare_rows(project, f"features.{name}", expected)
        for feature in ("fare_avg_3d", "city_top_k_ltd"):  # as many pages as there are features would take minutes
            check_page(project, name, {"feature": feature})
        found = project.training_set(spine, [f"{name}.*"]).to_pylist()
    assert DAYS[-1] == asked[-1][1].date()
    for row, (rider, when) in zip(found, asked, strict=True):
        features = reference.features(rider, when)
        assert {n: (row[n], value) for n, value in features.items() if not same(row[n], value)} == {}, (rider, when)


def write_edge(folder: Path, name: str, end: str, start: str = "2026-02-01") -> None:
    """Write the boundary cases as a project of some days, with times that say no zone."""
    (folder / "specs").mkdir()
    spec = golden.SPEC.replace("name: edge", f"name: {name}").replace("raw.events", f"{name}.events")
    (folder / "specs/edge.yml").write_text(spec, encoding="utf-8")
    config = golden.CONFIG.replace("{end}", end).replace("raw.events", f"{name}.events")
    config = config.replace("2026-02-01", start)
    (folder / "drawloom.yml").write_text(config, encoding="utf-8")
    plain = ", ".join(f"CAST({time} AS TIMESTAMP) AS {time}" for time in ("ts", "arrival_ts"))
    rows = f"SELECT * REPLACE ({plain}, CAST(ds AS DATE) AS ds) FROM '{golden.EDGE}/events.parquet'"
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(f"COPY ({rows}) TO '{folder}/events' (FORMAT parquet, PARTITION_BY (ds))")
        (folder / f"events/ds={end}").mkdir()
        none = f"SELECT * EXCLUDE ds FROM ({rows}) LIMIT 0"
        db.execute(f"COPY ({none}) TO '{folder}/events/ds={end}/none.parquet'")


@pytest.mark.nightly
@needs(FEATURES)
@pytest.mark.parametrize("kind", KINDS)
def test_boundary_cases_that_an_engine_fills_are_as_expected(kind: str, name: str, tmp_path: Path) -> None:
    first, last = "2026-02-28", "2026-03-09"
    write_edge(tmp_path, name, last, first)
    use_engine(tmp_path, kind)
    with Project.load(tmp_path) as project:
        outcomes(project.run(jobs=2))
        found = project.query(f"SELECT * FROM features.{name}")
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("filled", found)
        whole = f"SELECT entity_id FROM '{golden.EDGE}/events.parquet' GROUP BY ALL HAVING min(ds) >= '{first}'"
        given = f"SELECT * REPLACE (CAST(ds AS DATE) AS ds) FROM '{golden.EDGE}/expected_daily.parquet'"
        for view, rows in (("found", "SELECT * FROM filled"), ("expected", f"{given} WHERE ds <= '{last}'")):
            db.execute(f"CREATE VIEW {view} AS SELECT * FROM ({rows}) WHERE entity_id IN ({whole})")
        counts = db.execute("SELECT (SELECT count(*) FROM found), (SELECT count(*) FROM expected)").fetchall()[0]
        assert counts[0] == counts[1] > 0
        names = [one for one, *_ in db.execute("DESCRIBE expected").fetchall() if one not in {"ds", "entity_id"}]
        assert len(names) == 40
        assert [one for one in names if golden.differs(db, one, "ds, entity_id")] == []


@pytest.fixture(scope="module")
def edge(servers: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The boundary cases in a project whose days DuckDB has filled."""
    folder = tmp_path_factory.mktemp("edge")
    with of_name() as name:
        write_edge(folder, name, "2026-04-30")
        with Project.load(folder) as project:
            project.run()
        yield name, folder


OPTIONS: dict[str, dict[str, Any]] = {
    "temporal": {},
    "temporal_known": {"as_known": True},
    "temporal_daytail": {"tail": "day"},
    "snapshot": {"accuracy": "snapshot"},
}


@pytest.mark.nightly
@needs(FEATURES)
@pytest.mark.parametrize("kind", KINDS)
def test_training_sets_of_boundary_cases_are_those_of_duckdb(kind: str, edge: tuple[str, Path]) -> None:
    name, folder = edge
    assert sorted(OPTIONS) == sorted(GOLDEN_VARIANTS)
    given = parquet.read_table(golden.EDGE / "spine.parquet")
    made: dict[str, dict[str, pa.Table]] = {}
    for one in ("duckdb", kind):
        use_engine(folder, one)
        with Project.load(folder) as project:
            made[one] = {v: project.training_set(given, [f"{name}.*"], **options) for v, options in OPTIONS.items()}
    for variant in OPTIONS:
        assert made[kind][variant].equals(made["duckdb"][variant]), variant
        with duckdb.connect() as db:
            db.execute("SET TimeZone = 'UTC'")
            db.register("found", made[kind][variant])
            db.execute(f"CREATE VIEW expected AS SELECT * FROM '{golden.EDGE}/expected_{variant}.parquet'")
            names = set(made[kind][variant].column_names) - set(given.column_names)
            assert len(names) == 40
            assert [column for column in sorted(names) if golden.differs(db, column, "row_id")] == []
