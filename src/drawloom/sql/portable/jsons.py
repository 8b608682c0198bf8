"""JSON, kept as text."""

from __future__ import annotations

import re

from sqlglot import exp

from drawloom.sql.portable.kinds import BIGINT, JSON, TEXT
from drawloom.sql.portable.nodes import kind_of, text_of
from drawloom.sql.portable.registry import Call, refuses, says
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

_PATH = re.compile(r"\$(\.\w+|\[\d+\])*")
refuses("json_extract json_extract_path json_object json_array json_keys json_structure json_group_array json_group_object json_type",
        "Take single values out with json_extract_string(x, '$.a.b').")  # fmt: skip


@says("json_extract_string", "json_extract_path_text", least=2)
def json_extract_string(call: Call) -> exp.Expr:
    """A single value as text; lists and objects are for taking values out of."""
    return _value(call, text_of(call.parts[1]))


def _value(call: Call, path: str | None) -> exp.Expr:
    if path is not None and re.fullmatch(r"\w+", path):
        path = f"$.{path}"
    if path is None or not _PATH.fullmatch(path):
        raise call.refuse("Write the path as a text, as '$.a.b[0]'.")
    given = exp.Literal.string(path)
    return call.say("get_json_object(_1, _2)", "json_extract_scalar(_1, _2)", TEXT, call.parts[0], given)


@node_rule(exp.JSONExtractScalar)
def arrow(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """x ->> '$.a'."""
    call = Call("->>", node, (speaker.say(node.this, scope),), speaker, scope)
    path = "$"
    for each in node.expression.expressions if isinstance(node.expression, exp.JSONPath) else [None]:
        if isinstance(each, exp.JSONPathKey) and isinstance(each.this, str):
            path += f".{each.this}"
        elif isinstance(each, exp.JSONPathSubscript) and isinstance(each.this, int):
            path += f"[{each.this}]"
        elif not isinstance(each, exp.JSONPathRoot):
            raise call.refuse("Write json_extract_string(x, '$.a.b').")
    return _value(call, path)


@says("json_array_length")
def json_array_length(call: Call) -> exp.Expr:
    """How many elements an array has."""
    return call.say("json_array_length(_1)", "json_array_length(_1)", BIGINT)


@says("to_json")
def to_json(call: Call) -> exp.Expr:
    """A struct, list or map as JSON, NULLs too."""
    kind = kind_of(call.parts[0])
    if kind is None or kind.name not in {"struct", "list"}:
        raise call.refuse("Write to_json({'a': x}).")
    return call.say("to_json(_1, map('ignoreNullFields', 'false'))", "CAST(_1 AS JSON)", JSON)
