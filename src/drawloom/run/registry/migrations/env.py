"""The environment of Alembic: it runs this file with the connection and transaction that ``upgrade`` has opened."""

from __future__ import annotations

from alembic import context

_given = context.config.attributes
context.configure(connection=_given["connection"], version_table=_given["table"], transactional_ddl=True)
context.run_migrations()
