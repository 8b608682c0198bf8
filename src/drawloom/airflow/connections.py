"""Airflow connections as a source of secrets and engine URLs that the environment does not have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from drawloom.run.settings import EngineSettings


def set_from_connection(name: str) -> None:
    """Set the environment variable NAME to the URI of Airflow's connection ``name``, if there is one."""
    found = _connection(name.lower())
    if found:
        kind, _, rest = found.get_uri().partition("://")
        os.environ[name] = f"{'postgresql' if kind == 'postgres' else kind}://{rest}"


def set_engine_from_connection(engine: EngineSettings) -> None:
    """Set DRAWLOOM_TRINO or DRAWLOOM_SPARK from ``trino_default`` or ``spark_default``.

    What drawloom.yml or the environment sets wins.
    """
    name = f"DRAWLOOM_{engine.kind.upper()}"
    if engine.kind == "duckdb" or engine.url or name in os.environ:
        return
    found = _connection(f"{engine.kind}_default")
    if found is None:
        return
    os.environ[name] = _trino_url(found) if engine.kind == "trino" else _spark_url(found)
    metastore = found.extra_dejson.get("metastore")
    if metastore:
        os.environ.setdefault("DRAWLOOM_METASTORE", metastore)


def _connection(name: str) -> Connection | None:
    try:
        found: Connection = Connection.get(name)
    except AirflowNotFoundException:
        return None
    return found


def _trino_url(found: Connection) -> str:
    """The catalog and the protocol are extra fields of an Airflow connection."""
    extra = found.extra_dejson
    user = quote(found.login or "drawloom", safe="") + (f":{quote(found.password, safe='')}" if found.password else "")
    options = {"http_scheme": extra.get("protocol") or extra.get("http_scheme"), "verify": extra.get("verify")}
    query = urlencode({key: value for key, value in options.items() if value is not None})
    address = f"trino://{user}@{found.host}:{found.port or 8080}/{extra.get('catalog', 'hive')}"
    return f"{address}?{query}" if query else address


def _spark_url(found: Connection) -> str:
    """A Spark master, or the URL of Spark Connect for connections of that type."""
    host = found.host or "local[*]"
    if found.conn_type == "spark_connect" and "://" not in host:
        host = f"sc://{host}"
    return f"{host}:{found.port}" if found.port else host
