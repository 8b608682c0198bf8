from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.sample_project import LAND, SampleProject, write_sample_project


@pytest.fixture
def project_without_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> SampleProject:
    """A project whose orders have not landed yet."""
    monkeypatch.chdir(tmp_path)
    return write_sample_project(tmp_path, capsys)


@pytest.fixture
def project(project_without_data: SampleProject) -> SampleProject:
    """A project whose orders have landed."""
    project_without_data.run(*LAND)
    return project_without_data
