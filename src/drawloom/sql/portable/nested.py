"""Lists, structs, rows and maps: how they are made and taken apart."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.casts import type_text
from drawloom.sql.portable.kinds import BIGINT, BOOL, INTEGER, TEXT, Kind, common, known, list_of
from drawloom.sql.portable.nodes import call as plain_call
from drawloom.sql.portable.nodes import kind_of, made, notes, shut, text_of, typed, whole
from drawloom.sql.portable.registry import Call, says, simple
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

_UNKNOWN = Kind("unknown")


@node_rule(exp.Array)
def array(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """[a, b], and [f(x) for x in list if condition]."""
    if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Comprehension):
        return _comprehension(speaker, node.expressions[0], scope)
    if any(isinstance(each, exp.Query) for each in node.expressions):
        raise speaker.refused(node, "Write (SELECT array_agg(x ORDER BY x) FROM ...).")
    return _array(speaker, [speaker.say(each, scope) for each in node.expressions])


def _array(speaker: Speaker, parts: list[exp.Expr]) -> exp.Expr:
    kind = list_of(common(kind_of(part) for part in parts))
    if speaker.spark:
        return plain_call("array", *parts, kind=kind)
    return typed(exp.Array(expressions=parts), kind)


def _comprehension(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    source = speaker.say(node.args["iterator"], scope)
    kind = kind_of(source)
    name = node.args["expression"].name
    inner = scope.inside(**{name.lower(): known(kind.parts[0]) if kind and kind.name == "list" else None})
    found = source
    if node.args.get("condition") is not None:
        found = plain_call("filter", found, _lambda(name, speaker.say(node.args["condition"], inner)), kind=kind)
    body = speaker.say(node.this, inner)
    return plain_call("transform", found, _lambda(name, body), kind=list_of(kind_of(body)))


def _lambda(name: str, body: exp.Expr) -> exp.Expr:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name)])


@says("list_value", "list_pack", least=0, most=999)
def list_value(call: Call) -> exp.Expr:
    """A list of its arguments."""
    return _array(call.speaker, list(call.parts))


@node_rule(exp.Tuple)
def tuple_(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """(a, b) as a value."""
    return _row(speaker, [speaker.say(each, scope) for each in node.expressions])


@says("row", most=999)
def row(call: Call) -> exp.Expr:
    """row(a, b): a struct without names, for comparing and for CAST(row(a, b) AS STRUCT(...))."""
    return _row(call.speaker, list(call.parts))


def _row(speaker: Speaker, parts: list[exp.Expr]) -> exp.Expr:
    kinds = tuple(kind_of(part) or _UNKNOWN for part in parts)
    made_row = plain_call(
        "struct" if speaker.spark else "row", *parts, kind=Kind("struct", kinds, tuple("" for _ in parts))
    )
    notes(made_row).fields = tuple(part.copy() for part in parts)
    return made_row


@node_rule(exp.Struct)
def struct(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """{'a': 1} and struct_pack(a := 1)."""
    names, parts = [], []
    for each in node.expressions:
        if not isinstance(each, exp.PropertyEQ):
            raise speaker.refused(node, "Give every field a name, as {'a': 1}.")
        names.append(each.this.name)
        parts.append(speaker.say(each.expression, scope))
    kind = Kind("struct", tuple(kind_of(part) or _UNKNOWN for part in parts), tuple(names))
    if speaker.spark:
        pairs = [one for name, part in zip(names, parts, strict=True) for one in (exp.Literal.string(name), part)]
        return _with_fields(plain_call("named_struct", *pairs, kind=kind), parts)
    text = type_text(kind, False)
    if text is None:
        raise speaker.refused(
            node, "Write CAST(row(a, b) AS STRUCT(a BIGINT, b VARCHAR)), so that the types are clear."
        )
    return _with_fields(made("trino", f"CAST(_1 AS {text})", kind, plain_call("row", *parts)), parts)


def _with_fields(node: exp.Expr, parts: list[exp.Expr]) -> exp.Expr:
    notes(node).fields = tuple(part.copy() for part in parts)
    return node


def field(speaker: Speaker, node: exp.Expr, said: exp.Expr, name: str, quoted: bool = False) -> exp.Expr:
    """A field of a struct."""
    kind = kind_of(said)
    found = None
    if kind and kind.name == "struct":
        names = [each.lower() for each in kind.names]
        if name.lower() not in names:
            raise speaker.refused(node, f"Take one of the fields {', '.join(kind.names)}.")
        found = known(kind.parts[names.index(name.lower())])
    elif kind is not None:
        raise speaker.refused(node, "Take a field of a struct; a map is asked by m['key'].")
    return typed(exp.Dot(this=shut(said), expression=exp.to_identifier(name, quoted=quoted)), found)


@node_rule(exp.Dot)
def dot(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """(expression).field."""
    if not isinstance(node.expression, exp.Identifier):
        raise speaker.refused(node, "Write f(x) for x.f().")
    return field(
        speaker, node, speaker.say(node.this, scope), node.expression.name, bool(node.expression.args.get("quoted"))
    )


@says("struct_extract", least=2)
def struct_extract(call: Call) -> exp.Expr:
    """A field by its name."""
    name = text_of(call.parts[1])
    if name is None:
        raise call.refuse("Name the field by a text.")
    return field(call.speaker, call.node, call.parts[0], name)


@node_rule(exp.Bracket)
def bracket(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """list[1], map['key'], struct['field'], list[1:2]."""
    said, (index,) = speaker.say(node.this, scope), node.expressions
    kind = kind_of(said)
    if isinstance(index, exp.Slice):
        if index.args.get("step") is not None or index.this is None or index.expression is None:
            raise speaker.refused(node, "Write list[from:to].")
        parts = said, speaker.say(index.this, scope), speaker.say(index.expression, scope)
        return speaker.say_call("list_slice", Call("list_slice", node, parts, speaker, scope))
    if kind and kind.name == "struct":
        name = text_of(index)
        if name is None:
            raise speaker.refused(node, "Name the field, as s.a.")
        return field(speaker, node, said, name)
    text = node.this.type is not None and node.this.is_type(*exp.DataType.TEXT_TYPES)
    at = speaker.say(index if text else _index(index), scope)
    if kind == TEXT:
        return speaker.say_call(
            "substr", Call("substr", node, (said, at, typed(exp.Literal.number(1), INTEGER)), speaker, scope)
        )
    if kind and kind.name not in {"list", "map"}:
        raise speaker.refused(
            node, "Take an element of a list or a map; JSON is asked by json_extract_string(x, '$.a')."
        )
    return element(Call("element", node, (said, at), speaker, scope))


def _index(node: exp.Expr) -> exp.Expr:
    """The index as it was written: sqlglot counts numbers from 0."""
    number = whole(node)
    if number is not None:
        number += 1
        literal = exp.Literal.number(abs(number))
        return literal if number >= 0 else exp.Neg(this=literal)
    if (
        isinstance(node, exp.Add)
        and whole(node.expression) == -1
        and node.this.type
        and node.this.is_type(*exp.DataType.INTEGER_TYPES)
    ):
        found: exp.Expr = node.this
        return found
    return node


def element(call: Call) -> exp.Expr:
    """The element of a list, from 1 or from the end; the value of a key; NULL where there is none."""
    kind = call.kinds[0]
    inner = known(kind.parts[-1]) if kind and kind.parts else None
    number = whole(call.parts[1])
    if number == 0 and kind and kind.name == "list":
        return typed(exp.null(), Kind("null"))
    if kind and kind.name == "list" and number is None:
        return call.say("try_element_at(_1, nullif(CAST(_2 AS INT), 0))", "element_at(_1, nullif(_2, 0))", inner)
    return call.say("try_element_at(_1, _2)", "element_at(_1, _2)", inner)


@says("list_extract", "list_element", "array_extract", least=2)
def list_extract(call: Call) -> exp.Expr:
    """list[n]."""
    return element(call)


def _map(speaker: Speaker, keys: exp.Expr, values: exp.Expr) -> exp.Expr:
    kinds = kind_of(keys), kind_of(values)
    inner = tuple((known(kind.parts[0]) if kind and kind.name == "list" else None) or _UNKNOWN for kind in kinds)
    return plain_call("map_from_arrays" if speaker.spark else "map", keys, values, kind=Kind("map", inner))


@node_rule(exp.ToMap)
def map_literal(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """MAP {'a': 1}."""
    if isinstance(node.this, exp.Bracket):  # sqlglot reads MAP {...}['a'] as a MAP of {...}['a']
        taken = node.this.copy()
        taken.set("this", exp.ToMap(this=node.this.this.copy()))
        return speaker.say(taken, scope)
    pairs = node.this.expressions
    keys = _array(
        speaker,
        [
            speaker.say(
                each.this if not isinstance(each.this, exp.Identifier) else exp.Literal.string(each.this.name), scope
            )
            for each in pairs
        ],
    )
    return _map(speaker, keys, _array(speaker, [speaker.say(each.expression, scope) for each in pairs]))


@node_rule(exp.Map)
def map_of_lists(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """MAP(keys, values)."""
    if node.args.get("keys") is None or node.args.get("values") is None:
        raise speaker.refused(node, "Write MAP {'a': 1} or MAP([keys], [values]).")
    return _map(speaker, speaker.say(node.args["keys"], scope), speaker.say(node.args["values"], scope))


@says("map_of", least=2, most=998)
def map_of(call: Call) -> exp.Expr:
    """A map of keys and values in turn."""
    if len(call.parts) % 2:
        raise call.refuse("Write map_of(key, value, key, value).")
    return _map(call.speaker, _array(call.speaker, list(call.parts[::2])), _array(call.speaker, list(call.parts[1::2])))


def _keys(kind: Kind | None, at: int) -> Kind | None:
    return list_of(known(kind.parts[at]) if kind and kind.name == "map" else None)


simple("map_keys", 1, lambda kinds: _keys(kinds[0], 0), "map_keys(_1)")
simple("map_values", 1, lambda kinds: _keys(kinds[0], 1), "map_values(_1)")
simple("map_contains", 2, BOOL, "map_contains_key(_1, _2)", "contains(map_keys(_1), _2)")
simple("map_extract_value", 2, lambda kinds: known(kinds[0].parts[1]) if kinds[0] and kinds[0].name == "map" else None,
       "try_element_at(_1, _2)", "element_at(_1, _2)")  # fmt: skip


@says("cardinality")
def cardinality(call: Call) -> exp.Expr:
    """How many entries a map has."""
    return call.say("CASE WHEN _1 IS NOT NULL THEN size(_1) END", "cardinality(_1)", BIGINT)
