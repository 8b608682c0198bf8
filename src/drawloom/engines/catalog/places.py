"""Where folders are, as engines take it."""

from __future__ import annotations

from urllib.parse import unquote


def decoded(uri: str) -> str:
    """A URI as engines take it: of a file as the path is, without percent signs."""
    return unquote(uri) if uri.startswith("file:") else uri
