"""The same rows from every engine: growth of visits, and the flights of the demo."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from drawloom import Project
from drawloom.demo.data import build_project
from tests.conformance.trino_client import drop_metastore_schema, drop_table, query_trino
from tests.frameworks.growth.golden import VISITS
from tests.integration.engines.small_project import engine_line, outcomes
from tests.servers.jdk import find_jdk

pytestmark = pytest.mark.integration

KINDS = ("spark", "trino-hive", "trino-iceberg")
VISITS_LAST = VISITS.first + timedelta(
    int(os.environ.get("DRAWLOOM_GROWTH_DAYS", "35")) - 1
)  # a month end is among them
FLIGHTS_LAST = date(2013, 1, 31)  # the last days of a week and of a month have tables of their own
FLIGHTS_FIRST = FLIGHTS_LAST - timedelta(int(os.environ.get("DRAWLOOM_FLIGHT_DAYS", "5")) - 1)


@dataclass
class Golden:
    """A project in a folder, in schemas of its own."""

    folder: Path
    prefix: str

    def use(self, kind: str) -> None:
        """Change the engine."""
        config = yaml.safe_load((self.folder / "drawloom.yml").read_text(encoding="utf-8"))
        config["engine"] = yaml.safe_load(engine_line(kind))
        (self.folder / "drawloom.yml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def run(self) -> dict[str, pa.Table]:
        """Run the project; returns all tables, with days and columns."""
        with Project.load(self.folder) as project:
            outcomes(project.run(project.plan(), jobs=2))
            tables = sorted(table for pipeline in project.pipelines for table in pipeline.tables)
            return {table: project.query(f"SELECT * FROM {_quoted(table)}") for table in tables}


def _quoted(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))


def visits(folder: Path, prefix: str) -> Golden:
    """Growth of the visitors."""
    source = f"{prefix}_raw.visits"
    by_day: dict[date, list[int]] = {
        VISITS.first + timedelta(n): [] for n in range((VISITS_LAST - VISITS.first).days + 1)
    }
    for row in VISITS.events():
        by_day.get(row["ds"], []).append(row["rider_id"])
    for ds, visitors in by_day.items():
        path = folder / "landing" / f"ds={ds}" / "rows.parquet"
        path.parent.mkdir(parents=True)
        parquet.write_table(
            pa.table({"visitor": pa.array(visitors, pa.int64()), "odd": [v % 2 == 1 for v in visitors]}), path
        )
    spec = {
        "kind": "growth",
        "name": f"{prefix}_visitors",
        "source": source,
        "entity": "visitor",
        "activities": {"any": "TRUE", "odd": "odd"},
        "windows": [1, 7, 28],
        "until": {"forever": "a test"},
    }
    config = {
        "name": "visits", "start": VISITS.first, "end": VISITS_LAST, "defaults": {"owner": "a@example.com", "retries": 0},
        "sources": {source: {"files": "landing/ds={ds}/*.parquet"}},
    }  # fmt: skip
    (folder / "specs").mkdir()
    (folder / "specs" / "visitors.yml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    (folder / "drawloom.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return Golden(folder, prefix)


def flights(folder: Path, prefix: str) -> Golden:
    """The demo's flights of January."""
    build_project(folder)
    shutil.rmtree(folder / "advise", ignore_errors=True)
    for path in (folder / "specs").iterdir():
        text = re.sub(r"\b(core|raw|ref|report)\.(?=\w)", rf"{prefix}_\1.", path.read_text(encoding="utf-8"))
        path.write_text(text.replace("name: planes", f"name: {prefix}_planes"), encoding="utf-8")
    config = yaml.safe_load((folder / "drawloom.yml").read_text(encoding="utf-8"))
    config |= {"start": FLIGHTS_FIRST, "end": FLIGHTS_LAST}
    config["sources"] = {f"{prefix}_{name}": source for name, source in config["sources"].items()}
    (folder / "drawloom.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with Project.load(folder) as project:
        for table in ("flights", "weather"):
            project.land(
                f"{prefix}_raw.{table}",
                [str(folder / f"landing/{table}-2013-01.parquet")],
                ds="make_date(year, month, day)",
            )
    return Golden(folder, prefix)


BuildProject = Callable[[Path, str], Golden]
PROJECTS: dict[str, BuildProject] = {"visits": visits, "flights": flights}


@pytest.fixture(scope="module")
def expected_rows(
    request: pytest.FixtureRequest, servers: object, tmp_path_factory: pytest.TempPathFactory
) -> tuple[BuildProject, dict[str, pa.Table]]:
    """The function that builds a project, and the project's tables as DuckDB fills them."""
    os.environ["JAVA_HOME"] = str(find_jdk(17, "Spark").home)
    made = PROJECTS[request.param](tmp_path_factory.mktemp(request.param), "con_truth")
    tables = made.run()
    return PROJECTS[request.param], tables


@pytest.fixture
def golden(expected_rows: tuple[BuildProject, dict[str, pa.Table]], tmp_path: Path) -> Iterator[Golden]:
    made = expected_rows[0](tmp_path, f"con_{secrets.token_hex(4)}")
    yield made
    for name in ("core", "raw", "ref", "report"):
        drop_metastore_schema(f"{made.prefix}_{name}")
    if ["growth"] in query_trino("hive", "SHOW SCHEMAS"):
        for (table,) in query_trino("hive", f"SHOW TABLES FROM growth LIKE '{made.prefix}%'"):
            drop_table(f'growth."{table}"')


@pytest.mark.parametrize(
    ("expected_rows", "kind"),
    [pytest.param(make, kind, marks=pytest.mark.nightly) for make in PROJECTS for kind in KINDS],
    indirect=["expected_rows"],
)
def test_every_engine_returns_the_rows_of_duckdb(
    expected_rows: tuple[BuildProject, dict[str, pa.Table]], golden: Golden, kind: str
) -> None:
    golden.use(kind)
    found = golden.run()
    wanted = {table.replace("con_truth", golden.prefix): rows for table, rows in expected_rows[1].items()}
    assert sorted(found) == sorted(wanted)
    assert [line for table in wanted for line in differences(table, found[table], wanted[table])] == []
    assert sum(rows.num_rows for rows in wanted.values()) > 1000


def differences(table: str, found: pa.Table, wanted: pa.Table) -> list[str]:
    """The first additional and the first missing rows of a table, and other differences."""
    if sorted(found.column_names) != sorted(wanted.column_names):
        return [f"{table} has {found.column_names}, must have {wanted.column_names}"]
    names = sorted(wanted.column_names)
    types = {str(wanted.schema.field(name).type) + " " + name for name in names}
    other = {str(found.schema.field(name).type) + " " + name for name in names}
    have, due = set(_lines(found, names)), set(_lines(wanted, names))
    return [
        *(f"{table} must not have {line}" for line in sorted(have - due)[:2]),
        *(f"{table} must have {line}" for line in sorted(due - have)[:2]),
        *(f"{table}: {name}" for name in sorted(types ^ other)),
        *(
            [f"{table} has {found.num_rows} rows, must have {wanted.num_rows}"]
            if found.num_rows != wanted.num_rows
            else []
        ),
    ]


def _lines(rows: pa.Table, names: list[str]) -> list[str]:
    return [repr([row[name] for name in names]) for row in rows.to_pylist()]
