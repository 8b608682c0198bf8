"""Functions of text."""

from __future__ import annotations

import re

from sqlglot import exp

from drawloom.sql.portable.casts import cast_to
from drawloom.sql.portable.kinds import BIGINT, BOOL, TEXT, list_of
from drawloom.sql.portable.nodes import call as plain_call
from drawloom.sql.portable.nodes import kind_of, text_of, typed, whole
from drawloom.sql.portable.registry import Call, refuses, says, simple
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

simple("upper ucase", 1, TEXT, "upper(_1)")
simple("lower lcase", 1, TEXT, "lower(_1)")
simple("strlen", 1, BIGINT, "octet_length(_1)", "length(to_utf8(_1))")
simple("strpos instr position", 2, BIGINT, "instr(_1, _2)", "strpos(_1, _2)")
simple("starts_with prefix", 2, BOOL, "startswith(_1, _2)", "starts_with(_1, _2)")
simple(
    "ends_with suffix",
    2,
    BOOL,
    "endswith(_1, _2)",
    "substr(_1, length(_1) - length(_2) + 1) = _2 AND length(_1) >= length(_2) OR _2 = ''",
)
simple("translate", 3, TEXT, "translate(_1, _2, _3)")
simple("md5", 1, TEXT, "md5(_1)", "lower(to_hex(md5(to_utf8(_1))))")
simple("sha1", 1, TEXT, "sha1(_1)", "lower(to_hex(sha1(to_utf8(_1))))")
simple("sha256", 1, TEXT, "sha2(_1, 256)", "lower(to_hex(sha256(to_utf8(_1))))")
refuses("levenshtein editdist3 damerau_levenshtein", "DuckDB counts bytes, the others letters: compare in Python.")
refuses("ascii unicode ord", "Compare the text itself.")
refuses("format printf", "Write the parts with ||.")
refuses("strip_accents", "Write translate(x, 'áé', 'ae') with the letters that occur.")


@says("length", "len", "char_length", "character_length")
def length(call: Call) -> exp.Expr:
    """The characters of a text, or the elements of a list."""
    kind = call.kinds[0]
    if kind and kind.name == "list":
        return call.say("CASE WHEN _1 IS NOT NULL THEN size(_1) END", "cardinality(_1)", BIGINT)
    if kind and kind != TEXT and kind.name != "null":
        raise call.refuse("Write length(text), list_len(list) or cardinality(map).")
    if call.name == "len" and kind is None:
        raise call.refuse(
            "Write length(x) for a text, list_len(x) for a list: which of the two it is is not known here."
        )
    return call.say("length(_1)", "length(_1)", BIGINT)


@says("reverse")
def reverse(call: Call) -> exp.Expr:
    """The text from its end."""
    return call.say("reverse(_1)", "reverse(_1)", call.kinds[0] or TEXT)


@says("trim", "ltrim", "rtrim", most=2)
def trim(call: Call) -> exp.Expr:
    """Blanks only, or the characters of the second text: Trino's own trim takes off tabs as well."""
    side = {"trim": "BOTH", "ltrim": "LEADING", "rtrim": "TRAILING"}[call.name]
    what = "_2" if len(call.parts) == 2 else "' '"
    return call.say(f"TRIM({side} {what} FROM _1)", f"TRIM({side} {what} FROM _1)", TEXT)


@node_rule(exp.Trim)
def trim_from(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """TRIM(BOTH 'x' FROM y)."""
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    parts = [speaker.say(each, scope) for each in (node.this, node.args.get("expression")) if each is not None]
    return trim(Call(name, node, tuple(parts), speaker, scope))


@node_rule(exp.Substring)
def substring_from(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """SUBSTRING(x FROM 1 FOR 2)."""
    given = (node.this, node.args.get("start") or exp.Literal.number(1), node.args.get("length"))
    parts = tuple(speaker.say(each, scope) for each in given if each is not None)
    return substr(Call("substr", node, parts, speaker, scope))


@node_rule(exp.StrPosition)
def position(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """POSITION(x IN y)."""
    parts = speaker.say(node.this, scope), speaker.say(node.args["substr"], scope)
    return speaker.say_call("strpos", Call("position", node, parts, speaker, scope))


@says("lpad", "rpad", least=3)
def pad(call: Call) -> exp.Expr:
    """Filled up, or cut, to a length."""
    if not text_of(call.parts[2]):
        raise call.refuse("Write what to fill with as a text that is not empty.")
    return call.say(f"{call.name}(_1, CAST(_2 AS INT), _3)", f"{call.name}(_1, _2, _3)", TEXT)


@says("repeat", least=2)
def repeat(call: Call) -> exp.Expr:
    """A text many times."""
    trino = "CASE WHEN _1 IS NOT NULL AND _2 IS NOT NULL THEN array_join(repeat(_1, CAST(greatest(_2, 0) AS INTEGER)), '') END"
    return call.say("repeat(_1, CAST(_2 AS INT))", trino, TEXT)


@says("replace", least=3)
def replace(call: Call) -> exp.Expr:
    """Nothing is replaced where the text to look for is empty."""
    plain = "replace(_1, _2, _3)"
    if text_of(call.parts[1]):
        return call.say(plain, plain, TEXT)
    return call.say(plain, f"CASE WHEN _2 = '' AND _3 IS NOT NULL THEN _1 ELSE {plain} END", TEXT)


@says("substr", "substring", least=2, most=3)
def substr(call: Call) -> exp.Expr:
    """Counted from 1, from the end where the start is negative; a negative length goes to the left of the start."""
    start, long = whole(call.parts[1]), whole(call.parts[2]) if len(call.parts) == 3 else None
    given = "substr(_1, _2, _3)" if len(call.parts) == 3 else "substr(_1, _2)"
    if start is not None and start > 0 and (len(call.parts) == 2 or (long is not None and long >= 0)):
        return call.say(given, given, TEXT)
    if len(call.parts) == 2:
        return call.say(
            given,
            "substr(_1, CASE WHEN _2 > 0 THEN _2 WHEN _2 < 0 THEN greatest(length(_1) + _2 + 1, 1) ELSE 1 + _2 END)",
            TEXT,
        )
    if start == 1:
        return _given(call, "substr(_1, 1, greatest(_3, 0))", "_3")
    at = "CAST(_2 AS BIGINT)"
    first = f"CASE WHEN {at} >= 0 THEN {at} ELSE length(_1) + {at} + 1 END"
    end = f"({first}) + _3"
    low, high = f"greatest(least({first}, {end}), 1)", f"greatest({first}, {end})"
    count = f"greatest({high} - {low}, 0)"
    text = f"substr(_1, CAST({low} AS INT), CAST({count} AS INT))" if call.spark else f"substr(_1, {low}, {count})"
    return _given(call, text, "_2", "_3")


def _given(call: Call, text: str, *holes: str) -> exp.Expr:
    """NULL where one of the numbers is: Spark's greatest and least pass over it."""
    if call.spark:
        text = f"CASE WHEN {' AND '.join(f'{hole} IS NOT NULL' for hole in holes)} THEN {text} END"
    return call.say(text, text, TEXT)


@says("left", least=2)
def left(call: Call) -> exp.Expr:
    """The first characters; all but the last ones where the number is negative."""
    count = whole(call.parts[1])
    if count is not None and count >= 0:
        return call.say("left(_1, _2)", "substr(_1, 1, _2)", TEXT)
    return _given(call, "substr(_1, 1, CASE WHEN _2 >= 0 THEN _2 ELSE greatest(length(_1) + _2, 0) END)", "_2")


@says("right", least=2)
def right(call: Call) -> exp.Expr:
    """The last characters; all but the first ones where the number is negative."""
    count = whole(call.parts[1])
    if count is not None and count > 0:
        return call.say("right(_1, _2)", f"substr(_1, greatest(length(_1) - {count - 1}, 1))", TEXT)
    return _given(call, "substr(_1, CASE WHEN _2 >= 0 THEN greatest(length(_1) - _2 + 1, 1) ELSE 1 - _2 END)", "_2")


@says("contains", least=2)
def contains(call: Call) -> exp.Expr:
    """Whether a text is in another; a list has list_contains."""
    kind = call.kinds[0]
    if kind and kind.name == "list":
        return call.speaker.say_call("list_contains", call)
    if kind and kind.name == "map":
        return call.speaker.say_call("map_contains", call)
    return call.say("contains(_1, _2)", "strpos(_1, _2) > 0", BOOL)


@says("split_part", least=3)
def split_part(call: Call) -> exp.Expr:
    """Counted from 1, or from the end; an empty text where there is no such part."""
    number = whole(call.parts[2])
    if not text_of(call.parts[1]):
        raise call.refuse("Write what to split at as a text that is not empty.")
    if number == 0:
        raise call.refuse("Count the parts from 1.")
    return call.say(
        "split_part(_1, _2, CAST(_3 AS INT))",
        "CASE WHEN _1 IS NOT NULL AND _3 IS NOT NULL THEN coalesce(element_at(split(_1, _2), _3), '') END",
        TEXT,
    )


@says("string_split", "str_split", "string_to_array", least=2)
def split(call: Call) -> exp.Expr:
    """Spark splits at a pattern, the others at a text."""
    at = text_of(call.parts[1])
    if not at:
        raise call.refuse("Write what to split at as a text that is not empty.")
    pattern = exp.Literal.string(re.sub(r"([^\w ])", r"\\\1", at))
    return call.say("split(_1, _3, -1)", "split(_1, _2)", list_of(TEXT), *call.parts, pattern)


@says("chr")
def chr_(call: Call) -> exp.Expr:
    """Spark's knows only 256 characters."""
    number = whole(call.parts[0])
    if number is not None and 0 < number <= 0x10FFFF:
        return typed(exp.Literal.string(chr(number)), TEXT)
    if call.spark:
        raise call.refuse("Write the number itself, as chr(10).")
    return call.say("", "chr(_1)", TEXT)


@says("concat", most=99)
def concat(call: Call) -> exp.Expr:
    """NULLs are passed over."""
    if any(kind and kind.name == "list" for kind in call.kinds):
        return call.speaker.say_call("list_concat", call)
    texts = [_or_empty(call, part) for part in call.parts]
    return typed(texts[0], TEXT) if len(texts) == 1 else plain_call("concat", *texts, kind=TEXT)


def _or_empty(call: Call, part: exp.Expr) -> exp.Expr:
    if text_of(part) is not None:
        return part
    return call.say("coalesce(_1, '')", "coalesce(_1, '')", TEXT, cast_to(call.speaker, part, TEXT, call.node))


@says("concat_ws", least=2, most=99)
def concat_ws(call: Call) -> exp.Expr:
    """The texts that are not NULL, with something between them."""
    if any(kind and kind.name == "list" for kind in call.kinds):
        raise call.refuse("Write array_to_string(list, ', ').")
    texts = (cast_to(call.speaker, part, TEXT, call.node) for part in call.parts)
    return plain_call("concat_ws", *texts, kind=TEXT)


@says("hex", "to_hex")
def hex_(call: Call) -> exp.Expr:
    """The bytes of a text, or a whole number from 0 on, in digits of 16."""
    kind = kind_of(call.parts[0])
    if kind == TEXT:
        return call.say("hex(_1)", "to_hex(to_utf8(_1))", TEXT)
    if kind and kind.is_int:
        return call.say("hex(_1)", "upper(to_base(_1, 16))", TEXT)
    raise call.refuse("Write hex(CAST(x AS VARCHAR)) or hex(CAST(x AS BIGINT)).")
