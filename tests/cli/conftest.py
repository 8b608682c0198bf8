"""Sample projects. What commands make of one is made once and copied for each test: most tests begin with the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from tests.cli.sample_project import LAND, SampleProject, write_sample_project


@pytest.fixture
def project_without_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> SampleProject:
    """A project whose orders have not landed yet."""
    monkeypatch.chdir(tmp_path)
    write_sample_project(tmp_path)
    return SampleProject(tmp_path, capsys)


@pytest.fixture(scope="session")
def landed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose orders have landed, to copy."""
    folder = tmp_path_factory.mktemp("landed")
    write_sample_project(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run_command(["-C", str(folder), *LAND]) == 0
    return folder


@pytest.fixture(scope="session")
def finished_folder(landed_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which everything is fresh, to copy."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(landed_folder, folder, dirs_exist_ok=True)
    assert run_command(["-C", str(folder), "run"]) == 0
    return folder


@pytest.fixture
def project(project_without_data: SampleProject, landed_folder: Path) -> SampleProject:
    """A project whose orders have landed."""
    shutil.copytree(landed_folder, project_without_data.folder, dirs_exist_ok=True)
    return project_without_data


@pytest.fixture
def finished(project_without_data: SampleProject, finished_folder: Path) -> SampleProject:
    """A project whose orders have landed, and in which everything is fresh."""
    shutil.copytree(finished_folder, project_without_data.folder, dirs_exist_ok=True)
    return project_without_data
