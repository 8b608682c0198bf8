"""Spark sessions: in this process, on a cluster, or by Spark Connect."""

from __future__ import annotations

import logging
import socket
import warnings
from collections.abc import Mapping
from urllib.parse import urlsplit

from pyspark.sql import SparkSession

from drawloom.engines.catalog.errors import unreachable
from drawloom.model import RunError

_START_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.app.name": "drawloom",
}
CONNECT_TIMEOUT = 10.0  # seconds to connect to a server
_LOCAL = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
_SESSION_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # TIMESTAMP has no time zone, as in DuckDB
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.debug.maxToStringFields": "100000",  # DESCRIBE does not cut off the types of wide structs
}


def connect(url: str, metastore: str = "", settings: Mapping[str, str] | None = None) -> SparkSession:
    """A session.

    Args:
        url: the master (``local[4]``, ``spark://host:7077``, ``yarn``), or ``sc://host:15002`` for Spark Connect.
        metastore: ``thrift://host:9083``; by default the catalog lives as long as the session.
        settings: Spark settings by name.

    Raises:
        RunError: the session cannot be started or reached.
    """
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)  # it logs every statement that fails
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            session = _build(url, metastore, settings or {})
            for name, value in _SESSION_SETTINGS.items():
                session.conf.set(name, value)
            session.sql("SELECT 1").collect()
    except Exception as error:  # of many kinds: no Java, no network, a bad setting
        tried = "to open a session" if url.startswith("sc://") else "to start a session"
        raise RunError(unreachable("spark", shown_url(url), error, tried)) from error
    if not is_remote(session):
        session.sparkContext.setLogLevel("OFF")
    return session


def _build(url: str, metastore: str, settings: Mapping[str, str]) -> SparkSession:
    builder = SparkSession.builder
    if url.startswith("sc://"):
        _check_listening(url)
        remote: SparkSession = builder.remote(url).getOrCreate()
        for name, value in settings.items():
            remote.conf.set(name, value)
        return remote
    made = builder.master(url)
    static = {**_START_SETTINGS, **(_LOCAL if url.startswith("local") else {}), **settings}
    if metastore:
        static |= {"spark.hadoop.hive.metastore.uris": metastore}
        made = made.enableHiveSupport()
    for name, value in static.items():
        made = made.config(name, value)
    session: SparkSession = made.getOrCreate()
    return session


def _check_listening(url: str) -> None:
    """Fail at once where no server listens: Spark's client would retry for ten minutes."""
    parts = urlsplit(url)
    socket.create_connection((parts.hostname or "localhost", parts.port or 15002), CONNECT_TIMEOUT).close()


def shown_url(url: str) -> str:
    """A url for messages, without its parameters, which may contain a token."""
    return url.partition("/;")[0]


def is_remote(session: SparkSession) -> bool:
    """Whether Spark runs in another process, reached by Spark Connect."""
    return type(session).__module__.startswith("pyspark.sql.connect")
