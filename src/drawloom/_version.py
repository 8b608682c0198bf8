"""The version of drawloom, for the package's metadata and for caches."""

from __future__ import annotations

__version__ = "0.1.0"
