"""Alembic's scripts, one for each version of the registry's tables; ``run.registry.upgrade`` runs them."""
