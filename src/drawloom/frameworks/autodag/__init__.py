"""AutoDAG: a SELECT in, a scheduled, partitioned table out. Its SQL is the whole spec."""

from drawloom.frameworks.autodag.compile import compile_autodag
from drawloom.frameworks.autodag.spec import AutoDag
from drawloom.frameworks.base import Framework

framework = Framework("autodag", AutoDag, compile_autodag)

__all__ = ["AutoDag", "framework"]
