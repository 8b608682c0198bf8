"""One table, two engines: what Spark writes Trino reads, and the other way round."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trino
from pyspark.sql import SparkSession

from tests.servers.engines import Engines
from tests.servers.trino import run_sql

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

DAY = date(2026, 1, 1)


class Trino:
    """Queries for the Trino of the set."""

    def __init__(self, url: str) -> None:
        self.port = urlsplit(url).port or 0

    def __call__(self, sql: str) -> list[list[Any]]:
        return run_sql(self.port, sql)


@pytest.fixture
def sql(engines: Engines) -> Trino:
    return Trino(engines.trino)


@pytest.fixture
def schema(sql: Trino, tmp_path: Path) -> Iterator[str]:
    """A schema of its own at a place of the test's choice."""
    sql(f"CREATE SCHEMA hive.{(name := f'tables_{tmp_path.name}')} WITH (location = '{tmp_path.as_uri()}')")
    yield name
    sql(f"DROP SCHEMA hive.{name} CASCADE")


@pytest.fixture
def table(spark: SparkSession, schema: str) -> str:
    """A table that Spark has made and filled for two days."""
    spark.sql(f"CREATE TABLE {schema}.t (n BIGINT, at TIMESTAMP_LTZ, ds DATE) USING parquet PARTITIONED BY (ds)")
    for day in (1, 2):
        spark.sql(
            f"INSERT OVERWRITE {schema}.t SELECT {day}, TIMESTAMP_LTZ '2026-01-0{day} 10:00:00.123456', DATE '2026-01-0{day}'"
        )
    return f"{schema}.t"


def test_spark_writes_and_trino_reads(table: str, sql: Trino) -> None:
    found = sql(f"SELECT n, CAST(at AS VARCHAR), ds FROM {table} ORDER BY n")
    assert found == [
        [1, "2026-01-01 10:00:00.123456", DAY],
        [2, "2026-01-02 10:00:00.123456", date(2026, 1, 2)],
    ]


def test_trino_knows_the_days(table: str, schema: str, sql: Trino) -> None:
    assert sql(f'SELECT ds FROM {schema}."t$partitions" ORDER BY ds') == [[DAY], [date(2026, 1, 2)]]


def test_trino_writes_and_spark_reads(table: str, sql: Trino, spark: SparkSession) -> None:
    sql(f"DELETE FROM {table} WHERE ds = DATE '2026-01-01'")
    sql(f"INSERT INTO {table} SELECT 7, TIMESTAMP '2026-01-01 00:00:00', DATE '2026-01-01'")
    spark.catalog.refreshTable(table)
    assert [tuple(row) for row in spark.sql(f"SELECT n, ds FROM {table} ORDER BY n").collect()] == [
        (2, date(2026, 1, 2)),
        (7, DAY),
    ]


def test_trino_makes_schemas_where_the_user_wants_them(sql: Trino, schema: str, tmp_path: Path) -> None:
    sql(f"CREATE TABLE {schema}.made WITH (partitioned_by = ARRAY['ds']) AS SELECT 1 AS n, DATE '2026-01-01' AS ds")
    assert list((tmp_path / "made" / "ds=2026-01-01").iterdir())


def test_iceberg_lives_on_the_same_metastore(sql: Trino, tmp_path: Path) -> None:
    name = f"iceberg.ice_{secrets.token_hex(4)}"
    sql(f"CREATE SCHEMA {name} WITH (location = '{tmp_path.as_uri()}')")
    try:
        sql(f"CREATE TABLE {name}.t (n BIGINT, ds DATE) WITH (partitioning = ARRAY['ds'])")
        sql(f"INSERT INTO {name}.t VALUES (1, DATE '2026-01-01'), (2, DATE '2026-01-02')")
        sql(f"INSERT INTO {name}.t VALUES (3, DATE '2026-01-02')")
        assert sql(f"SELECT n FROM {name}.t WHERE ds = DATE '2026-01-02' ORDER BY n") == [[2], [3]]
    finally:
        sql(f"DROP SCHEMA {name} CASCADE")


def test_the_guarded_catalog_shows_the_same_tables_and_lets_nobody_write(table: str, sql: Trino) -> None:
    assert sql(f"SELECT count(*) FROM guarded.{table}") == [[2]]
    for text in (
        f"INSERT INTO guarded.{table} SELECT * FROM hive.{table}",
        f"DELETE FROM guarded.{table} WHERE ds = DATE '2026-01-01'",
        f"DROP TABLE guarded.{table}",
        f"CREATE TABLE guarded.{table}2 (n BIGINT)",
    ):
        with pytest.raises(trino.exceptions.TrinoUserError, match="Access Denied"):
            sql(text)
    assert sql(f"SELECT count(*) FROM {table}") == [[2]]
