"""How many rows a query can have, as far as its shape says."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.advice._columns import entry, outputs
from drawloom.sql.advice._walk import Source, own, query_of, sources
from drawloom.sql.script import Script


def is_one_row(query: exp.Expr | None, *, ignore_limit: bool = False, depth: int = 0) -> bool:
    """Whether a query has at most one row: an aggregate without GROUP BY, constants, LIMIT 1, or made of such."""
    if query is None or depth > 8:
        return False
    if not ignore_limit and _limits_to_one(query):
        return True
    if not isinstance(query, exp.Select) or query.args.get("group") or any(own(query, exp.Unnest, exp.Explode)):
        return False
    if any(call.find_ancestor(exp.Window, exp.Select) is query for call in own(query, exp.AggFunc)):
        return True
    return all(is_one_row(query_of(source.node), depth=depth + 1) for source in sources(query))


def is_reduced(query: exp.Expr | None) -> bool:
    """Whether a query has one row per group, or few: GROUP BY, DISTINCT, LIMIT, VALUES."""
    if isinstance(query, exp.SetOperation):
        return is_reduced(query.this.unnest()) and is_reduced(query.expression.unnest())
    return isinstance(query, exp.Select) and any(query.args.get(key) for key in ("group", "distinct", "limit"))


def _limits_to_one(query: exp.Expr) -> bool:
    limit = query.args.get("limit")
    count = limit.args.get("expression") or limit.args.get("count") if limit is not None else None
    return isinstance(count, exp.Literal) and count.this == "1"


def unique_key(script: Script, source: Source) -> tuple[str, ...] | None:
    """The columns that tell the rows of a source apart: the catalog's, or those that its query groups by."""
    if isinstance(source.node, exp.Table) and (known := entry(script, source.node)).unique:
        return tuple(name.lower() for name in (*known.unique, *(known.keys or ())))
    query = query_of(source.node)
    if not isinstance(query, exp.Select):
        return None
    group = query.args.get("group")
    if (
        group is None
        or not group.expressions
        or any(group.args.get(key) for key in ("cube", "rollup", "grouping_sets"))
    ):
        return None
    made = outputs(query) or {}
    names = [_name(key, made, query) for key in group.expressions]
    return tuple(name for name in names if name) if all(names) else None


def _name(key: exp.Expr, made: dict[str, exp.Expr | None], query: exp.Query) -> str | None:
    """The output column that a key of GROUP BY becomes, which may be given by its number."""
    if isinstance(key, exp.Literal) and key.this.isdigit() and 0 < int(key.this) <= len(query.expressions):
        return str(query.expressions[int(key.this) - 1].alias_or_name.lower()) or None
    return next((name for name, value in made.items() if value == key or key.name.lower() == name), None)
