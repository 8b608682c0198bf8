"""Names and places as Spark takes them."""

from __future__ import annotations

from urllib.parse import unquote

from sqlglot import exp


def quoted(name: str) -> str:
    """A quoted identifier of Spark."""
    return exp.to_identifier(name, quoted=True).sql("spark")


def path(uri: str) -> str:
    """A URI as the path that Hadoop takes, which has no escapes.

    >>> path("file:///lake/ds%3D2026-01-01")
    'file:///lake/ds=2026-01-01'
    """
    return unquote(uri) if uri.startswith("file:") else uri
