"""Short stable hashes of texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def digest(texts: Iterable[str]) -> str:
    """A short stable hash of some texts."""
    hasher = hashlib.blake2b(digest_size=8)
    for text in texts:
        hasher.update(text.encode())
        hasher.update(b"\0")
    return hasher.hexdigest()
