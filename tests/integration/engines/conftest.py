from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawloom import Project
from tests.conformance.trino_client import drop_metastore_schema
from tests.integration.engines.small_project import SmallProject
from tests.servers.fixtures import servers
from tests.servers.jdk import find_jdk

__all__ = ["servers"]

Build = Callable[..., SmallProject]


@pytest.fixture
def build(servers: object, tmp_path: Path) -> Iterator[Build]:
    """Builds projects in folders and schemas of their own."""
    os.environ["JAVA_HOME"] = str(find_jdk(17, "Spark").home)
    made: list[SmallProject] = []

    def one(kind: str, name: str = "project") -> SmallProject:
        (tmp_path / name).mkdir()
        made.append(SmallProject(tmp_path / name, f"con_{secrets.token_hex(4)}", kind))
        return made[-1]

    yield one
    for small_project in made:
        for schema in (small_project.schema, small_project.raw):
            drop_metastore_schema(schema)


@pytest.fixture(scope="session")
def expected_rows(servers: object, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The rows of all tables of the small project, computed by DuckDB."""
    small_project = SmallProject(tmp_path_factory.mktemp("truth"), "con_truth")
    with Project.load(small_project.folder) as project:
        project.run(project.plan())
    return small_project.all_rows()
