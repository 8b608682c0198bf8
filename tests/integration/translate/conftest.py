from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
import trino

from tests.integration.translate.comparison import EngineComparison, Rows
from tests.servers.engines import Engines

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

T = """
SELECT * FROM (VALUES
  (1, 'a', CAST(10 AS DOUBLE), DATE '2024-01-01', [1, 2]),
  (2, 'a', 20, DATE '2024-01-02', [2, 3]),
  (3, 'b', 30, DATE '2024-01-02', [3]),
  (4, 'b', NULL, DATE '2024-01-03', [4])
) AS t(id, k, v, d, arr)
"""


def on_spark(spark: SparkSession, schema: str) -> Callable[[str], Rows]:
    """Runs a text on Spark; rows, structs and maps as Python has them."""
    mine = spark.newSession()
    mine.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    mine.sql(f"USE {schema}")

    def run(sql: str) -> Rows:
        return [tuple(row) for row in mine.sql(sql).collect()]

    return run


def on_trino(address: str, schema: str) -> Callable[[str], Rows]:
    """Runs a text on Trino, whose tables are in memory; without a proxy."""
    url = urlsplit(address)

    def run(sql: str) -> Rows:
        with requests.Session() as session:
            session.trust_env = False
            connection = trino.dbapi.Connection(
                host=url.hostname or "",
                port=url.port or 0,
                user=url.username,
                catalog="memory",
                schema=schema,
                http_session=session,
            )
            with contextlib.closing(connection), contextlib.closing(connection.cursor()) as cursor:
                return [tuple(row) for row in cursor.execute(sql).fetchall()]

    run(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    return run


@pytest.fixture(scope="session")
def suffix() -> str:
    """A suffix that makes names of tables and schemas unique to this process: others use the same servers."""
    return secrets.token_hex(4)


@pytest.fixture(scope="session")
def comparison(engines: Engines, spark: SparkSession, suffix: str) -> EngineComparison:
    """DuckDB, Spark and Trino with the same little table in each.

    Tables with a schema must carry ``suffix`` in their names; the others are in a schema that does.
    """
    schema = f"translate_{suffix}"
    one = EngineComparison({"spark": on_spark(spark, schema), "trino": on_trino(engines.trino, schema)})
    one.create("t", T)
    return one
