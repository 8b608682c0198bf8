"""Version 2: which engine wrote a partition. Until then it was always DuckDB."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Add the column."""
    op.add_column("drawloom_partitions", sa.Column("engine", sa.String, nullable=False, server_default="duckdb"))
