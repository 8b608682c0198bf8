"""Opening the engine that the settings name. Spark and Trino are imported here, and only when they are used."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from drawloom.model import refuse
from drawloom.specs.env import expand

if TYPE_CHECKING:
    from drawloom.engines.base import CatalogEngine
    from drawloom.run.settings import Settings

TRINO = "trino://drawloom@127.0.0.1:8080/hive"
SPARK = "local[*]"


def open_engine(settings: Settings) -> CatalogEngine | None:
    """Spark or Trino as the settings name it; None for DuckDB.

    Raises:
        InputError: its package is not installed, or its URL is invalid.
        RunError: it cannot be reached.
    """
    try:
        match settings.engine.kind:
            case "spark":
                return _spark(settings)
            case "trino":
                return _trino(settings)
    except ImportError as error:
        kind = settings.engine.kind
        message = f"The package of {kind} is not installed: {error}."
        raise refuse("missing-package", message, None, f"In a clone of drawloom: pip install '.[{kind}]'") from error
    return None


def _spark(settings: Settings) -> CatalogEngine:
    from drawloom.engines.spark import Spark, connect, shown_url

    engine = settings.engine
    metastore = _expand_or_env(engine.metastore, "DRAWLOOM_METASTORE")
    url = _expand_or_env(engine.url, "DRAWLOOM_SPARK", SPARK)
    return Spark(connect(url, metastore, _settings(settings)), _location(settings), shown_url(url))


def _trino(settings: Settings) -> CatalogEngine:
    from drawloom.engines.trino import Trino, connect

    client = connect(_expand_or_env(settings.engine.url, "DRAWLOOM_TRINO", TRINO), _settings(settings))
    return Trino(client, _location(settings), settings.engine.lake_catalog)


def _expand_or_env(text: str | None, name: str, default: str = "") -> str:
    return expand(text) if text else os.environ.get(name, default)


def _location(settings: Settings) -> str:
    """Where tables are kept; the URI of the lake's folder by default."""
    text = settings.engine.location
    return expand(text).rstrip("/") if text else settings.lake_path.resolve().as_uri()


def _settings(settings: Settings) -> dict[str, str]:
    return {name: expand(text) for name, text in settings.engine.settings.items()}
