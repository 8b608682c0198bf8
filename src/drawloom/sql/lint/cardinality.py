"""Cardinality estimates from a query's syntax: whether it has at most one row, or few, and its unique key."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.lint.nodes import own_nodes
from drawloom.sql.lint.scopes import query_of, sources
from drawloom.sql.scope import Source
from drawloom.sql.script import Script


def has_at_most_one_row(script: Script, query: exp.Expr | None, *, ignore_limit: bool = False, depth: int = 0) -> bool:
    """Whether a query has at most one row: an aggregate without GROUP BY, constants, LIMIT 1, or only such sources."""
    if query is None or depth > 8:
        return False
    if not ignore_limit and _is_limited_to_one(query):
        return True
    if not isinstance(query, exp.Select) or query.args.get("group") or any(own_nodes(query, exp.Unnest, exp.Explode)):
        return False
    if any(call.find_ancestor(exp.Window, exp.Select) is query for call in own_nodes(query, exp.AggFunc)):
        return True
    return all(has_at_most_one_row(script, query_of(source), depth=depth + 1) for source in sources(script, query))


def is_reduced(query: exp.Expr | None) -> bool:
    """Whether a query has few rows, or one per group: GROUP BY, DISTINCT, LIMIT."""
    if isinstance(query, exp.SetOperation):
        return is_reduced(query.this.unnest()) and is_reduced(query.expression.unnest())
    return isinstance(query, exp.Select) and any(query.args.get(key) for key in ("group", "distinct", "limit"))


def unique_key(source: Source) -> tuple[str, ...] | None:
    """Columns that identify a row of a source: from the catalog, or the keys of its query's GROUP BY."""
    if source.entry.unique:
        return tuple(name.lower() for name in (*source.entry.unique, *(source.entry.keys or ())))
    query = query_of(source)
    group = query.args.get("group") if isinstance(query, exp.Select) else None
    if query is None or group is None or not is_plain_group(group):
        return None
    names = [_output_name(key, query) for key in group.expressions]
    return tuple(name for name in names if name) if all(names) else None


def is_plain_group(group: exp.Expr) -> bool:
    """Whether a GROUP BY lists its columns, without CUBE, ROLLUP or GROUPING SETS."""
    return bool(group.expressions) and not any(group.args.get(key) for key in ("cube", "rollup", "grouping_sets"))


def _is_limited_to_one(query: exp.Expr) -> bool:
    limit = query.args.get("limit")
    count = limit.args.get("expression") or limit.args.get("count") if limit is not None else None
    return isinstance(count, exp.Literal) and count.this == "1"


def _output_name(key: exp.Expr, query: exp.Query) -> str | None:
    """The output column that a key of GROUP BY becomes; the key may be its number."""
    if isinstance(key, exp.Literal) and key.this.isdigit() and 0 < int(key.this) <= len(query.expressions):
        return str(query.expressions[int(key.this) - 1].alias_or_name.lower()) or None
    outputs = {item.alias_or_name.lower(): item.unalias() for item in query.expressions}
    return next((name for name, value in outputs.items() if value == key or key.name.lower() == name), None)
