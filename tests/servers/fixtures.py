"""The servers as a fixture, imported by the conftest.py of each folder that needs them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.servers.engines import Engines, cache_folder, private_set


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """A Hive metastore, a Trino and a PostgreSQL: those in the environment variables, else a set for these tests only,
    whose addresses are then set in the environment."""
    given = Engines.from_environment(os.environ)
    if given:
        yield given
        return
    with (
        private_set(tmp_path_factory.mktemp("engines") / "run", cache_folder()) as own,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in own.exports.items():
            patch.setenv(name, value)
        yield own
