from __future__ import annotations

from tests.run.conftest import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]
