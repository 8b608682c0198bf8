"""Whose column a name is, which columns a query gives, and what is known of a table."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from drawloom.sql.advice._walk import Source, query_of, sources
from drawloom.sql.catalog import Entry
from drawloom.sql.script import Script

Outputs = dict[str, exp.Expr | None]
_DEPTH = 12


def table_name(table: exp.Expr) -> str:
    """The dotted name of a table without quotes, as written."""
    return ".".join(part.name for part in table.parts) if isinstance(table, exp.Table) else table.name


def entry(script: Script, table: exp.Expr) -> Entry:
    """What the catalog says of a table; an empty entry where it says nothing."""
    return script.catalog.get(table_name(table).lower()) or Entry()


def key_names(script: Script, table: exp.Expr) -> frozenset[str]:
    """The partition columns of a table, lower case: the catalog's, else those that the script was read with."""
    known = entry(script, table).keys
    return frozenset(key.lower() for key in (script.keys if known is None else known))


def outputs(query: exp.Expr | None, depth: int = 0) -> Outputs | None:
    """Column name (lower case) -> its expression, None where a star or the depth hides them."""
    if query is None or depth > _DEPTH:
        return None
    while isinstance(query, exp.SetOperation):
        query = query.left.unnest()
    if not isinstance(query, exp.Select):
        return None
    found: Outputs = {}
    for item in query.expressions:
        if item.is_star:
            inner = _star(query, item, depth)
            if inner is None:
                return None
            found |= inner
        else:
            found[item.alias_or_name.lower()] = item.unalias()
    return found


def _star(query: exp.Select, item: exp.Expr, depth: int) -> Outputs | None:
    star = item.this if isinstance(item, exp.Column) else item
    if any(star.args.get(key) for key in ("except_", "replace", "rename")):
        return None
    wanted = item.table.lower() if isinstance(item, exp.Column) else None
    found: Outputs = {}
    for source in sources(query):
        if wanted is None or source.name == wanted:
            inner = columns(source, depth + 1)
            if inner is None:
                return None
            found |= inner
    return found or None


def columns(source: Source, depth: int = 0) -> Outputs | None:
    """The columns that a source has, None where that is not known."""
    alias = source.node.args.get("alias")
    named: Sequence[exp.Expr] = (alias.args.get("columns") or ()) if isinstance(alias, exp.TableAlias) else ()
    if named:
        return dict.fromkeys((name.name.lower() for name in named), None)
    if source.node.args.get("pivots"):
        return None
    return outputs(query_of(source.node), depth)


def owner(script: Script, column: exp.Column, among: Sequence[Source]) -> Source | None:
    """The source that a column belongs to, None where that cannot be known for certain."""
    if column.table:
        return next((source for source in among if _is_qualified_by(column, source)), None)
    if len(among) == 1:
        return among[0]
    name = column.name.lower()
    unknown = []
    for source in among:
        known = columns_known(script, source)
        if known is None:
            unknown.append(source)
        elif name in known:
            return source
    return unknown[0] if len(unknown) == 1 else None


def _is_qualified_by(column: exp.Column, source: Source) -> bool:
    """Whether a column says that it is of a source: alias.column, alias.struct.field, or schema.table.column."""
    names = [part.name.lower() for part in column.parts[:-1]]
    return names[0] == source.name or ".".join(names) == table_name(source.node).lower()


def columns_known(script: Script, source: Source) -> frozenset[str] | None:
    """The names of a source's columns, from its query or from the catalog."""
    found = columns(source)
    if found is not None:
        return frozenset(found)
    if isinstance(source.node, exp.Table) and query_of(source.node) is None:
        known = entry(script, source.node)
        return frozenset(map(str.lower, known.columns)) | frozenset(known.keys or ()) if known.columns else None
    return None


def column_type(script: Script, column: exp.Column, among: Sequence[Source]) -> str | None:
    """The catalog's type of a column, upper case, None where not known."""
    source = owner(script, column, among)
    if source is None or not isinstance(source.node, exp.Table) or query_of(source.node) is not None:
        return None
    types = {name.lower(): kind for name, kind in entry(script, source.node).columns.items()}
    found = types.get(column.name.lower())
    return found.upper() if found else None


def plain(node: exp.Expr) -> exp.Column | None:
    """The column, where a node is nothing else, or one in casts and parentheses."""
    while isinstance(node, exp.Paren | exp.Cast | exp.TryCast):
        node = node.this
    return node if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star) else None


def width(query: exp.Expr | None) -> int | None:
    """How many columns a query gives, None where a star hides it."""
    query = query.unnest() if isinstance(query, exp.Expr) else None  # INSERT DEFAULT VALUES has False there
    while isinstance(query, exp.SetOperation):
        query = query.this.unnest()
    if not isinstance(query, exp.Select) or not query.expressions or query.args.get("kind"):
        return None
    hidden = any(item.is_star or isinstance(item.unalias(), exp.Columns | exp.Anonymous) for item in query.expressions)
    return None if hidden else len(query.expressions)
