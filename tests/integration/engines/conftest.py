from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawloom import Project
from tests.conformance.ask import forget
from tests.integration.engines.house import House
from tests.servers.fixtures import servers
from tests.servers.jdk import find_jdk

__all__ = ["servers"]

Build = Callable[..., House]


@pytest.fixture
def build(servers: object, tmp_path: Path) -> Iterator[Build]:
    """Makes projects in folders and schemas of their own."""
    os.environ["JAVA_HOME"] = str(find_jdk(17, "Spark").home)
    made: list[House] = []

    def one(kind: str, name: str = "project") -> House:
        (tmp_path / name).mkdir()
        made.append(House(tmp_path / name, f"con_{secrets.token_hex(4)}", kind))
        return made[-1]

    yield one
    for house in made:
        for schema in (house.schema, house.raw):
            forget(schema)


@pytest.fixture(scope="session")
def truth(servers: object, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The rows of all tables, as DuckDB alone makes them."""
    house = House(tmp_path_factory.mktemp("truth"), "con_truth")
    with Project.load(house.folder) as project:
        project.run(project.plan())
    return house.everything()
