"""Calls of functions: the portable ones, DuckDB's own, and those of users, which pass as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from drawloom.sql.portable.builtins import BUILTINS
from drawloom.sql.portable.closed import CLOSED, OWN, macro
from drawloom.sql.portable.kinds import Kind, known
from drawloom.sql.portable.nodes import call as plain_call
from drawloom.sql.portable.nodes import kind_of, notes, shut, taken, typed
from drawloom.sql.portable.registry import AGGREGATE_NAMES, DISTINCT, ORDERED, RULES, Call
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

Wrap = Callable[[exp.Expr], exp.Expr]
_LAYERS = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_WAY = "Use the functions of docs/portable.md."


@node_rule(exp.Anonymous)
def say_function(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A call by its name."""
    name = node.name.lower()
    rule = RULES.get(name)
    if name in CLOSED and not CLOSED[name].least <= len(node.expressions) <= CLOSED[name].most:
        raise speaker.refused(node, f"Write {CLOSED[name].call}.")
    if name in CLOSED and name not in OWN:
        return shut(speaker.say(macro(name, node.expressions), scope))
    if rule is None and name in BUILTINS:
        raise speaker.refused(node, _WAY)
    parts, distinct, order, ignore = _arguments(node)
    if (distinct and name not in DISTINCT) or (order and name not in ORDERED):
        raise speaker.refused(
            node, f"Write {name} without {'DISTINCT' if distinct else 'ORDER BY'} inside its brackets."
        )
    # In the brackets of an aggregate a name is always a column.
    said = _say_parts(speaker, parts, replace(scope, aliases={}) if name in AGGREGATE_NAMES else scope)
    if rule is None:
        own = plain_call(node.name, *said)
        notes(own).own = True
        return own
    found = rule(Call(name, node, said, speaker, scope, distinct, order))
    if ignore is not None:
        found = ignoring(found, ignore)
    return found


def _arguments(node: exp.Expr) -> tuple[list[exp.Expr], bool, tuple[exp.Ordered, ...], type[exp.Expr] | None]:
    """The arguments with DISTINCT, ORDER BY and IGNORE NULLS taken off."""
    parts, distinct, ignore = [], False, None
    order: tuple[exp.Ordered, ...] = ()
    for part in node.expressions:
        if isinstance(part, exp.IgnoreNulls | exp.RespectNulls):
            ignore, part = type(part), part.this  # noqa: PLW2901 - it is unwrapped
        if isinstance(part, exp.Order):
            order, part = tuple(part.expressions), part.this  # noqa: PLW2901
        if isinstance(part, exp.Distinct):
            distinct = True
            parts.extend(part.expressions)
        else:
            parts.append(part)
    return parts, distinct, order, ignore


def _say_parts(speaker: Speaker, parts: list[exp.Expr], scope: Scope) -> tuple[exp.Expr, ...]:
    said: list[exp.Expr] = []
    for part in parts:
        if isinstance(part, exp.Lambda):
            said.append(_say_lambda(speaker, part, scope, kind_of(said[0]) if said else None))
        else:
            said.append(part.copy() if isinstance(part, exp.Star) else speaker.say(part, scope))
    return tuple(said)


def _say_lambda(speaker: Speaker, node: exp.Lambda, scope: Scope, given: Kind | None) -> exp.Expr:
    """``lambda x: ...``; DuckDB takes an arrow for JSON."""
    start = node.expressions[0].meta.get("start")
    if start is not None and not speaker.source[:start].rstrip().lower().endswith("lambda"):
        raise speaker.refused(node, "Write lambda x: x > 1.")
    element = known(given.parts[0]) if given and given.name == "list" else None
    names = [each.name for each in node.expressions]
    inner = scope.inside(**{name.lower(): element if index == 0 else None for index, name in enumerate(names)})
    body = speaker.say(node.this, inner)
    said = exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in names])
    return typed(said, kind_of(body))


@node_rule(exp.Identifier)
def parameter(_: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A parameter of a lambda."""
    return typed(exp.Column(this=node.copy()), scope.local.get(node.name.lower()))


@node_rule(exp.Filter)
def filtered(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """FILTER (WHERE ...) goes to every aggregate that the call has become."""
    found = speaker.say(node.this, scope)
    condition = speaker.say(node.expression.this, scope)

    def wrap(each: exp.Expr) -> exp.Expr:
        if not isinstance(each, exp.Filter):
            return exp.Filter(this=each, expression=exp.Where(this=condition.copy()))
        both = exp.And(this=shut(each.expression.this), expression=shut(condition.copy()))
        return exp.Filter(this=each.this, expression=exp.Where(this=both))

    return around(speaker, node, found, wrap)


def ignoring(found: exp.Expr, how: type[exp.Expr]) -> exp.Expr:
    """IGNORE NULLS behind the window function."""
    return _around(found, lambda each: how(this=each))


def around(speaker: Speaker, node: exp.Expr, found: exp.Expr, wrap: Wrap) -> exp.Expr:
    """The expression with each of its aggregates wrapped.

    Raises:
        InputError: it has none.
    """
    if not notes(found).aggregates:
        raise speaker.refused(node, _WAY)
    return _around(found, wrap)


def _around(found: exp.Expr, wrap: Wrap) -> exp.Expr:
    aggregates, kind = taken(found), kind_of(found)
    made = []
    for each in aggregates:
        outer = each
        while isinstance(outer.parent, _LAYERS) and outer.arg_key == "this":
            outer = outer.parent
        wrapped = wrap(outer.copy())
        if outer is found:
            found = wrapped
        else:
            outer.replace(wrapped)
        made.append(_inner(wrapped))
    notes(found).aggregates = made
    return typed(found, kind)


def _inner(node: exp.Expr) -> exp.Expr:
    while not isinstance(node, exp.Anonymous):
        node = node.this
    return node
