from __future__ import annotations

from tests.cli.conftest import finished, finished_folder, landed_folder, project, project_without_data

__all__ = ["finished", "finished_folder", "landed_folder", "project", "project_without_data"]
