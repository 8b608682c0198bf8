"""Features on Spark and Trino are what the reference says, and so are the page's queries."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import yaml

from drawloom.testing import FrameworkCase
from tests.conformance.trino_client import drop_metastore_schema, drop_table, query_trino
from tests.frameworks.features.test_case import MEASURES, SPEC, rides, the_case
from tests.integration.engines.small_project import engine_line
from tests.servers.jdk import find_jdk

pytestmark = [pytest.mark.integration, pytest.mark.nightly]


@pytest.fixture
def name(servers: object) -> Iterator[str]:
    """Of the set, and of the schema of its source; both are dropped."""
    os.environ["JAVA_HOME"] = str(find_jdk(17, "Spark").home)
    name = f"con_{secrets.token_hex(4)}"
    yield name
    drop_metastore_schema(name)
    if ["features"] not in query_trino("hive", "SHOW SCHEMAS"):
        return
    for (table,) in query_trino("hive", f"SHOW TABLES FROM features LIKE '{name}%'"):
        drop_table(f'features."{table}"')


@pytest.mark.parametrize("kind", ["trino-hive", "trino-iceberg", "spark"])
def test_features_are_those_of_the_reference(kind: str, name: str, tmp_path: Path) -> None:
    case = the_case(rides(Random(3)), SPEC, MEASURES)
    spec = SPEC.replace("name: riders", f"name: {name}").replace("core.rides", f"{name}.rides")
    rows = [
        {**row, "at": row["at"].replace(tzinfo=None)} for row in case.rows["core.rides"]
    ]  # UTC: Trino reads no zones
    expected, types = case.expected["features.riders"], {f"{name}.rides": {"at": "TIMESTAMP"}}
    there = FrameworkCase(spec, {f"{name}.rides": rows}, {f"features.{name}": expected}, types, case.first, case.last)
    there.check_engine(tmp_path, yaml.safe_load(engine_line(kind)))
