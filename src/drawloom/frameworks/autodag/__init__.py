"""AutoDAG: turns one SELECT into a scheduled, partitioned table."""

from drawloom.frameworks.autodag.compile import compile_autodag
from drawloom.frameworks.autodag.spec import AutoDag
from drawloom.frameworks.base import Framework

framework = Framework("autodag", AutoDag, compile_autodag, user_writes_sql=True)

__all__ = ["AutoDag", "framework"]
