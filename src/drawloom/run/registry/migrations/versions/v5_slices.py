"""Version 5: the content hashes of the slices of a partition."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Add the column."""
    op.add_column("drawloom_partitions", sa.Column("slices", sa.Text, nullable=False, server_default=sa.text("''")))
