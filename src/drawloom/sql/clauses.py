"""Helpers for parts of a parsed statement: WITH, UNION, stars, VALUES, INSERT columns, PARTITION, MERGE branches."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlglot import exp

from drawloom.sql.scope import Cte

CteNames = Mapping[str, Cte]


def with_clause(node: exp.Expr) -> exp.With | None:
    """The WITH of a query or statement. Of other nodes, such as IS JSON and SERDEPROPERTIES, the argument is a flag."""
    found = node.args.get("with_")
    return found if isinstance(found, exp.With) else None


def visible_ctes(query: exp.Expr, names: CteNames, new_ctes: list[Cte]) -> CteNames:
    """The CTEs that a query can use: those around it, and those of its own WITH, which are appended to ``new_ctes``."""
    clause = with_clause(query)
    if clause is None:
        return names
    known = dict(names)
    for item in clause.expressions:
        inner = dict(known)
        columns = tuple(name.lower() for name in item.alias_column_names)
        cte = Cte(item.alias.lower(), item.this, inner, columns)
        if clause.args.get("recursive") or "recursive" in item.meta:
            inner[cte.name] = cte
            cte.can_push_down = not any(table.name.lower() == cte.name for table in item.this.find_all(exp.Table))
        known[cte.name] = cte
        new_ctes.append(cte)
    return known


def is_query(node: Any) -> bool:
    """Whether a node is a query: SELECT, a set operation, or DuckDB's PIVOT, UNPIVOT and SUMMARIZE."""
    whole = isinstance(node, exp.Pivot) and node.args.get("this") is not None
    return isinstance(node, exp.Query | exp.Summarize) or whole


def arms(query: exp.Expr) -> Iterator[exp.Expr]:
    """The SELECTs of a UNION, INTERSECT or EXCEPT from left to right; a loop, since a chain of them may be long."""
    stack = [query]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.SetOperation) and (node is query or not (has_limit(node) or node.args.get("with_"))):
            stack += [node.args["expression"], node.args["this"]]
        else:
            yield node


def has_limit(node: exp.Expr) -> bool:
    """Whether a LIMIT or OFFSET picks some of a query's rows."""
    return bool(node.args.get("limit") or node.args.get("offset"))


def is_star(item: exp.Expr) -> bool:
    """Whether an output is ``*`` or ``t.*``."""
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def star_list(star: exp.Expr, name: str) -> list[exp.Expr]:
    """The items of a star's ``EXCEPT``, ``REPLACE`` or ``RENAME`` list (``except_``, ``replace``, ``rename``)."""
    inner = star.this if isinstance(star, exp.Column) else star
    return list(inner.args.get(name) or [])


def excluded_columns(star: exp.Expr) -> set[str]:
    """The columns that a star leaves out."""
    return {item.name.lower() for item in star_list(star, "except_")}


def values_columns(query: exp.Expr) -> list[str] | None:
    """The names of the columns of VALUES."""
    if isinstance(query, exp.Values):
        rows = query.expressions
        width = len(rows[0].expressions) if rows and isinstance(rows[0], exp.Tuple) else 0
        return [name.lower() for name in query.alias_column_names] or [f"col{n}" for n in range(width)]
    return None


def target_table(node: Any) -> exp.Table | None:
    """The table that a statement writes to, under its list of columns."""
    while isinstance(node, exp.Schema | exp.Subquery | exp.Paren):
        node = node.this
    return node if isinstance(node, exp.Table) else None


def listed_columns(node: exp.Expr) -> tuple[str, ...]:
    """The columns in brackets after a statement's table: INSERT INTO t (a, b)."""
    schema = node.this
    return tuple(item.name.lower() for item in schema.expressions) if isinstance(schema, exp.Schema) else ()


def is_temporary(node: exp.Create) -> bool:
    """Whether a CREATE makes a temporary table or view."""
    properties = node.args.get("properties")
    items = properties.expressions if properties is not None else []
    return any(isinstance(item, exp.TemporaryProperty) for item in items)


def partition_key(part: exp.Expr) -> str:
    """The column that one part of a PARTITION clause names."""
    return (part.this if isinstance(part, exp.EQ) else part).name.lower()


def merge_branches(node: exp.Merge) -> list[exp.Expr]:
    """The branches of a MERGE."""
    merge_branches = node.args.get("whens")
    return list(merge_branches.expressions) if merge_branches is not None else []


def deletes_whole_days(node: exp.Delete, keys: Collection[str]) -> bool:
    """Whether a DELETE empties whole days: it has no condition, or one that compares a partition column with values."""
    where = node.args.get("where")
    if where is None:
        return True
    columns = list(where.this.find_all(exp.Column))
    compares = isinstance(where.this, exp.EQ | exp.GT | exp.GTE | exp.LT | exp.LTE | exp.Between | exp.In)
    return compares and len(columns) == 1 and columns[0].parent is where.this and columns[0].name.lower() in keys
