from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import landed_folder, project, project_without_data
from tests.servers.engines import Engines
from tests.servers.fixtures import servers
from tests.servers.spark import session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["landed_folder", "project", "project_without_data", "servers"]


@pytest.fixture(scope="session")
def engines(servers: Engines) -> Engines:
    """A Hive metastore, a Trino and a PostgreSQL."""
    return servers


@pytest.fixture(scope="session")
def spark(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One Spark for all tests, with its tables in the metastore."""
    with session(engines.metastore, tmp_path_factory.mktemp("spark")) as one:
        yield one
