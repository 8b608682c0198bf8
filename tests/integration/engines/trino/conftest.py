from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.engines.trino.bench import Bench
from tests.servers.engines import Engines

ICEBERG = pytest.param("iceberg", marks=pytest.mark.nightly)  # differs from Hive in how tables are stored


@pytest.fixture(params=["hive", ICEBERG])
def bench(request: pytest.FixtureRequest, engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engines.trino, request.param, tmp_path)
    yield bench
    bench.drop()


@pytest.fixture
def hive(engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engines.trino, "hive", tmp_path)
    yield bench
    bench.drop()


@pytest.fixture
def iceberg(engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engines.trino, "iceberg", tmp_path)
    yield bench
    bench.drop()
