"""The engines on which every test of this folder runs, each opened over a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from drawloom.engines.base import Engine
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from tests.servers.jdk import find_jdk
from tests.servers.spark import QUICK

KINDS = ("duckdb", "spark", "trino-hive", "trino-iceberg")
ON_SERVERS = ("spark", "trino-hive", "trino-iceberg")
SPARK = {
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": QUICK,
    "spark.ui.enabled": "false",
}


def kinds(*nightly: str) -> list[Any]:
    """Parameters of ``kind``: all engines; the given ones and Iceberg are nightly."""
    marks = {kind: [pytest.mark.integration] if kind in ON_SERVERS else [] for kind in KINDS}
    for kind in {"trino-iceberg", *nightly}:
        marks[kind].append(pytest.mark.nightly)
    return [pytest.param(kind, marks=marks[kind]) for kind in KINDS]


def open_engine(kind: str, location: Path) -> Engine:
    """An engine with its tables in a folder; the servers' addresses are in environment variables."""
    match kind:
        case "duckdb":
            return DuckDB(Lake(location))
        case "spark":
            return _spark(location)
        case _:
            return _trino(kind.removeprefix("trino-"), location)


def _spark(location: Path) -> Engine:
    from drawloom.engines.spark import Spark, connect

    os.environ["JAVA_HOME"] = str(find_jdk(17, "Spark").home)
    local = {"spark.local.dir": str(location.parent / "spark"), "spark.sql.warehouse.dir": f"{location.as_uri()}/none"}
    return Spark(connect("local[2]", os.environ["DRAWLOOM_METASTORE"], SPARK | local), location.as_uri())


def _trino(catalog: str, location: Path) -> Engine:
    from drawloom.engines.trino import Trino, connect

    client = connect(f"{os.environ['DRAWLOOM_TRINO'].rpartition('/')[0]}/{catalog}", {})
    return Trino(client, location.as_uri(), "hive")
