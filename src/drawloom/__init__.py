"""drawloom: machines that build data pipelines."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from drawloom._version import __version__

if TYPE_CHECKING:
    from drawloom.frameworks.autodag import AutoDag
    from drawloom.model import Days, DrawloomError, Pipeline, Step, Table
    from drawloom.run.project import Project

__all__ = ["AutoDag", "Days", "DrawloomError", "Pipeline", "Project", "Step", "Table", "__version__"]

_MODULES = {
    "AutoDag": "drawloom.frameworks.autodag",
    "Days": "drawloom.model",
    "DrawloomError": "drawloom.model",
    "Pipeline": "drawloom.model",
    "Project": "drawloom.run.project",
    "Step": "drawloom.model",
    "Table": "drawloom.model",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``drawloom --help`` needs none of them."""
    if name not in _MODULES:
        raise AttributeError(f"module 'drawloom' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
