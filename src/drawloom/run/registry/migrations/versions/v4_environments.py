"""Version 4: environments, the tables that hold their partitions, and which partitions of production those replace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "drawloom_environments",
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("first", sa.Date),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "drawloom_environment_tables",
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("stored", sa.String, nullable=False),
    )
    op.create_table(
        "drawloom_replaced",
        sa.Column("environment", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("ds", sa.Date, primary_key=True),
        sa.Column("base", sa.String, nullable=False),
        sa.Column("is_kept", sa.Boolean, nullable=False),
        sa.Column("promoted", sa.String, nullable=False),
    )
