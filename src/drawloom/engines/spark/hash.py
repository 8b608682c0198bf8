"""The hash of a row in Spark, where xxhash64 passes over NULLs at every depth and does not take maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drawloom.engines.catalog.types import house_kind
from drawloom.engines.spark.names import quoted
from drawloom.model import Column


def row_hash(columns: Sequence[Column]) -> str:
    """The expression of a row's hash, exact enough to be summed; whether a value is NULL is hashed by itself."""
    by_name = sorted(columns, key=lambda column: column.name)
    values = [(quoted(c.name), house_kind(c.type)) for c in by_name]
    parts = [part for value, kind in values for part in (_hashable(value, kind), f"{value} IS NULL")]
    return f"CAST(xxhash64({', '.join(parts)}) AS DECIMAL(38, 0))"


def _hashable(value: str, kind: Any, depth: int = 0) -> str:
    """What stands for a value: itself, or of a nested one the hashes of what is in it."""
    x = f"x{depth}"
    match kind.id:
        case "list" | "array":
            return f"transform({value}, {x} -> {_hash(x, kind.children[0][1], depth + 1)})"
        case "struct":
            return f"xxhash64({', '.join(_members(value, kind, depth))})"
        case "map":
            key, item = (
                _hash(f"{x}.{name}", kind.children[n][1], depth + 1) for n, name in enumerate(("key", "value"))
            )
            return f"array_sort(transform(map_entries({value}), {x} -> xxhash64({key}, {item})))"
    return value


def _hash(value: str, kind: Any, depth: int) -> str:
    return f"xxhash64({_hashable(value, kind, depth)}, {value} IS NULL)"


def _members(value: str, kind: Any, depth: int) -> list[str]:
    return [_hash(f"{value}.{quoted(n)}", one, depth) for n, one in kind.children]
