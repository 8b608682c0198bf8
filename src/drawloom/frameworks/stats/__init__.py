"""The stats daemon: statistics of every partition, as states that merge."""

from drawloom.frameworks.base import Framework
from drawloom.frameworks.stats.compile import compile_stats, warn_stats
from drawloom.frameworks.stats.page import stats_page
from drawloom.frameworks.stats.spec import Stats

framework = Framework("stats", Stats, compile_stats, stats_page, warn=warn_stats, uses_tags=True)

__all__ = ["Stats", "framework"]
