"""Growth accounting: who is active, new, retained, resurrected, churned and stale, day by day."""

from drawloom.frameworks.base import Framework
from drawloom.frameworks.growth.compile import compile_growth
from drawloom.frameworks.growth.page import growth_page
from drawloom.frameworks.growth.spec import Growth

framework = Framework("growth", Growth, compile_growth, growth_page)

__all__ = ["Growth", "framework"]
