"""Growth accounting: who is active, new, retained, resurrected, churned and stale, day by day."""

from drawloom.frameworks.growth.spec import Growth

__all__ = ["Growth"]
