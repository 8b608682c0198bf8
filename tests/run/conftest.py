"""A fresh database for the registry: in SQLite, and in a real PostgreSQL where real servers may be started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from drawloom.run.registry import Registry
from tests.servers.postgres import Server, serving

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Server) -> str:
    """The URL of an empty database."""
    name = f"registry_{uuid4().hex}"
    postgres.run_sql(f"CREATE DATABASE {name}")
    return f"postgresql://drawloom@127.0.0.1:{postgres.port}/{name}"


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a registry that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/deep/registry.db"
    made: str = request.getfixturevalue("postgres_url")
    return made


@pytest.fixture
def registry(url: str) -> Iterator[Registry]:
    made = Registry(url)
    yield made
    made.close()
