"""A project whose production is up to date: it is built once, and each test has a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.run.environments.build import built


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that is copied."""
    return built(tmp_path_factory.mktemp("ready") / "project")


@pytest.fixture
def root(ready: Path, tmp_path: Path) -> Path:
    """A copy for one test."""
    return shutil.copytree(ready, tmp_path / "project", symlinks=True)
