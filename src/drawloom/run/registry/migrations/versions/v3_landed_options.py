"""Version 3: the options with which a file was landed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Add the column."""
    op.add_column("drawloom_landed", sa.Column("options", sa.Text, nullable=False, server_default=sa.text("''")))
