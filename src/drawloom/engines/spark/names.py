"""Names as Spark takes them."""

from __future__ import annotations

from sqlglot import exp


def quoted(name: str) -> str:
    """A quoted identifier of Spark."""
    return exp.to_identifier(name, quoted=True).sql("spark")
