"""Version 2: which engine wrote a partition, until then always DuckDB, and what was attached to a catalog."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("drawloom_partitions", sa.Column("engine", sa.String, nullable=False, server_default="duckdb"))
    op.create_table(
        "drawloom_attached",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("ds", sa.String, primary_key=True),
        sa.Column("stamp", sa.String, nullable=False),
    )
