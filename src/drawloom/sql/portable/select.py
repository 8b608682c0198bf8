"""SELECT: its clauses one after the other, in the order in which their names come to mean something."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlglot import exp

from drawloom.sql.portable.hidden import Hidden, wrapped
from drawloom.sql.portable.joins import say_joins
from drawloom.sql.portable.nodes import AGGREGATES, and_, kind_of, taken, whole
from drawloom.sql.portable.query import limits, order_by
from drawloom.sql.portable.scope import Field, Fields, Scope
from drawloom.sql.portable.sources import exploded, sampled, say_source, unnest_in_select
from drawloom.sql.portable.speaker import Speaker, node_rule
from drawloom.sql.portable.stars import Item, spread
from drawloom.sql.portable.windows import over

_CLAUSES = {
    "with_", "kind", "expressions", "distinct", "from_", "joins", "where", "group", "having", "qualify", "windows",
    "order", "limit", "offset", "sample", "operation_modifiers",
}  # fmt: skip
_WINDOWS = frozenset(
    [
        "row_number",
        "rank",
        "dense_rank",
        "percent_rank",
        "cume_dist",
        "ntile",
        "first_value",
        "last_value",
        "nth_value",
        "lag",
        "lead",
    ]
)
_GROUPING_WAY = "Group by columns; make them in a subquery."

node_rule(exp.Explode)(unnest_in_select)


@dataclass(slots=True)
class Chosen:
    """The SELECT list, said: its items, and the names that other clauses may use for them."""

    said: list[exp.Expr] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    names: dict[str, exp.Expr] = field(default_factory=dict)


def say_select(speaker: Speaker, node: exp.Select, scope: Scope) -> tuple[exp.Expr, Fields]:
    """A SELECT and its columns."""
    for key, value in node.args.items():
        if value and key not in _CLAUSES:
            raise speaker.refused(value if isinstance(value, exp.Expr) else node, "Write a plain SELECT.")
    said = exp.Select()
    conditions = _sources(speaker, node, scope, said)
    grouped = node.args.get("group") is not None or any(_has_aggregate(each) for each in node.expressions)
    chosen = _choose(speaker, node, scope, grouped)
    said.set("expressions", chosen.said)
    _where(speaker, node, scope, chosen, conditions, said)
    if node.args.get("group") is not None:
        _group(speaker, node, scope, chosen, said)
    if node.args.get("having") is not None:
        names = _names(chosen, scope, grouped, node)
        said.set("having", exp.Having(this=speaker.say(node.args["having"].this, replace(scope, aliases=names))))
    if node.args.get("windows"):
        said.set("windows", [_window(speaker, each, scope) for each in node.args["windows"]])
    _unnested(speaker, scope, said)
    fields = fields_of(chosen)
    return _tail(speaker, node, scope, chosen, said, fields, grouped), fields


def _tail(
    speaker: Speaker, node: exp.Select, scope: Scope, chosen: Chosen, said: exp.Select, fields: Fields, grouped: bool
) -> exp.Expr:
    """QUALIFY, DISTINCT, ORDER BY and LIMIT."""
    distinct = node.args.get("distinct")
    names = _names(chosen, scope, grouped, node)
    if node.args.get("qualify") is not None or (distinct is not None and distinct.args.get("on") is not None):
        return wrapped(speaker, node, Hidden(scope, chosen.items, names, said, fields))
    if distinct is not None:
        said.set("distinct", exp.Distinct())
    if node.args.get("order") is not None:
        inner = replace(scope, local={**scope.local, **{name: kind_of(each) for name, each in chosen.names.items()}})
        _check_order(speaker, node, scope, chosen, grouped)
        said.set("order", order_by(speaker, node.args["order"], inner, fields))
    limits(speaker, node, scope, said)
    return said


def _check_order(speaker: Speaker, node: exp.Select, scope: Scope, chosen: Chosen, grouped: bool) -> None:
    """In an expression DuckDB takes a name for the source's column, the others for that of the SELECT list."""
    for key in node.args["order"].expressions:
        if isinstance(key.this, exp.Column | exp.Var) or grouped:
            continue
        for column in key.this.find_all(exp.Column):
            found = chosen.names.get(column.name.lower()) if not column.table else None
            if found is None or (isinstance(found, exp.Column) and found.name.lower() == column.name.lower()):
                continue
            if scope.knows(column.name) is not False:
                raise speaker.refused(
                    key.this, f"Name the column otherwise than {column.name}, or order by the name alone."
                )


def _sources(speaker: Speaker, node: exp.Select, scope: Scope, said: exp.Select) -> list[exp.Expr]:
    conditions: list[exp.Expr] = []
    if node.args.get("from_") is not None:
        source = say_source(speaker, node.args["from_"].this, scope, first=True)
        if node.args.get("sample") is not None:
            if node.args.get("joins") or not isinstance(source, exp.Table | exp.Subquery):
                raise speaker.refused(node.args["sample"], "Sample one table in a subquery.")
            source.set("sample", sampled(speaker, node.args["sample"]))
        said.set("from_", exp.From(this=source))
        joins, conditions = say_joins(speaker, node, scope)
        said.set("joins", joins)
    return conditions


def _choose(speaker: Speaker, node: exp.Select, scope: Scope, grouped: bool) -> Chosen:
    chosen = Chosen()
    inner = replace(scope, unnested=[])
    for item in spread(speaker, node, scope):
        names = _names(chosen, scope, grouped, node) if not speaker.spark else {}
        said = speaker.say(item.node, replace(inner, aliases=names)) if item.star is None else item.star
        plain = said
        taken(plain)
        aggregates = _aggregates(said)
        if item.alias is not None:
            said = exp.Alias(this=said, alias=item.alias.copy())
            chosen.names.setdefault(item.alias.name.lower(), plain)
        chosen.said.append(said)
        chosen.items.append(replace(item, said=plain, aggregates=aggregates))
    scope.unnested = inner.unnested
    if scope.unnested and (grouped or any(each.find(exp.Window) for each in chosen.said)):
        raise speaker.refused(node.find(exp.Explode) or node, "Unnest in a query of its own.")
    return chosen


def _names(chosen: Chosen, scope: Scope, grouped: bool, node: exp.Select) -> dict[str, exp.Expr]:
    """The names of the SELECT list that cannot mean a column of a source: DuckDB takes that first."""
    keys = (
        {each.name.lower() for each in node.args["group"].find_all(exp.Column)}
        if node.args.get("group") is not None
        else set()
    )
    found = {}
    for name, said in chosen.names.items():
        known = scope.knows(name)
        computed = (grouped and name not in keys) or said.find(exp.Window) is not None
        itself = any(each.name.lower() == name for each in said.find_all(exp.Column))
        if known is False or (
            computed and (known is None or grouped) and not (itself and known is None and not grouped)
        ):
            found[name] = said
    return found


def _where(
    speaker: Speaker, node: exp.Select, scope: Scope, chosen: Chosen, conditions: list[exp.Expr], said: exp.Select
) -> None:
    if node.args.get("where") is not None:
        names = {name: each for name, each in chosen.names.items() if scope.knows(name) is False}
        conditions = [speaker.say(node.args["where"].this, replace(scope, aliases=names)), *conditions]
    both = and_(conditions) if len(conditions) > 1 else conditions[0] if conditions else None
    if both is not None:
        said.set("where", exp.Where(this=both))


def _group(speaker: Speaker, node: exp.Select, scope: Scope, chosen: Chosen, said: exp.Select) -> None:
    group = node.args["group"]
    if group.args.get("all"):
        keys = _all_keys(speaker, node, chosen)
        if keys:
            said.set("group", exp.Group(expressions=keys))
        return
    if any(group.args.get(key) for key in ("totals", "distinct")):
        raise speaker.refused(group, _GROUPING_WAY)
    if speaker.spark and any(isinstance(each, exp.Tuple) and not each.expressions for each in group.expressions):
        if len(group.expressions) > 1 or not any(item.aggregates for item in chosen.items):
            raise speaker.refused(group, _GROUPING_WAY)
        return
    said.set("group", exp.Group(expressions=[_key(speaker, each, scope, chosen) for each in group.expressions]))
    for key in ("grouping_sets", "cube", "rollup"):
        if group.args.get(key):
            said.args["group"].set(key, [_key(speaker, each, scope, chosen) for each in group.args[key]])


def _all_keys(speaker: Speaker, node: exp.Select, chosen: Chosen) -> list[exp.Expr]:
    if any(item.star is not None for item in chosen.items):
        raise speaker.refused(node, "Name the columns: which ones * has is not known here.")
    return [exp.Literal.number(at + 1) for at, item in enumerate(chosen.items) if not item.aggregates]


def _key(speaker: Speaker, node: exp.Expr, scope: Scope, chosen: Chosen) -> exp.Expr:
    """A column or a set of columns to group by; a name of the SELECT list for what it names."""
    if isinstance(node, exp.GroupingSets | exp.Cube | exp.Rollup):
        return type(node)(expressions=[_key(speaker, each, scope, chosen) for each in node.expressions])
    if isinstance(node, exp.Tuple):
        return exp.Tuple(expressions=[_key(speaker, each, scope, chosen) for each in node.expressions])
    if whole(node) is not None:
        return node.copy()
    if isinstance(node, exp.Column) and not node.table and (said := _named(node, scope, chosen)) is not None:
        return said.copy()
    return speaker.say(node, scope)


def _named(node: exp.Column, scope: Scope, chosen: Chosen) -> exp.Expr | None:
    """What a name of the SELECT list stands for, unless a source may have a column of that name."""
    said = chosen.names.get(node.name.lower())
    if said is None or (isinstance(said, exp.Column) and said.name.lower() == node.name.lower()):
        return None
    known = scope.knows(node.name)
    columns = {each.name.lower() for each in said.find_all(exp.Column)}
    if known is False or (known is None and columns and node.name.lower() not in columns):
        return said
    return None


def _aggregates(said: exp.Expr) -> bool:
    """Whether an item of the SELECT list, said, aggregates outside windows."""
    return any(
        each.name in AGGREGATES - _WINDOWS and not _is_windowed(each) and each.find_ancestor(exp.Select) is None
        for each in said.find_all(exp.Anonymous)
    )


def _is_windowed(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        parent = parent.parent
    return isinstance(parent, exp.Window)


def _has_aggregate(node: exp.Expr) -> bool:
    """Whether an item of DuckDB's SELECT list aggregates."""
    from drawloom.sql.portable.registry import AGGREGATE_NAMES

    return (
        any(
            each.name.lower() in AGGREGATE_NAMES and not _is_windowed(each) and each.find_ancestor(exp.Subquery) is None
            for each in node.find_all(exp.Anonymous)
        )
        or node.find(exp.WithinGroup) is not None
    )


def _window(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    return exp.Window(this=node.this.copy(), **over(speaker, node, scope))


def _unnested(speaker: Speaker, scope: Scope, said: exp.Select) -> None:
    """The sources that unnest() of the SELECT list has become."""
    for name, each in scope.unnested or []:
        alias = exp.TableAlias(this=exp.to_identifier(name), columns=[exp.to_identifier("element")])
        if said.args.get("from_") is None:
            said.set("from_", exp.From(this=exploded(speaker, each, alias, first=True)))
        else:
            join = exp.Join(this=exploded(speaker, each, alias, first=False), kind="CROSS")
            said.set("joins", [*(said.args.get("joins") or []), join])
    if len(scope.unnested or []) > 1:
        raise speaker.refused(said, "Unnest one list in a SELECT.")


def fields_of(chosen: Chosen) -> Fields:
    """The columns that a SELECT gives; None where a * hides them."""
    found: list[Field] = []
    for item in chosen.items:
        if item.star is not None:
            if item.fields is None:
                return None
            found += item.fields
        else:
            name = item.alias or (item.node.this if isinstance(item.node, exp.Column) else None)
            if isinstance(item.node, exp.Dot):
                name = name or item.node.expression
            found.append(
                Field(
                    name.name if name is not None else "",
                    kind_of(item.said),
                    bool(name is not None and name.args.get("quoted")),
                )
            )
    return tuple(found)
