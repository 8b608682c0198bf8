"""Days in partition names, and URIs of partition folders."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from urllib.parse import unquote


def iso_days(texts: Iterable[str]) -> list[date]:
    """The days among these names, sorted; tables of other tools may have partitions like ``latest``."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(date.fromisoformat(text))
    return sorted(found)


def decode_uri(uri: str) -> str:
    """A URI in the form that engines expect: a file URI without percent escapes.

    >>> decode_uri("file:///lake/ds%3D2026-01-01")
    'file:///lake/ds=2026-01-01'
    """
    return unquote(uri) if uri.startswith("file:") else uri
