"""AutoDAG: a SELECT and the table it fills."""

from drawloom.frameworks.autodag.spec import AutoDag

__all__ = ["AutoDag"]
