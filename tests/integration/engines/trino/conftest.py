from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.engines.trino.bench import Bench
from tests.servers.engines import Engines


@pytest.fixture(params=["hive", "iceberg"])
def bench(request: pytest.FixtureRequest, engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    one = Bench(engines.trino, request.param, tmp_path)
    yield one
    one.end()


@pytest.fixture
def hive(engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    one = Bench(engines.trino, "hive", tmp_path)
    yield one
    one.end()


@pytest.fixture
def iceberg(engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    one = Bench(engines.trino, "iceberg", tmp_path)
    yield one
    one.end()
