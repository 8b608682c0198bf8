"""What stands in FROM: tables, subqueries, VALUES, series and unnested lists."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from drawloom.sql.portable.builtins import BUILTINS
from drawloom.sql.portable.kinds import known
from drawloom.sql.portable.nodes import kind_of, made
from drawloom.sql.portable.query import renamed, say_query, say_values
from drawloom.sql.portable.registry import result
from drawloom.sql.portable.scope import Field, Fields, Scope
from drawloom.sql.portable.speaker import Speaker

_TABLE = {"this", "alias", "db", "catalog", "sample", "pivots", "joins"}
_SERIES = ("generate_series", "range", "day_series", "unnest")


def say_source(speaker: Speaker, node: exp.Expr, scope: Scope, first: bool) -> exp.Expr:
    """A source in the engine's words; its name and columns are added to the scope."""
    if node.args.get("joins"):
        raise speaker.refused(node, "Write the joins without brackets around them.")
    if node.args.get("pivots"):
        from drawloom.sql.portable.pivots import say_pivot

        said, name, fields = say_pivot(speaker, node, scope)
    elif isinstance(node, exp.Values):
        said, fields = say_values(speaker, node, _alone(scope), node.args.get("alias"))
        name = said.alias
    elif isinstance(node, exp.Unnest):
        said, name, fields = _unnest(speaker, node, node.expressions, "unnest", scope, first)
    elif isinstance(node, exp.Table):
        said, name, fields = _table(speaker, node, scope, first)
    elif isinstance(node, exp.Lateral):
        said, name, fields = _lateral(speaker, node, scope)
    elif isinstance(node, exp.Subquery):
        said, name, fields = _subquery(speaker, node, _alone(scope))
    else:
        raise speaker.refused(node, "Read a table or a subquery.")
    if name.lower() in scope.sources:
        name = f"{name} {len(scope.sources)}"
    scope.sources[name.lower() or f" {len(scope.sources)}"] = fields
    return said


def _alone(scope: Scope) -> Scope:
    """A subquery in FROM does not see its neighbours."""
    return replace(scope, sources={}, local={}, using={}, aliases={}, unnested=None)


def _table(speaker: Speaker, node: exp.Table, scope: Scope, first: bool) -> tuple[exp.Expr, str, Fields]:
    strange = [key for key, value in node.args.items() if value and key not in _TABLE]
    if strange:
        raise speaker.refused(node, "Read the table without options.")
    if isinstance(node.this, exp.Anonymous):
        return _function(speaker, node, scope, first)
    if (
        not isinstance(node.this, exp.Identifier)
        or "/" in node.name
        or node.name.lower().endswith((".parquet", ".csv", ".json"))
    ):
        raise speaker.refused(node, "Declare the files as a source, and read its table.")
    dotted = ".".join(part.name for part in node.parts).lower()
    fields = scope.ctes.get(dotted, speaker.tables.get(dotted))
    alias = node.args.get("alias")
    said = exp.Table(this=node.this.copy(), db=node.args.get("db"), catalog=node.args.get("catalog"))
    said.set("alias", alias.copy() if alias is not None else None)
    if node.args.get("sample") is not None:
        said.set("sample", sampled(speaker, node.args["sample"]))
    return said, node.alias_or_name, renamed(fields, alias.columns if alias is not None else [])


def sampled(speaker: Speaker, node: exp.Expr) -> exp.Expr:
    """A share of the rows, each by itself."""
    percent = node.args.get("percent")
    if percent is None or node.args.get("seed") is not None:
        raise speaker.refused(node, "Write TABLESAMPLE and a number of per cent.")
    if speaker.spark:
        return exp.TableSample(percent=percent.copy())
    return exp.TableSample(method=exp.Var(this="BERNOULLI"), percent=percent.copy())


def _function(speaker: Speaker, node: exp.Table, scope: Scope, first: bool) -> tuple[exp.Expr, str, Fields]:
    name = node.this.name.lower()
    if name in _SERIES:
        return _unnest(speaker, node, [node.this], name, scope, first)
    if name in BUILTINS:
        raise speaker.refused(
            node, "Declare files as a source, and read its table; or use day_series, range and unnest."
        )
    raise speaker.refused(node, "Table functions of your own are called in a step for that engine.")


def _unnest(
    speaker: Speaker, node: exp.Expr, lists: list[exp.Expr], default: str, scope: Scope, first: bool
) -> tuple[exp.Expr, str, Fields]:
    """One row for each element; nothing for an empty list and for NULL."""
    if len(lists) != 1 or node.args.get("offset"):
        raise speaker.refused(node, "Unnest one list, without WITH ORDINALITY.")
    said = speaker.say(lists[0], scope)
    kind = kind_of(said)
    if kind and kind.name not in {"list", "null"}:
        raise speaker.refused(node, "Unnest a list.")
    alias = node.args.get("alias")
    table = alias.this if alias is not None and alias.this else exp.to_identifier(default)
    column = (
        alias.columns[0]
        if alias is not None and alias.columns
        else exp.to_identifier({"day_series": "ds"}.get(default, default))
    )
    fields = (Field(column.name, result("element", (kind,)), bool(column.args.get("quoted"))),)
    made_alias = exp.TableAlias(this=table.copy(), columns=[column.copy()])
    return exploded(speaker, said, made_alias, first), table.name, fields


def exploded(speaker: Speaker, said: exp.Expr, alias: exp.Expr, first: bool) -> exp.Expr:
    """A list as a source."""
    call = exp.Anonymous(this="explode" if speaker.spark else "unnest", expressions=[said])
    if speaker.spark and not first:
        return exp.Lateral(this=call, alias=alias)
    return exp.Table(this=call, alias=alias)


def _lateral(speaker: Speaker, node: exp.Lateral, scope: Scope) -> tuple[exp.Expr, str, Fields]:
    if not isinstance(node.this, exp.Subquery):
        raise speaker.refused(node, "Write LATERAL (SELECT ...).")
    said, fields = say_query(speaker, node.this.this, Scope(scope.ctes, {}, scope))
    alias = node.args.get("alias") or node.this.args.get("alias")
    made_alias = alias.copy() if alias is not None else None
    fields = renamed(fields, alias.columns if alias is not None else [])
    return exp.Lateral(this=exp.Subquery(this=said), alias=made_alias), alias.name if alias is not None else "", fields


def _subquery(speaker: Speaker, node: exp.Subquery, scope: Scope) -> tuple[exp.Expr, str, Fields]:
    if not isinstance(node.this, exp.Query | exp.Values):
        raise speaker.refused(node, "Write the joins without brackets around them.")
    bare = node.copy()
    bare.set("alias", None)
    said, fields = say_query(
        speaker, bare.this if not bare.args.get("order") and not bare.args.get("limit") else bare, scope
    )
    alias = node.args.get("alias")
    made_subquery = exp.Subquery(this=said, alias=alias.copy() if alias is not None else None)
    if node.args.get("sample") is not None:
        made_subquery.set("sample", sampled(speaker, node.args["sample"]))
    return made_subquery, node.alias, renamed(fields, alias.columns if alias is not None else [])


def unnest_in_select(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """unnest(list) in the SELECT list: a column of a source that is joined to the others."""
    if scope.unnested is None or node.expressions:
        raise speaker.refused(node, "Write FROM t, unnest(list) AS u(x), and aggregate in a query around it.")
    said = speaker.say(node.this, scope)
    kind = kind_of(said)
    if kind and kind.name != "list":
        raise speaker.refused(node, "Unnest a list; take the fields of a struct one by one.")
    name = f"unnested_{len(scope.unnested) + 1}"
    scope.unnested.append((name, said))
    return made(speaker.family, f"{name}.element", known(result("element", (kind,))))


__all__ = ["exploded", "say_source", "sampled", "unnest_in_select"]
