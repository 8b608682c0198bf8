"""DuckDB's profile of a query as operators, outermost first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from drawloom.engines.base import Explanation, Operator

_WRAPPERS = {"RESULT_COLLECTOR", "EXPLAIN_ANALYZE"}
_TOLD = (
    "Text",
    "Table",
    "Function",
    "Total Files Read",
    "Filters",
    "Join Type",
    "Conditions",
    "Groups",
    "Aggregates",
    "Order By",
)


def read_profile(text: str) -> Explanation:
    """What ``EXPLAIN (ANALYZE, FORMAT JSON)`` says."""
    data = json.loads(text)
    operators = tuple(found for one in data["operator"] for found in _operators(one, 0))
    return Explanation(text, operators, data.get("io", {}).get("total_bytes_read"))


def _operators(node: Mapping[str, Any], depth: int) -> Iterator[Operator]:
    name = str(node["type"])
    if name not in _WRAPPERS:
        seconds = float(node.get("timing", 0.0))
        yield Operator(depth, name, int(node.get("intermediate_rows", 0)), seconds, _detail(node.get("extra_info", {})))
        depth += 1
    for child in node.get("children", ()):
        yield from _operators(child, depth)


def _detail(info: Mapping[str, Any]) -> str:
    told = ((key, info[key]) for key in _TOLD if info.get(key))
    return "; ".join(f"{key.lower()} {', '.join(map(str, v)) if isinstance(v, list) else v}" for key, v in told)
