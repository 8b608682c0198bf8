"""Names and values as SQL text. All quoting of the engine goes through sqlglot here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sqlglot import exp

_DIALECT = "duckdb"


@lru_cache(maxsize=10_000)
def name(text: str) -> str:
    """A quoted identifier."""
    return exp.to_identifier(text, quoted=True).sql(_DIALECT)


def dotted(parts: Iterable[str]) -> str:
    """A quoted qualified name."""
    return ".".join(name(part) for part in parts)


@lru_cache(maxsize=10_000)
def value(text: str) -> str:
    """A string literal."""
    return exp.Literal.string(text).sql(_DIALECT)


def values(texts: Iterable[str]) -> str:
    """A list of string literals."""
    return f"[{', '.join(map(value, texts))}]"


def struct(pairs: Mapping[str, str]) -> str:
    """A struct of string literals."""
    return "{" + ", ".join(f"{value(key)}: {value(item)}" for key, item in pairs.items()) + "}"
