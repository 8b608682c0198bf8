"""Where Alembic begins: run by it, with the connection and the transaction that ``upgrade`` opened."""

from __future__ import annotations

from alembic import context

_given = context.config.attributes
context.configure(connection=_given["connection"], version_table=_given["table"], transactional_ddl=True)
context.run_migrations()
