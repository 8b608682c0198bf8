"""How often columns are NULL, for advice on joins: out of the statistics that are stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drawloom.frameworks.stats.spec import STATS_FAMILY

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.sql.catalog import Catalog

_NULLS = f"""
SELECT table_name, column_name, value
FROM (
  SELECT table_name, column_name, value, row_number() OVER (PARTITION BY table_name, column_name ORDER BY ds DESC) AS place
  FROM {STATS_FAMILY}
  WHERE metric = 'null_ratio' AND grain = 'partition' AND slice = '' AND column_name <> ''
) AS newest
WHERE place = 1 AND value > 0"""


def with_nulls(project: Project, catalog: Catalog) -> Catalog:
    """The catalog with the share of NULLs of each column of the tables that are watched, of their newest partition."""
    family = project.compiled.families.get(STATS_FAMILY)
    members = [member.table for member in family.members] if family else []
    filled = project.snapshot(members)
    if not any(filled.days(member) for member in members):
        return catalog
    shares: dict[str, dict[str, float]] = {}
    for row in project.query(_NULLS).to_pylist():
        shares.setdefault(row["table_name"].lower(), {})[row["column_name"].lower()] = row["value"]
    return {name: replace(entry, nulls=shares.get(name, {})) for name, entry in catalog.items()}
