"""The front door: the project of a tool, as a drawloom project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drawloom.model import refuse
from drawloom.run.importers.bigquery_etl.project import import_bigquery_etl
from drawloom.run.importers.dbt.project import import_dbt
from drawloom.run.importers.imported import Imported
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.run.importers.sqlmesh.project import import_sqlmesh
from drawloom.sql.dialect import DIALECTS

_TOOLS: dict[str, Callable[[ProjectFiles, str | None], Imported]] = {
    "dbt": import_dbt,
    "sqlmesh": import_sqlmesh,
    "bigquery-etl": import_bigquery_etl,
}


def import_project(tool: str, folder: Path, dialect: str | None = None) -> Imported:
    """What of a project is understood, and what became of each of its files; nothing is written.

    Args:
        tool: ``dbt``, ``sqlmesh`` or ``bigquery-etl``.
        folder: the folder of the project.
        dialect: that of its SQL, where the project itself does not say.

    Raises:
        InputError: the folder has no project of this tool, or the dialect is unknown.
    """
    if dialect is not None and dialect not in DIALECTS:
        raise refuse("dialect", f"dialect == {dialect!r}, must be one of {', '.join(DIALECTS)}.")
    return _TOOLS[tool](ProjectFiles(folder), dialect)
