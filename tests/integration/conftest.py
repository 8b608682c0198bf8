from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import empty, shop
from tests.servers.engines import Engines, cache_folder, private_set
from tests.servers.spark import session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["empty", "shop"]


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """A Hive metastore, a Trino and a PostgreSQL: those that the environment names, else a set for these tests only."""
    given = Engines.from_environment(os.environ)
    if given:
        yield given
        return
    with private_set(tmp_path_factory.mktemp("engines") / "run", cache_folder()) as own:
        yield own


@pytest.fixture(scope="session")
def spark(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One Spark for all tests, with its tables in the metastore."""
    with session(engines.metastore, tmp_path_factory.mktemp("spark")) as one:
        yield one
