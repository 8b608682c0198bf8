"""Columns, and the lists, structs, rows and maps in them: how they are made and accessed."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.translate.casts import row_type, type_text
from drawloom.sql.translate.expressions import (
    function_call,
    info,
    int_value,
    parenthesize,
    string_value,
    type_of,
    with_type,
)
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import Call, Translator, function_rule, node_rule, template_rule
from drawloom.sql.translate.types import (
    BIGINT,
    BOOL,
    INTEGER,
    TEXT,
    UNKNOWN,
    SqlType,
    common_type,
    element_type,
    known,
    list_of,
)


@node_rule(exp.Array)
def array(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """[a, b], and [f(x) for x in list if condition]."""
    if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Comprehension):
        return _comprehension(translator, node.expressions[0], scope)
    if any(isinstance(each, exp.Query) for each in node.expressions):
        raise translator.unsupported(node, "Write (SELECT array_agg(x ORDER BY x) FROM ...).")
    return _array(translator, [translator.translate(each, scope) for each in node.expressions])


def _array(translator: Translator, parts: list[exp.Expr]) -> exp.Expr:
    dtype = list_of(common_type(type_of(part) for part in parts))
    if translator.is_spark:
        return function_call("array", *parts, dtype=dtype)
    return with_type(exp.Array(expressions=parts), dtype)


def _comprehension(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    source = translator.translate(node.args["iterator"], scope)
    dtype = type_of(source)
    name = node.args["expression"].name
    inner = scope.in_lambda(**{name.lower(): element_type(dtype)})
    found = source
    if node.args.get("condition") is not None:
        found = function_call(
            "filter", found, _lambda(name, translator.translate(node.args["condition"], inner)), dtype=dtype
        )
    body = translator.translate(node.this, inner)
    return function_call("transform", found, _lambda(name, body), dtype=list_of(type_of(body)))


def _lambda(name: str, body: exp.Expr) -> exp.Expr:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name)])


@function_rule("list_value", "list_pack", min_args=0, max_args=999)
def list_value(call: Call) -> exp.Expr:
    """A list of its arguments."""
    return _array(call.translator, list(call.args))


@node_rule(exp.Tuple)
def tuple_(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """(a, b) as a value."""
    return _row(translator, [translator.translate(each, scope) for each in node.expressions])


@function_rule("row", max_args=999)
def row(call: Call) -> exp.Expr:
    """row(a, b): a struct without names, for comparing and for CAST(row(a, b) AS STRUCT(...))."""
    return _row(call.translator, list(call.args))


def _row(translator: Translator, parts: list[exp.Expr]) -> exp.Expr:
    name = "struct" if translator.is_spark else "row"
    return _with_fields(function_call(name, *parts, dtype=row_type(parts)), parts)


@node_rule(exp.Struct)
def struct(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """{'a': 1} and struct_pack(a := 1)."""
    names, parts = [], []
    for each in node.expressions:
        if not isinstance(each, exp.PropertyEQ):
            raise translator.unsupported(node, "Give every field a name, as {'a': 1}.")
        names.append(each.this.name)
        parts.append(translator.translate(each.expression, scope))
    dtype = SqlType("struct", tuple(type_of(part) or UNKNOWN for part in parts), tuple(names))
    if translator.is_spark:
        pairs = [one for name, part in zip(names, parts, strict=True) for one in (exp.Literal.string(name), part)]
        return _with_fields(function_call("named_struct", *pairs, dtype=dtype), parts)
    text = type_text(dtype, False)
    if text is None:
        raise translator.unsupported(
            node, "Write CAST(row(a, b) AS STRUCT(a BIGINT, b VARCHAR)), so that the types are clear."
        )
    return _with_fields(translator.build(f"CAST(_1 AS {text})", dtype, function_call("row", *parts)), parts)


def _with_fields(node: exp.Expr, parts: list[exp.Expr]) -> exp.Expr:
    info(node).fields = tuple(part.copy() for part in parts)
    return node


def struct_field(
    translator: Translator, node: exp.Expr, translated: exp.Expr, name: str, quoted: bool = False
) -> exp.Expr:
    """A field of a struct."""
    dtype = type_of(translated)
    found = None
    if dtype and dtype.name == "struct":
        names = [each.lower() for each in dtype.names]
        if name.lower() not in names:
            raise translator.unsupported(node, f"Take one of the fields {', '.join(dtype.names)}.")
        found = known(dtype.parts[names.index(name.lower())])
    elif dtype is not None:
        raise translator.unsupported(node, "Take a field of a struct; write m['key'] for a map.")
    return with_type(exp.Dot(this=parenthesize(translated), expression=exp.to_identifier(name, quoted=quoted)), found)


@node_rule(exp.Dot)
def dot(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """(expression).field."""
    if not isinstance(node.expression, exp.Identifier):
        raise translator.unsupported(node, "Write f(x) for x.f().")
    return struct_field(
        translator,
        node,
        translator.translate(node.this, scope),
        node.expression.name,
        bool(node.expression.args.get("quoted")),
    )


@function_rule("struct_extract", min_args=2)
def struct_extract(call: Call) -> exp.Expr:
    """A field by its name."""
    name = string_value(call.args[1])
    if name is None:
        raise call.unsupported("Name the field by a text.")
    return struct_field(call.translator, call.node, call.args[0], name)


@node_rule(exp.Bracket)
def bracket(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """list[1], map['key'], struct['field'], list[1:2]."""
    translated, (index,) = translator.translate(node.this, scope), node.expressions
    dtype = type_of(translated)
    if isinstance(index, exp.Slice):
        if index.args.get("step") is not None or index.this is None or index.expression is None:
            raise translator.unsupported(node, "Write list[from:to].")
        parts = translated, translator.translate(index.this, scope), translator.translate(index.expression, scope)
        return translator.translate_call("list_slice", Call("list_slice", node, parts, translator, scope))
    if dtype and dtype.name == "struct":
        name = string_value(index)
        if name is None:
            raise translator.unsupported(node, "Name the field, as s.a.")
        return struct_field(translator, node, translated, name)
    text = node.this.type is not None and node.this.is_type(*exp.DataType.TEXT_TYPES)
    at = translator.translate(index if text else _index(index), scope)
    if dtype == TEXT:
        return translator.translate_call(
            "substr",
            Call("substr", node, (translated, at, with_type(exp.Literal.number(1), INTEGER)), translator, scope),
        )
    if dtype and dtype.name not in {"list", "map"}:
        raise translator.unsupported(
            node, "Take an element of a list or a map; write json_extract_string(x, '$.a') for JSON."
        )
    return element(Call("element", node, (translated, at), translator, scope))


def _index(node: exp.Expr) -> exp.Expr:
    """The index as it was written: sqlglot has shifted literals to count from 0."""
    number = int_value(node)
    if number is not None:
        number += 1
        literal = exp.Literal.number(abs(number))
        return literal if number >= 0 else exp.Neg(this=literal)
    if (
        isinstance(node, exp.Add)
        and int_value(node.expression) == -1
        and node.this.type
        and node.this.is_type(*exp.DataType.INTEGER_TYPES)
    ):
        found: exp.Expr = node.this
        return found
    return node


def element(call: Call) -> exp.Expr:
    """The element of a list, from 1 or from the end; the value of a key; NULL where there is none."""
    dtype = call.types[0]
    inner = known(dtype.parts[-1]) if dtype and dtype.parts else None
    number = int_value(call.args[1])
    if number == 0 and dtype and dtype.name == "list":
        return with_type(exp.null(), SqlType("null"))
    if dtype and dtype.name == "list" and number is None:
        return call.build("try_element_at(_1, nullif(CAST(_2 AS INT), 0))", "element_at(_1, nullif(_2, 0))", inner)
    return call.build("try_element_at(_1, _2)", "element_at(_1, _2)", inner)


@function_rule("list_extract", "list_element", "array_extract", min_args=2)
def list_extract(call: Call) -> exp.Expr:
    """list[n]."""
    return element(call)


def _map(translator: Translator, keys: exp.Expr, values: exp.Expr) -> exp.Expr:
    dtypes = type_of(keys), type_of(values)
    inner = tuple(element_type(dtype) or UNKNOWN for dtype in dtypes)
    return function_call("map_from_arrays" if translator.is_spark else "map", keys, values, dtype=SqlType("map", inner))


@node_rule(exp.ToMap)
def map_literal(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """MAP {'a': 1}."""
    if isinstance(node.this, exp.Bracket):  # sqlglot reads MAP {...}['a'] as a MAP of {...}['a']
        element_of_map = node.this.copy()
        element_of_map.set("this", exp.ToMap(this=node.this.this.copy()))
        return translator.translate(element_of_map, scope)
    pairs = node.this.expressions
    keys = [
        exp.Literal.string(each.this.name) if isinstance(each.this, exp.Identifier) else each.this for each in pairs
    ]
    return _map(
        translator,
        _array(translator, [translator.translate(key, scope) for key in keys]),
        _array(translator, [translator.translate(each.expression, scope) for each in pairs]),
    )


@node_rule(exp.Map)
def map_of_lists(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """MAP(keys, values)."""
    if node.args.get("keys") is None or node.args.get("values") is None:
        raise translator.unsupported(node, "Write MAP {'a': 1} or MAP([keys], [values]).")
    return _map(
        translator, translator.translate(node.args["keys"], scope), translator.translate(node.args["values"], scope)
    )


@function_rule("map_of", min_args=2, max_args=998)
def map_of(call: Call) -> exp.Expr:
    """A map of keys and values in turn."""
    if len(call.args) % 2:
        raise call.unsupported("Write map_of(key, value, key, value).")
    return _map(
        call.translator, _array(call.translator, list(call.args[::2])), _array(call.translator, list(call.args[1::2]))
    )


def _entries_type(dtype: SqlType | None, at: int) -> SqlType | None:
    return list_of(known(dtype.parts[at]) if dtype and dtype.name == "map" else None)


template_rule("map_keys", 1, lambda dtypes: _entries_type(dtypes[0], 0), "map_keys(_1)")
template_rule("map_values", 1, lambda dtypes: _entries_type(dtypes[0], 1), "map_values(_1)")
template_rule("map_contains", 2, BOOL, "map_contains_key(_1, _2)", "contains(map_keys(_1), _2)")
template_rule("map_extract_value", 2, lambda dtypes: known(dtypes[0].parts[1]) if dtypes[0] and dtypes[0].name == "map" else None,
       "try_element_at(_1, _2)", "element_at(_1, _2)")  # fmt: skip


@function_rule("cardinality")
def cardinality(call: Call) -> exp.Expr:
    """How many entries a map has."""
    return call.build("CASE WHEN _1 IS NOT NULL THEN size(_1) END", "cardinality(_1)", BIGINT)


@node_rule(exp.Column)
def column(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A column, with or without its table, and fields of a struct in it."""
    if isinstance(node.this, exp.Star):
        raise translator.unsupported(node, "Name the columns.")
    parts = _name_parts(node)
    if len(parts) == 1:
        return _unqualified(node, scope)
    at = 1 if scope.is_source(parts[0].name) else 0
    if at == 0 and scope.is_source(parts[1].name):
        at = 2 if len(parts) > 2 else 0
    if (
        at == 0
        and len(parts) == 2
        and scope.has_column(parts[0].name) is None
        and parts[0].name.lower() not in scope.local
    ):
        return with_type(exp.Column(this=parts[1].copy(), table=parts[0].copy()), None)
    if at == 1:
        found = _qualified(translator, node, scope)
    elif at == 2:
        found = with_type(
            exp.Column(this=parts[2].copy(), table=parts[1].copy(), db=parts[0].copy()),
            scope.column_type(parts[2].name, parts[1].name),
        )
    else:
        found = with_type(exp.Column(this=parts[0].copy()), scope.column_type(parts[0].name))
    for part in parts[at + 1 :]:
        found = struct_field(translator, node, found, part.name, bool(part.args.get("quoted")))
    return found


def _name_parts(node: exp.Expr) -> list[exp.Identifier]:
    return [node.args[key] for key in ("catalog", "db", "table", "this") if node.args.get(key) is not None]


def _unqualified(node: exp.Expr, scope: Scope) -> exp.Expr:
    name = node.name.lower()
    if name in scope.aliases and name not in scope.local:
        translated = scope.aliases[name].copy()
        return (
            with_type(exp.Paren(this=translated), type_of(translated))
            if isinstance(translated, exp.Binary | exp.Unary | exp.Case)
            else translated
        )
    return with_type(exp.Column(this=node.this.copy()), scope.column_type(name))


def _qualified(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """Trino has no table before a column of USING."""
    table, name = _name_parts(node)[:2]
    dtype: SqlType | None = scope.column_type(name.name, table.name)
    owner = scope.using.get(name.name.lower())
    if owner is None or translator.is_spark:
        return with_type(exp.Column(this=name.copy(), table=table.copy()), dtype)
    if owner in {table.name.lower(), "*"}:
        return with_type(exp.Column(this=name.copy()), dtype)
    raise translator.unsupported(node, f"Write {name.name} without a table, or JOIN ... ON instead of USING.")
