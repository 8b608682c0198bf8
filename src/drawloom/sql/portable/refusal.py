"""How a construct that another engine cannot say is refused: as it was written, with its place and the way out."""

from __future__ import annotations

from sqlglot import exp

from drawloom.model import InputError, Where, refuse

_LONG = 80


def refused(node: exp.Expr, target: str, fix: str, source: str = "") -> InputError:
    """The problem that ``target`` has nothing that means what the node means."""
    return refuse(
        "unsupported-sql", f"sql == {written(node)}, must be SQL that {target} has.", place(node, source), fix
    )


def written(node: exp.Expr) -> str:
    """The construct in DuckDB's words, shortened."""
    text = " ".join(node.sql("duckdb", normalize_functions=False, comments=False).split())
    return text if len(text) <= _LONG else text[: _LONG - 3] + "..."


def place(node: exp.Expr, source: str) -> Where:
    """Where the node, or the first named thing in it or around it, stands in the text."""
    found: exp.Expr | None = node
    while found is not None:
        starts = [part.meta["start"] for part in found.walk() if "start" in part.meta]
        if starts and source:
            start = min(starts)
            line = source.count("\n", 0, start) + 1
            return Where(None, line, start - (source.rfind("\n", 0, start) + 1) + 1)
        found = found.parent
    return Where(None, 1, 1)
