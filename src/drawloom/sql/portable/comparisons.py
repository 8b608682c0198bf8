"""Comparisons, conditions and CASE."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.casts import cast_to
from drawloom.sql.portable.kinds import BOOL, DATE, TEXT, TIMESTAMP, TIMESTAMPTZ, Kind, common
from drawloom.sql.portable.nodes import kind_of, made, notes, shut, text_of, typed
from drawloom.sql.portable.registry import Call
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip


@node_rule(*_SIGNS)
def compare(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """The six comparisons and the two that know NULL."""
    if isinstance(node.this, exp.Tuple) and isinstance(node.expression, exp.Tuple):
        return _tuples(speaker, node, scope)
    if isinstance(node.expression, exp.Any | exp.All) or isinstance(node.this, exp.Any | exp.All):
        raise speaker.refused(node, "Write x IN (SELECT ...), or list_contains(list, x).")
    left, right = alike(speaker, node, speaker.say(node.this, scope), speaker.say(node.expression, scope))
    text = f"_1 {_SIGNS[type(node)]} _2"
    return made(speaker.family, text, BOOL, left, right)


def alike(speaker: Speaker, node: exp.Expr, *parts: exp.Expr) -> tuple[exp.Expr, ...]:
    """The sides as types that the engine compares as DuckDB does: a text beside a day is read as one."""
    kinds = [kind_of(part) for part in parts]
    if any(kind and kind.name in {"struct", "list", "map"} for kind in kinds):
        raise speaker.refused(node, "Compare the fields or elements one by one: NULLs in them count differently.")
    days = [kind == DATE or notes(part).as_day is not None for kind, part in zip(kinds, parts, strict=True)]
    if all(
        day or kind == TEXT or (kind and kind.name == "null") for day, kind in zip(days, kinds, strict=True)
    ) and any(days):
        return tuple(
            cast_to(speaker, part, DATE, node) if kind != Kind("null") else part
            for part, kind in zip(parts, kinds, strict=True)
        )
    to = next((kind for kind in kinds if kind in {TIMESTAMP, TIMESTAMPTZ}), None)
    if to is None and any(days) and TEXT in kinds:
        to = TIMESTAMP
    if to is None:
        to = next((kind for kind in kinds if kind and (kind.is_number or kind == BOOL)), None)
    if to is not None and TEXT in kinds:
        return tuple(
            cast_to(speaker, part, to, node) if kind == TEXT else part for part, kind in zip(parts, kinds, strict=True)
        )
    return parts


def _tuples(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Tuples are alike where all their members are, NULLs too."""
    if not isinstance(node, exp.EQ | exp.NEQ | exp.NullSafeEQ | exp.NullSafeNEQ):
        raise speaker.refused(node, "Compare the members one by one, as a > 1 OR (a = 1 AND b > 2).")
    same = _same(speaker, node, scope, node.this, node.expression)
    return (
        same
        if isinstance(node, exp.EQ | exp.NullSafeEQ)
        else made(speaker.family, "NOT _1", BOOL, exp.Paren(this=same))
    )


def _same(speaker: Speaker, node: exp.Expr, scope: Scope, one: exp.Expr, other: exp.Expr) -> exp.Expr:
    if len(one.expressions) != len(other.expressions):
        raise speaker.refused(node, "Give both tuples as many members.")
    found: exp.Expr | None = None
    for left, right in zip(one.expressions, other.expressions, strict=True):
        sides = alike(speaker, node, speaker.say(left, scope), speaker.say(right, scope))
        pair = made(speaker.family, "_1 IS NOT DISTINCT FROM _2", BOOL, *sides)
        found = pair if found is None else made(speaker.family, "_1 AND _2", BOOL, found, pair)
    assert found is not None
    return found


@node_rule(exp.In)
def in_(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """IN a list of values, a query, or a list."""
    query, field = node.args.get("query"), node.args.get("field")
    if field is not None:
        call = Call("in", node, (speaker.say(field, scope), speaker.say(node.this, scope)), speaker, scope)
        return speaker.say_call("list_contains", call)
    if isinstance(node.this, exp.Tuple):
        return _tuple_in(speaker, node, scope)
    if query is not None:
        said = exp.In(this=speaker.say(node.this, scope), query=speaker.say(query, scope))
        return typed(said, BOOL)
    parts = alike(
        speaker, node, speaker.say(node.this, scope), *(speaker.say(each, scope) for each in node.expressions)
    )
    return typed(exp.In(this=shut(parts[0]), expressions=list(parts[1:])), BOOL)


def _tuple_in(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    if node.args.get("query") is not None:
        raise speaker.refused(node, "Write EXISTS (SELECT 1 FROM ... WHERE x = a AND y = b), or a SEMI JOIN.")
    found: exp.Expr | None = None
    for other in node.expressions:
        if not isinstance(other, exp.Tuple):
            raise speaker.refused(node, "Give tuples of values.")
        same = exp.Paren(this=_same(speaker, node, scope, node.this, other))
        found = same if found is None else made(speaker.family, "_1 OR _2", BOOL, found, same)
    assert found is not None
    return typed(exp.Paren(this=found), BOOL)


@node_rule(exp.Between)
def between(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """BETWEEN, with its ends."""
    if node.args.get("symmetric"):
        raise speaker.refused(node, "Write BETWEEN least(a, b) AND greatest(a, b).")
    parts = alike(speaker, node, *(speaker.say(node.args[key], scope) for key in ("this", "low", "high")))
    return made(speaker.family, "_1 BETWEEN _2 AND _3", BOOL, *parts)


@node_rule(exp.Is)
def is_(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """IS NULL, IS TRUE, IS FALSE."""
    said = speaker.say(node.this, scope)
    if isinstance(node.expression, exp.Boolean):
        text = "coalesce(_1, FALSE)" if node.expression.this else "NOT coalesce(_1, TRUE)"
        return made(speaker.family, text, BOOL, said)
    if not isinstance(node.expression, exp.Null):
        raise speaker.refused(node, "Write IS NULL, IS TRUE or IS FALSE.")
    return made(speaker.family, "_1 IS NULL", BOOL, said)


@node_rule(exp.And, exp.Or)
def and_or(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """AND and OR; long chains are walked, not climbed."""
    kind, parts, left = type(node), [], node
    while type(left) is kind:
        parts.append(left.expression)
        left = left.this
    found = speaker.say(left, scope)
    for part in reversed(parts):
        found = typed(kind(this=found, expression=speaker.say(part, scope)), BOOL)
    return found


@node_rule(exp.Not)
def not_(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """NOT; as IS NOT NULL and NOT IN where people write those."""
    if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
        return made(speaker.family, "_1 IS NOT NULL", BOOL, speaker.say(node.this.this, scope))
    return typed(exp.Not(this=speaker.say(node.this, scope)), BOOL)


@node_rule(exp.Like, exp.ILike)
def like(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """LIKE; DuckDB has no escape character unless one is named, Spark has the backslash."""
    if isinstance(node.expression, exp.Any | exp.All):
        raise speaker.refused(node, "Write x LIKE 'a%' OR x LIKE 'b%'.")
    return _like(speaker, node, scope, None)


@node_rule(exp.Escape)
def escape(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """LIKE ... ESCAPE."""
    if not isinstance(node.this, exp.Like | exp.ILike):
        raise speaker.refused(node, "Write x LIKE '...' ESCAPE '!'.")
    return _like(speaker, node.this, scope, node.expression)


def _like(speaker: Speaker, node: exp.Expr, scope: Scope, escaped: exp.Expr | None) -> exp.Expr:
    value, pattern = speaker.say(node.this, scope), speaker.say(node.expression, scope)
    text, parts, ilike = text_of(pattern), [value, pattern], isinstance(node, exp.ILike)
    word = "ILIKE" if ilike and speaker.spark else "LIKE"
    if escaped is not None:
        parts.append(speaker.say(escaped, scope))
    elif speaker.spark and (text is None or "\\" in text):
        free = next(sign for sign in "!~^|\x01" if sign not in (text or "!~^|"))
        parts.append(exp.Literal.string(free))
    sides = "lower(_1) LIKE lower(_2)" if ilike and not speaker.spark else f"_1 {word} _2"
    said = made(speaker.family, sides, BOOL, *parts[:2])
    if len(parts) == 3:
        said = typed(exp.Escape(this=said, expression=parts[2]), BOOL)
    return typed(exp.Not(this=said), BOOL) if node.args.get("negate") else said


@node_rule(exp.Case)
def case(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """CASE with or without a value to compare."""
    value = node.args.get("this")
    base = speaker.say(value, scope) if value is not None else None
    whens, answers = [], []
    for each in node.args["ifs"]:
        when = speaker.say(each.this, scope)
        if base is not None:
            _, when = alike(speaker, node, base, when)
        whens.append(when)
        answers.append(speaker.say(each.args["true"], scope))
    if node.args.get("default") is not None:
        answers.append(speaker.say(node.args["default"], scope))
    kind = common(kind_of(each) for each in answers)
    default = answers.pop() if len(answers) > len(whens) else None
    ifs = [exp.If(this=when, true=answer) for when, answer in zip(whens, answers, strict=True)]
    return typed(exp.Case(this=base, ifs=ifs, default=default), kind)


@node_rule(exp.Exists)
def exists(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """EXISTS (SELECT ...)."""
    return typed(exp.Exists(this=speaker.say(node.this, scope)), BOOL)
