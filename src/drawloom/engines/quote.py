"""Names and values as DuckDB SQL: identifiers, literals, files. sqlglot does the quoting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

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


def day(ds: date) -> str:
    """A DATE literal."""
    return f"DATE {value(ds.isoformat())}"


def read_parquet(path: Path | str) -> str:
    """The relation of one Parquet file, with the columns that are in it and no others."""
    return f"read_parquet({value(str(path))}, hive_partitioning=false)"
