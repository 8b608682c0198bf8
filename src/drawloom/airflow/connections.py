"""Connections of Airflow: they stand in where the environment does not have a name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from drawloom.run.settings import EngineSettings


def from_connection(name: str) -> None:
    """``${NAME}`` that the environment does not have may be the connection ``name`` of Airflow."""
    found = _connection(name.lower())
    if found:
        kind, _, rest = found.get_uri().partition("://")
        os.environ[name] = f"{'postgresql' if kind == 'postgres' else kind}://{rest}"


def engine_from_connection(engine: EngineSettings) -> None:
    """Where Trino or Spark is, by ``trino_default`` or ``spark_default``, where neither drawloom.yml nor the environment says."""
    name = f"DRAWLOOM_{engine.kind.upper()}"
    if engine.kind == "duckdb" or engine.url or name in os.environ:
        return
    found = _connection(f"{engine.kind}_default")
    if found is None:
        return
    os.environ[name] = _trino(found) if engine.kind == "trino" else _spark(found)
    metastore = found.extra_dejson.get("metastore")
    if metastore:
        os.environ.setdefault("DRAWLOOM_METASTORE", metastore)


def _connection(name: str) -> Connection | None:
    try:
        found: Connection = Connection.get(name)
    except AirflowNotFoundException:
        return None
    return found


def _trino(found: Connection) -> str:
    """Airflow keeps the catalog and the protocol in the extra fields."""
    extra = found.extra_dejson
    user = quote(found.login or "drawloom", safe="") + (f":{quote(found.password, safe='')}" if found.password else "")
    asked = {"http_scheme": extra.get("protocol") or extra.get("http_scheme"), "verify": extra.get("verify")}
    query = urlencode({key: value for key, value in asked.items() if value is not None})
    address = f"trino://{user}@{found.host}:{found.port or 8080}/{extra.get('catalog', 'hive')}"
    return f"{address}?{query}" if query else address


def _spark(found: Connection) -> str:
    """A master; or Spark Connect, where the connection is of that type."""
    host = found.host or "local[*]"
    if found.conn_type == "spark_connect" and "://" not in host:
        host = f"sc://{host}"
    return f"{host}:{found.port}" if found.port else host
