"""Where folders are, as engines take it."""

from __future__ import annotations

from urllib.parse import unquote


def decoded(uri: str) -> str:
    """A URI as engines take it: of a file as the path is, which has no escapes.

    >>> decoded("file:///lake/ds%3D2026-01-01")
    'file:///lake/ds=2026-01-01'
    """
    return unquote(uri) if uri.startswith("file:") else uri
