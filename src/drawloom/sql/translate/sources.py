"""FROM: tables, subqueries, VALUES, series, unnested lists, PIVOT and UNPIVOT."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from drawloom.sql.duckdb_functions import DUCKDB_FUNCTIONS
from drawloom.sql.translate.expressions import function_call, type_of
from drawloom.sql.translate.query import translate_query, translate_values, with_column_aliases
from drawloom.sql.translate.scope import Field, Fields, Scope
from drawloom.sql.translate.translator import Translator, node_rule
from drawloom.sql.translate.types import TEXT, common_type, element_type

_TABLE_ARGS = {"this", "alias", "db", "catalog", "sample", "pivots", "joins"}
_SERIES = ("generate_series", "range", "day_series", "unnest")
_PIVOT_FIX = "Read the table in a subquery that names its columns: the other ones are what PIVOT groups by."
# A translated source with its name and columns.
Source = tuple[exp.Expr, str, Fields]


def translate_source(translator: Translator, node: exp.Expr, scope: Scope, first: bool) -> exp.Expr:
    """A source of FROM; its name and columns are added to the scope."""
    if node.args.get("joins"):
        raise translator.unsupported(node, "Write the joins without brackets around them.")
    if node.args.get("pivots"):
        translated, name, fields = translate_pivot(translator, node, scope)
    elif isinstance(node, exp.Values):
        translated, fields = translate_values(translator, node, _subquery_scope(scope), node.args.get("alias"))
        name = translated.alias
    elif isinstance(node, exp.Unnest):
        translated, name, fields = _unnest(translator, node, node.expressions, "unnest", scope, first)
    elif isinstance(node, exp.Table):
        translated, name, fields = _table(translator, node, scope, first)
    elif isinstance(node, exp.Lateral):
        translated, name, fields = _lateral(translator, node, scope)
    elif isinstance(node, exp.Subquery):
        translated, name, fields = _subquery(translator, node, _subquery_scope(scope))
    else:
        raise translator.unsupported(node, "Read a table or a subquery.")
    if name.lower() in scope.sources:
        name = f"{name} {len(scope.sources)}"
    scope.sources[name.lower() or f" {len(scope.sources)}"] = fields
    return translated


def _subquery_scope(scope: Scope) -> Scope:
    """The scope of a subquery in FROM, which does not see its neighbours."""
    return replace(scope, sources={}, local={}, using={}, aliases={}, unnested=None)


def _table(translator: Translator, node: exp.Table, scope: Scope, first: bool) -> Source:
    options = [key for key, value in node.args.items() if value and key not in _TABLE_ARGS]
    if options:
        raise translator.unsupported(node, "Read the table without options.")
    if isinstance(node.this, exp.Anonymous):
        return _table_function(translator, node, scope, first)
    if (
        not isinstance(node.this, exp.Identifier)
        or "/" in node.name
        or node.name.lower().endswith((".parquet", ".csv", ".json"))
    ):
        raise translator.unsupported(node, "Declare the files as a source, and read its table.")
    dotted = ".".join(part.name for part in node.parts).lower()
    fields = scope.ctes.get(dotted, translator.tables.get(dotted))
    alias = node.args.get("alias")
    translated = exp.Table(this=node.this.copy(), db=node.args.get("db"), catalog=node.args.get("catalog"))
    translated.set("alias", alias.copy() if alias is not None else None)
    if node.args.get("sample") is not None:
        translated.set("sample", table_sample(translator, node.args["sample"]))
    return translated, node.alias_or_name, with_column_aliases(fields, alias.columns if alias is not None else [])


def table_sample(translator: Translator, node: exp.Expr) -> exp.Expr:
    """TABLESAMPLE of single rows."""
    percent = node.args.get("percent")
    if percent is None or node.args.get("seed") is not None:
        raise translator.unsupported(node, "Write TABLESAMPLE and a number of per cent.")
    if translator.is_spark:
        return exp.TableSample(percent=percent.copy())
    return exp.TableSample(method=exp.Var(this="BERNOULLI"), percent=percent.copy())


def _table_function(translator: Translator, node: exp.Table, scope: Scope, first: bool) -> Source:
    name = node.this.name.lower()
    if name in _SERIES:
        return _unnest(translator, node, [node.this], name, scope, first)
    if name in DUCKDB_FUNCTIONS:
        raise translator.unsupported(
            node, "Declare files as a source, and read its table; or use day_series, range and unnest."
        )
    raise translator.unsupported(node, "Table functions of your own are called in a step for that engine.")


def _unnest(
    translator: Translator, node: exp.Expr, lists: list[exp.Expr], default: str, scope: Scope, first: bool
) -> Source:
    """One row for each element; nothing for an empty list and for NULL."""
    if len(lists) != 1 or node.args.get("offset"):
        raise translator.unsupported(node, "Unnest one list, without WITH ORDINALITY.")
    translated = translator.translate(lists[0], scope)
    dtype = type_of(translated)
    if dtype and dtype.name not in {"list", "null"}:
        raise translator.unsupported(node, "Unnest a list.")
    alias = node.args.get("alias")
    table = alias.this if alias is not None and alias.this else exp.to_identifier(default)
    column = (
        alias.columns[0]
        if alias is not None and alias.columns
        else exp.to_identifier({"day_series": "ds"}.get(default, default))
    )
    fields = (Field(column.name, element_type(dtype), bool(column.args.get("quoted"))),)
    source_alias = exp.TableAlias(this=table.copy(), columns=[column.copy()])
    return unnested_source(translator, translated, source_alias, first), table.name, fields


def unnested_source(translator: Translator, translated: exp.Expr, alias: exp.Expr, first: bool) -> exp.Expr:
    """The elements of a list as a source."""
    call = exp.Anonymous(this="explode" if translator.is_spark else "unnest", expressions=[translated])
    if translator.is_spark and not first:
        return exp.Lateral(this=call, alias=alias)
    return exp.Table(this=call, alias=alias)


def _lateral(translator: Translator, node: exp.Lateral, scope: Scope) -> Source:
    if not isinstance(node.this, exp.Subquery):
        raise translator.unsupported(node, "Write LATERAL (SELECT ...).")
    translated, fields = translate_query(translator, node.this.this, Scope(scope.ctes, {}, scope))
    alias = node.args.get("alias") or node.this.args.get("alias")
    source = exp.Lateral(this=exp.Subquery(this=translated))
    if alias is None:
        return source, "", fields
    source.set("alias", alias.copy())
    return source, alias.name, with_column_aliases(fields, alias.columns)


def _subquery(translator: Translator, node: exp.Subquery, scope: Scope) -> Source:
    if not isinstance(node.this, exp.Query | exp.Values):
        raise translator.unsupported(node, "Write the joins without brackets around them.")
    bare = node.copy()
    bare.set("alias", None)
    translated, fields = translate_query(
        translator, bare.this if not bare.args.get("order") and not bare.args.get("limit") else bare, scope
    )
    alias = node.args.get("alias")
    source = exp.Subquery(this=translated, alias=alias.copy() if alias is not None else None)
    if node.args.get("sample") is not None:
        source.set("sample", table_sample(translator, node.args["sample"]))
    return source, node.alias, with_column_aliases(fields, alias.columns if alias is not None else [])


@node_rule(exp.Explode)
def unnest_in_select(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """unnest(list) in the SELECT list: a column of a source that is joined to the others."""
    if scope.unnested is None or node.expressions:
        raise translator.unsupported(node, "Write FROM t, unnest(list) AS u(x), and aggregate in a query around it.")
    translated = translator.translate(node.this, scope)
    dtype = type_of(translated)
    if dtype and dtype.name != "list":
        raise translator.unsupported(node, "Unnest a list; take the fields of a struct one by one.")
    name = f"unnested_{len(scope.unnested) + 1}"
    scope.unnested.append((name, translated))
    return translator.build(f"{name}.element", element_type(dtype))


def translate_pivot(translator: Translator, node: exp.Expr, scope: Scope) -> Source:
    """A table or subquery with a PIVOT or UNPIVOT behind it, as a subquery."""
    pivots = node.args["pivots"]
    pivot = pivots[0]
    if len(pivots) != 1 or len(pivot.args.get("fields") or []) != 1:
        raise translator.unsupported(pivot, "Write one PIVOT or UNPIVOT over one column.")
    source = node.copy()
    source.set("pivots", None)
    inner = _subquery_scope(scope)
    translated = translate_source(translator, source.copy(), inner, first=True)
    (fields,) = inner.sources.values()
    alias = pivot.args.get("alias")
    if pivot.args.get("unpivot"):
        query, output = _unpivot(translator, pivot, translated, fields, inner)
    else:
        query, output = translate_query(
            translator, _pivot_query(translator, pivot, source, fields), Scope(scope.ctes, {}, scope.outer)
        )
    if alias is None or not alias.this:
        return exp.Subquery(this=query), "", output
    return exp.Subquery(this=query, alias=exp.TableAlias(this=alias.this.copy())), alias.name, output


def _pivot_query(translator: Translator, pivot: exp.Expr, source: exp.Expr, fields: Fields) -> exp.Select:
    """PIVOT as a SELECT of DuckDB, with a filtered aggregate for each value."""
    values = pivot.args["fields"][0]
    if not isinstance(values, exp.In) or not values.expressions or not isinstance(values.this, exp.Column):
        raise translator.unsupported(pivot, "Name the values, as FOR k IN ('a', 'b').")
    keys = _pivot_keys(translator, pivot, values.this, fields)
    names = iter(pivot.args.get("columns") or [])
    columns: list[exp.Expr] = [key.copy() for key in keys]
    for value in values.expressions:
        value = value.this if isinstance(value, exp.PivotAlias) else value  # noqa: PLW2901 - out of its name
        for each in pivot.expressions:
            aggregate = each.this if isinstance(each, exp.Alias) else each
            condition = exp.NullSafeEQ(this=values.this.copy(), expression=value.copy())
            filtered = exp.Filter(this=aggregate.copy(), expression=exp.Where(this=condition))
            columns.append(exp.Alias(this=filtered, alias=next(names).copy()))
    query = exp.Select(expressions=columns).from_(source)
    if keys:
        query.set("group", exp.Group(expressions=[key.copy() for key in keys]))
    return query


def _pivot_keys(translator: Translator, pivot: exp.Expr, values: exp.Expr, fields: Fields) -> list[exp.Expr]:
    group = pivot.args.get("group")
    if group is not None:
        return list(group.expressions)
    if fields is None:
        raise translator.unsupported(pivot, _PIVOT_FIX)
    used = {values.name.lower()} | {
        column.name.lower() for each in pivot.expressions for column in each.find_all(exp.Column)
    }
    return [
        exp.column(exp.to_identifier(part.name, quoted=part.quoted)) for part in fields if part.name.lower() not in used
    ]


def _unpivot(
    translator: Translator, pivot: exp.Expr, translated: exp.Expr, fields: Fields, scope: Scope
) -> tuple[exp.Expr, Fields]:
    """One row for each of the columns that is not NULL."""
    values = pivot.args["fields"][0]
    columns = [each.this if isinstance(each, exp.PivotAlias) else each for each in values.expressions]
    titles = [each.alias if isinstance(each, exp.PivotAlias) else each.name for each in values.expressions]
    if fields is None or len(pivot.expressions) != 1 or not all(isinstance(each, exp.Column) for each in columns):
        raise translator.unsupported(
            pivot, "Write UNPIVOT (value FOR name IN (a, b)) over a subquery that names its columns."
        )
    value, name = pivot.expressions[0], values.this
    parts = [translator.translate(each, scope) for each in columns]
    unpivoted = {each.name.lower() for each in columns}
    rest = [part for part in fields if part.name.lower() not in unpivoted]
    named: list[exp.Expr] = [exp.column(exp.to_identifier(part.name, quoted=part.quoted)) for part in rest]
    named += [exp.column(exp.to_identifier(each.name, quoted=bool(each.args.get("quoted")))) for each in (name, value)]
    query = exp.Select(expressions=named).from_(translated)
    alias = exp.TableAlias(
        this=exp.to_identifier("unpivoted"), columns=[exp.to_identifier(name.name), exp.to_identifier(value.name)]
    )
    query.set("joins", [exp.Join(this=_unpivot_rows(translator, titles, parts, alias), kind="CROSS")])
    if not pivot.args.get("include_nulls"):
        query = query.where(exp.Not(this=exp.Is(this=exp.column(value.name), expression=exp.null())))
    dtype = common_type(type_of(part) for part in parts)
    return query, (*rest, Field(name.name, TEXT), Field(value.name, dtype))


def _unpivot_rows(translator: Translator, titles: list[str], parts: list[exp.Expr], alias: exp.Expr) -> exp.Expr:
    texts: list[exp.Expr] = [exp.Literal.string(title) for title in titles]
    if translator.is_spark:
        pairs = [
            translator.build("struct(_1 AS name, _2 AS value)", None, text, part)
            for text, part in zip(texts, parts, strict=True)
        ]
        return exp.Lateral(this=function_call("inline", function_call("array", *pairs)), alias=alias)
    lists = exp.Array(expressions=texts), exp.Array(expressions=[part.copy() for part in parts])
    return exp.Table(this=function_call("unnest", *lists), alias=alias)
