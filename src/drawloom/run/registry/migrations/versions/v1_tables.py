"""Version 1: the tables. Registries that are older than versions have these tables already, and keep them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Create the tables that do not exist."""
    _partitions()
    _create(
        "drawloom_columns",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("columns", sa.Text, nullable=False),
    )
    _create(
        "drawloom_failures",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("ds", sa.Date, primary_key=True),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    _files()


def _partitions() -> None:
    _create(
        "drawloom_partitions",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("ds", sa.Date, primary_key=True),
        sa.Column("run", sa.String, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("seen", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("stamp", sa.String, nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
    )


def _files() -> None:
    _create(
        "drawloom_files",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("ds", sa.String, primary_key=True),
        sa.Column("stamp", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
    )
    _create(
        "drawloom_landed",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.String, primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def _create(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, *columns, if_not_exists=True)
