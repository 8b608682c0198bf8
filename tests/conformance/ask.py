"""Direct access to the servers, without our engines."""

from __future__ import annotations

import contextlib
import os
from typing import Any
from urllib.parse import urlsplit

import requests
import trino

from tests.servers.process import HOST


def ask_trino(catalog: str, sql: str) -> list[list[Any]]:
    """The rows of a query; no proxy is asked on the way to this machine."""
    url = urlsplit(os.environ["DRAWLOOM_TRINO"])
    with requests.Session() as session:
        session.trust_env = False
        connection = trino.dbapi.Connection(
            host=url.hostname or HOST, port=url.port, user="drawloom", catalog=catalog, http_session=session
        )
        with contextlib.closing(connection), contextlib.closing(connection.cursor()) as cursor:
            return list(cursor.execute(sql).fetchall())


def forget(schema: str) -> None:
    """Take a schema out of the metastore, with its tables of either kind."""
    if [schema] not in ask_trino("hive", "SHOW SCHEMAS"):
        return
    for (table,) in ask_trino("hive", f"SHOW TABLES FROM {schema}"):
        drop(f'{schema}."{table}"')
    ask_trino("hive", f"DROP SCHEMA {schema}")


def drop(table: str) -> None:
    """Drop a table, be it of Hive or of Iceberg."""
    try:
        ask_trino("hive", f"DROP TABLE {table}")
    except trino.exceptions.TrinoQueryError:
        ask_trino("iceberg", f"DROP TABLE {table}")
