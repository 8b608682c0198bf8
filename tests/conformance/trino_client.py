"""Direct access to Trino, without our engines."""

from __future__ import annotations

import contextlib
import os
from typing import Any
from urllib.parse import urlsplit

import requests
import trino

from tests.servers.process import HOST


def query_trino(catalog: str, sql: str) -> list[list[Any]]:
    """The rows of a query; without a proxy, as the server is on this machine."""
    url = urlsplit(os.environ["DRAWLOOM_TRINO"])
    with requests.Session() as session:
        session.trust_env = False
        connection = trino.dbapi.Connection(
            host=url.hostname or HOST, port=url.port, user="drawloom", catalog=catalog, http_session=session
        )
        with contextlib.closing(connection), contextlib.closing(connection.cursor()) as cursor:
            return list(cursor.execute(sql).fetchall())


def drop_metastore_schema(schema: str) -> None:
    """Drop a schema with its Hive and Iceberg tables."""
    if [schema] not in query_trino("hive", "SHOW SCHEMAS"):
        return
    for (table,) in query_trino("hive", f"SHOW TABLES FROM {schema}"):
        drop_table(f'{schema}."{table}"')
    query_trino("hive", f"DROP SCHEMA {schema}")


def drop_table(table: str) -> None:
    """Drop a Hive or Iceberg table."""
    try:
        query_trino("hive", f"DROP TABLE {table}")
    except trino.exceptions.TrinoQueryError:
        query_trino("iceberg", f"DROP TABLE {table}")
