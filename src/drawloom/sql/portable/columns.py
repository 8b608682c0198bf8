"""Columns: of a source, fields of structs in them, and names of the SELECT list that stand for what they name."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.kinds import Kind
from drawloom.sql.portable.nested import field
from drawloom.sql.portable.nodes import kind_of, typed
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule


@node_rule(exp.Column)
def column(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A column, with its table or without."""
    if isinstance(node.this, exp.Star):
        raise speaker.refused(node, "Name the columns.")
    parts = _parts(node)
    if len(parts) == 1:
        return _bare(node, scope)
    at = 1 if scope.is_source(parts[0].name) else 0
    if at == 0 and scope.is_source(parts[1].name):
        at = 2 if len(parts) > 2 else 0
    if at == 0 and len(parts) == 2 and scope.knows(parts[0].name) is None and parts[0].name.lower() not in scope.local:
        return typed(exp.Column(this=parts[1].copy(), table=parts[0].copy()), None)
    if at == 1:
        found = _qualified(speaker, node, scope)
    elif at == 2:
        found = typed(
            exp.Column(this=parts[2].copy(), table=parts[1].copy(), db=parts[0].copy()),
            scope.kind(parts[2].name, parts[1].name),
        )
    else:
        found = typed(exp.Column(this=parts[0].copy()), scope.kind(parts[0].name))
    for part in parts[at + 1 :]:
        found = field(speaker, node, found, part.name, bool(part.args.get("quoted")))
    return found


def _parts(node: exp.Expr) -> list[exp.Identifier]:
    return [node.args[key] for key in ("catalog", "db", "table", "this") if node.args.get(key) is not None]


def _bare(node: exp.Expr, scope: Scope) -> exp.Expr:
    name = node.name.lower()
    if name in scope.aliases and name not in scope.local:
        said = scope.aliases[name].copy()
        return (
            typed(exp.Paren(this=said), kind_of(said)) if isinstance(said, exp.Binary | exp.Unary | exp.Case) else said
        )
    return typed(exp.Column(this=node.this.copy()), scope.kind(name))


def _qualified(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Trino has no table before a column of USING."""
    table, name = _parts(node)[:2]
    kind: Kind | None = scope.kind(name.name, table.name)
    owner = scope.using.get(name.name.lower())
    if owner is None or speaker.spark:
        return typed(exp.Column(this=name.copy(), table=table.copy()), kind)
    if owner in {table.name.lower(), "*"}:
        return typed(exp.Column(this=name.copy()), kind)
    raise speaker.refused(node, f"Write {name.name} without a table, or JOIN ... ON instead of USING.")
