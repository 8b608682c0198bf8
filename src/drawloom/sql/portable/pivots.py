"""PIVOT and UNPIVOT in FROM: aggregates with a FILTER for each value, and one row for each column."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from drawloom.sql.portable.kinds import TEXT, common
from drawloom.sql.portable.nodes import call as plain_call
from drawloom.sql.portable.nodes import kind_of, made
from drawloom.sql.portable.query import say_query
from drawloom.sql.portable.scope import Field, Fields, Scope
from drawloom.sql.portable.sources import say_source
from drawloom.sql.portable.speaker import Speaker

_WAY = "Read the table in a subquery that names its columns: the other ones are what PIVOT groups by."


def say_pivot(speaker: Speaker, node: exp.Expr, scope: Scope) -> tuple[exp.Expr, str, Fields]:
    """A table or subquery with a PIVOT or UNPIVOT behind it, as a subquery."""
    pivots = node.args["pivots"]
    pivot = pivots[0]
    if len(pivots) != 1 or len(pivot.args.get("fields") or []) != 1:
        raise speaker.refused(pivot, "Write one PIVOT or UNPIVOT over one column.")
    source = node.copy()
    source.set("pivots", None)
    inner = replace(scope, sources={}, local={}, using={}, aliases={}, unnested=None)
    said = say_source(speaker, source.copy(), inner, first=True)
    (fields,) = inner.sources.values()
    alias = pivot.args.get("alias")
    if pivot.args.get("unpivot"):
        query, given_fields = _unpivot(speaker, pivot, said, fields, inner)
    else:
        query, given_fields = say_query(
            speaker, _pivoted(speaker, pivot, source, fields), Scope(scope.ctes, {}, scope.outer)
        )
    given = exp.TableAlias(this=alias.this.copy()) if alias is not None and alias.this else None
    return exp.Subquery(this=query, alias=given), given.name if given is not None else "", given_fields


def _pivoted(speaker: Speaker, pivot: exp.Expr, source: exp.Expr, fields: Fields) -> exp.Select:
    """The SELECT, still in DuckDB's words."""
    choice = pivot.args["fields"][0]
    if not isinstance(choice, exp.In) or not choice.expressions or not isinstance(choice.this, exp.Column):
        raise speaker.refused(pivot, "Name the values, as FOR k IN ('a', 'b').")
    keys = _keys(speaker, pivot, choice.this, fields)
    names = iter(pivot.args.get("columns") or [])
    columns: list[exp.Expr] = [key.copy() for key in keys]
    for value in choice.expressions:
        value = value.this if isinstance(value, exp.PivotAlias) else value  # noqa: PLW2901 - out of its name
        for each in pivot.expressions:
            aggregate = each.this if isinstance(each, exp.Alias) else each
            condition = exp.NullSafeEQ(this=choice.this.copy(), expression=value.copy())
            chosen = exp.Filter(this=aggregate.copy(), expression=exp.Where(this=condition))
            columns.append(exp.Alias(this=chosen, alias=next(names).copy()))
    query = exp.Select(expressions=columns).from_(source)
    if keys:
        query.set("group", exp.Group(expressions=[key.copy() for key in keys]))
    return query


def _keys(speaker: Speaker, pivot: exp.Expr, choice: exp.Expr, fields: Fields) -> list[exp.Expr]:
    group = pivot.args.get("group")
    if group is not None:
        return list(group.expressions)
    if fields is None:
        raise speaker.refused(pivot, _WAY)
    used = {choice.name.lower()} | {
        column.name.lower() for each in pivot.expressions for column in each.find_all(exp.Column)
    }
    return [
        exp.column(exp.to_identifier(part.name, quoted=part.quoted)) for part in fields if part.name.lower() not in used
    ]


def _unpivot(
    speaker: Speaker, pivot: exp.Expr, said: exp.Expr, fields: Fields, scope: Scope
) -> tuple[exp.Expr, Fields]:
    """One row for each of the columns that is not NULL."""
    choice = pivot.args["fields"][0]
    columns = [each.this if isinstance(each, exp.PivotAlias) else each for each in choice.expressions]
    titles = [each.alias if isinstance(each, exp.PivotAlias) else each.name for each in choice.expressions]
    if fields is None or len(pivot.expressions) != 1 or not all(isinstance(each, exp.Column) for each in columns):
        raise speaker.refused(pivot, "Write UNPIVOT (value FOR name IN (a, b)) over a subquery that names its columns.")
    value, name = pivot.expressions[0], choice.this
    parts = [speaker.say(each, scope) for each in columns]
    taken = {each.name.lower() for each in columns}
    rest = [part for part in fields if part.name.lower() not in taken]
    named: list[exp.Expr] = [exp.column(exp.to_identifier(part.name, quoted=part.quoted)) for part in rest]
    named += [exp.column(exp.to_identifier(each.name, quoted=bool(each.args.get("quoted")))) for each in (name, value)]
    query = exp.Select(expressions=named).from_(said)
    alias = exp.TableAlias(
        this=exp.to_identifier("unpivoted"), columns=[exp.to_identifier(name.name), exp.to_identifier(value.name)]
    )
    query.set("joins", [exp.Join(this=_rows(speaker, titles, parts, alias), kind="CROSS")])
    if not pivot.args.get("include_nulls"):
        query = query.where(exp.Not(this=exp.Is(this=exp.column(value.name), expression=exp.null())))
    kind = common(kind_of(part) for part in parts)
    return query, (*rest, Field(name.name, TEXT), Field(value.name, kind))


def _rows(speaker: Speaker, titles: list[str], parts: list[exp.Expr], alias: exp.Expr) -> exp.Expr:
    texts: list[exp.Expr] = [exp.Literal.string(title) for title in titles]
    if speaker.spark:
        pairs = [
            made("spark", "struct(_1 AS name, _2 AS value)", None, text, part)
            for text, part in zip(texts, parts, strict=True)
        ]
        return exp.Lateral(this=plain_call("inline", plain_call("array", *pairs)), alias=alias)
    lists = exp.Array(expressions=texts), exp.Array(expressions=[part.copy() for part in parts])
    return exp.Table(this=plain_call("unnest", *lists), alias=alias)
