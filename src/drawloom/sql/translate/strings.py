"""Functions of text, regular expressions and JSON.

Of regular expressions those are translated that RE2 (DuckDB), Java (Spark) and Joni (Trino) read alike. JSON is kept as text.
"""

from __future__ import annotations

import re

from sqlglot import exp

from drawloom.sql.translate.casts import cast_to
from drawloom.sql.translate.expressions import function_call, int_value, parenthesize, string_value, type_of, with_type
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import (
    Call,
    Translator,
    function_rule,
    node_rule,
    template_rule,
    unsupported_functions,
)
from drawloom.sql.translate.types import BIGINT, BLOB, BOOL, INTEGER, JSON, TEXT, list_of

template_rule("upper ucase", 1, TEXT, "upper(_1)")
template_rule("lower lcase", 1, TEXT, "lower(_1)")
template_rule("strlen", 1, BIGINT, "octet_length(_1)", "length(to_utf8(_1))")
template_rule("strpos instr position", 2, BIGINT, "instr(_1, _2)", "strpos(_1, _2)")
template_rule("starts_with prefix", 2, BOOL, "startswith(_1, _2)", "starts_with(_1, _2)")
template_rule(
    "ends_with suffix",
    2,
    BOOL,
    "endswith(_1, _2)",
    "substr(_1, length(_1) - length(_2) + 1) = _2 AND length(_1) >= length(_2) OR _2 = ''",
)
template_rule("translate", 3, TEXT, "translate(_1, _2, _3)")
template_rule("md5", 1, TEXT, "md5(_1)", "lower(to_hex(md5(to_utf8(_1))))")
template_rule("sha1", 1, TEXT, "sha1(_1)", "lower(to_hex(sha1(to_utf8(_1))))")
template_rule("sha256", 1, TEXT, "sha2(_1, 256)", "lower(to_hex(sha256(to_utf8(_1))))")
unsupported_functions(
    "levenshtein editdist3 damerau_levenshtein", "DuckDB counts bytes, the others letters: compare in Python."
)
unsupported_functions("ascii unicode ord", "Compare the text itself.")
unsupported_functions("format printf", "Write the parts with ||.")
unsupported_functions("strip_accents", "Write translate(x, 'áé', 'ae') with the letters that occur.")


@function_rule("length", "len", "char_length", "character_length")
def length(call: Call) -> exp.Expr:
    """The characters of a text, or the elements of a list."""
    dtype = call.types[0]
    if dtype and dtype.name == "list":
        return call.build("CASE WHEN _1 IS NOT NULL THEN size(_1) END", "cardinality(_1)", BIGINT)
    if dtype and dtype != TEXT and dtype.name != "null":
        raise call.unsupported("Write length(text), list_len(list) or cardinality(map).")
    if call.name == "len" and dtype is None:
        raise call.unsupported(
            "Write length(x) for a text, list_len(x) for a list: which of the two it is is not known here."
        )
    return call.build("length(_1)", "length(_1)", BIGINT)


@function_rule("reverse")
def reverse(call: Call) -> exp.Expr:
    """The text backwards."""
    return call.build("reverse(_1)", "reverse(_1)", call.types[0] or TEXT)


@function_rule("trim", "ltrim", "rtrim", max_args=2)
def trim(call: Call) -> exp.Expr:
    """Blanks only, or the characters of the second text: Trino's own trim takes off tabs as well."""
    side = {"trim": "BOTH", "ltrim": "LEADING", "rtrim": "TRAILING"}[call.name]
    what = "_2" if len(call.args) == 2 else "' '"
    return call.build(f"TRIM({side} {what} FROM _1)", f"TRIM({side} {what} FROM _1)", TEXT)


@node_rule(exp.Trim)
def trim_from(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """TRIM(BOTH 'x' FROM y)."""
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    parts = [translator.translate(each, scope) for each in (node.this, node.args.get("expression")) if each is not None]
    return trim(Call(name, node, tuple(parts), translator, scope))


@node_rule(exp.Substring)
def substring_from(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """SUBSTRING(x FROM 1 FOR 2)."""
    given = (node.this, node.args.get("start") or exp.Literal.number(1), node.args.get("length"))
    parts = tuple(translator.translate(each, scope) for each in given if each is not None)
    return substr(Call("substr", node, parts, translator, scope))


@node_rule(exp.StrPosition)
def position(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """POSITION(x IN y)."""
    parts = translator.translate(node.this, scope), translator.translate(node.args["substr"], scope)
    return translator.translate_call("strpos", Call("position", node, parts, translator, scope))


@function_rule("lpad", "rpad", min_args=3)
def pad(call: Call) -> exp.Expr:
    """Padded, or cut, to a length."""
    if not string_value(call.args[2]):
        raise call.unsupported("Write what to fill with as a text that is not empty.")
    return call.build(f"{call.name}(_1, CAST(_2 AS INT), _3)", f"{call.name}(_1, _2, _3)", TEXT)


@function_rule("repeat", min_args=2)
def repeat(call: Call) -> exp.Expr:
    """A text repeated."""
    trino = "CASE WHEN _1 IS NOT NULL AND _2 IS NOT NULL THEN array_join(repeat(_1, CAST(greatest(_2, 0) AS INTEGER)), '') END"
    return call.build("repeat(_1, CAST(_2 AS INT))", trino, TEXT)


@function_rule("replace", min_args=3)
def replace(call: Call) -> exp.Expr:
    """Nothing is replaced where the text to look for is empty."""
    plain = "replace(_1, _2, _3)"
    if string_value(call.args[1]):
        return call.build(plain, plain, TEXT)
    return call.build(plain, f"CASE WHEN _2 = '' AND _3 IS NOT NULL THEN _1 ELSE {plain} END", TEXT)


@function_rule("substr", "substring", min_args=2, max_args=3)
def substr(call: Call) -> exp.Expr:
    """The start counts from 1, a negative one from the end; a negative length goes to the left of the start."""
    start, long = int_value(call.args[1]), int_value(call.args[2]) if len(call.args) == 3 else None
    given = "substr(_1, _2, _3)" if len(call.args) == 3 else "substr(_1, _2)"
    if start is not None and start > 0 and (len(call.args) == 2 or (long is not None and long >= 0)):
        return call.build(given, given, TEXT)
    if len(call.args) == 2:
        return call.build(
            given,
            "substr(_1, CASE WHEN _2 > 0 THEN _2 WHEN _2 < 0 THEN greatest(length(_1) + _2 + 1, 1) ELSE 1 + _2 END)",
            TEXT,
        )
    if start == 1:
        return _null_if_null(call, "substr(_1, 1, greatest(_3, 0))", "_3")
    at = "CAST(_2 AS BIGINT)"
    first = f"CASE WHEN {at} >= 0 THEN {at} ELSE length(_1) + {at} + 1 END"
    end = f"({first}) + _3"
    low, high = f"greatest(least({first}, {end}), 1)", f"greatest({first}, {end})"
    count = f"greatest({high} - {low}, 0)"
    text = f"substr(_1, CAST({low} AS INT), CAST({count} AS INT))" if call.is_spark else f"substr(_1, {low}, {count})"
    return _null_if_null(call, text, "_2", "_3")


def _null_if_null(call: Call, text: str, *args: str) -> exp.Expr:
    """NULL where one of these arguments is: Spark's greatest and least skip NULLs."""
    if call.is_spark:
        text = f"CASE WHEN {' AND '.join(f'{arg} IS NOT NULL' for arg in args)} THEN {text} END"
    return call.build(text, text, TEXT)


@function_rule("left", min_args=2)
def left(call: Call) -> exp.Expr:
    """The first characters; all but the last ones where the number is negative."""
    count = int_value(call.args[1])
    if count is not None and count >= 0:
        return call.build("left(_1, _2)", "substr(_1, 1, _2)", TEXT)
    return _null_if_null(call, "substr(_1, 1, CASE WHEN _2 >= 0 THEN _2 ELSE greatest(length(_1) + _2, 0) END)", "_2")


@function_rule("right", min_args=2)
def right(call: Call) -> exp.Expr:
    """The last characters; all but the first ones where the number is negative."""
    count = int_value(call.args[1])
    if count is not None and count > 0:
        return call.build("right(_1, _2)", f"substr(_1, greatest(length(_1) - {count - 1}, 1))", TEXT)
    return _null_if_null(
        call, "substr(_1, CASE WHEN _2 >= 0 THEN greatest(length(_1) - _2 + 1, 1) ELSE 1 - _2 END)", "_2"
    )


@function_rule("contains", min_args=2)
def contains(call: Call) -> exp.Expr:
    """Whether a text contains another; for a list it is list_contains."""
    dtype = call.types[0]
    if dtype and dtype.name == "list":
        return call.translator.translate_call("list_contains", call)
    if dtype and dtype.name == "map":
        return call.translator.translate_call("map_contains", call)
    return call.build("contains(_1, _2)", "strpos(_1, _2) > 0", BOOL)


@function_rule("split_part", min_args=3)
def split_part(call: Call) -> exp.Expr:
    """The part counts from 1, a negative one from the end; an empty text where there is none."""
    number = int_value(call.args[2])
    if not string_value(call.args[1]):
        raise call.unsupported("Write the separator as a text that is not empty.")
    if number == 0:
        raise call.unsupported("Count the parts from 1.")
    return call.build(
        "split_part(_1, _2, CAST(_3 AS INT))",
        "CASE WHEN _1 IS NOT NULL AND _3 IS NOT NULL THEN coalesce(element_at(split(_1, _2), _3), '') END",
        TEXT,
    )


@function_rule("string_split", "str_split", "string_to_array", min_args=2)
def split(call: Call) -> exp.Expr:
    """Spark splits at a pattern, the others at a text."""
    at = string_value(call.args[1])
    if not at:
        raise call.unsupported("Write the separator as a text that is not empty.")
    separator_pattern = exp.Literal.string(re.sub(r"([^\w ])", r"\\\1", at))
    return call.build("split(_1, _3, -1)", "split(_1, _2)", list_of(TEXT), *call.args, separator_pattern)


@function_rule("chr")
def chr_(call: Call) -> exp.Expr:
    """Spark's chr has only 256 characters."""
    number = int_value(call.args[0])
    if number is not None and 0 < number <= 0x10FFFF:
        return with_type(exp.Literal.string(chr(number)), TEXT)
    if call.is_spark:
        raise call.unsupported("Write the number itself, as chr(10).")
    return call.build("", "chr(_1)", TEXT)


@function_rule("concat", max_args=99)
def concat(call: Call) -> exp.Expr:
    """concat skips NULLs."""
    if any(dtype and dtype.name == "list" for dtype in call.types):
        return call.translator.translate_call("list_concat", call)
    texts = [_or_empty(call, part) for part in call.args]
    return with_type(texts[0], TEXT) if len(texts) == 1 else function_call("concat", *texts, dtype=TEXT)


def _or_empty(call: Call, part: exp.Expr) -> exp.Expr:
    if string_value(part) is not None:
        return part
    return call.build("coalesce(_1, '')", "coalesce(_1, '')", TEXT, cast_to(call.translator, part, TEXT, call.node))


@function_rule("concat_ws", min_args=2, max_args=99)
def concat_ws(call: Call) -> exp.Expr:
    """The texts that are not NULL, joined by a separator."""
    if any(dtype and dtype.name == "list" for dtype in call.types):
        raise call.unsupported("Write array_to_string(list, ', ').")
    texts = (cast_to(call.translator, part, TEXT, call.node) for part in call.args)
    return function_call("concat_ws", *texts, dtype=TEXT)


@function_rule("hex", "to_hex")
def hex_(call: Call) -> exp.Expr:
    """The bytes of a text or a BLOB, or a whole number, in hexadecimal."""
    dtype = type_of(call.args[0])
    if dtype == BLOB:
        return call.build("hex(_1)", "to_hex(_1)", TEXT)
    if dtype == TEXT:
        return call.build("hex(_1)", "to_hex(to_utf8(_1))", TEXT)
    if dtype and dtype.is_int:
        return call.build("hex(_1)", "upper(to_base(_1, 16))", TEXT)
    raise call.unsupported("Write hex(CAST(x AS VARCHAR)) or hex(CAST(x AS BIGINT)).")


_PATTERN_FIX = "Write the pattern as a text, of letters, classes, groups, * + ? {n} | ^ and $."
# What RE2, Java and Joni read differently: POSIX classes, nested classes, && in classes, \\p, \\C, \\Q, \\b, flags.
_NOT_PORTABLE = re.compile(r"\[\[:|\\[pPCQEzZAGhHvVRXuUx0-9]|\(\?(?!:|i\))|\[[^\]]*[\[&~-]{2}|\[[^\]\\]*\[|[*+?}]\+")
_PATTERN_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def portable_pattern(call: Call, node: exp.Expr) -> str:
    """The pattern for the engine, where $ is written \\z: the very end of the text."""
    text = string_value(node)
    if text is None or _NOT_PORTABLE.search(text):
        raise call.unsupported(_PATTERN_FIX)
    return "".join(r"\z" if piece == "$" else piece for piece in _PATTERN_PIECES.findall(text))


def _literal(call: Call, node: exp.Expr, before: str = "", after: str = "") -> exp.Expr:
    text = before + portable_pattern(call, node) + after
    if call.is_spark and re.search(r"\.|\$|\^", text):
        text = "(?d)" + text
    return exp.Literal.string(text)


def _no_flags(call: Call, at: int) -> None:
    if len(call.args) > at:
        raise call.unsupported("Write flags into the pattern, as (?i).")


@function_rule("regexp_matches", min_args=2, max_args=3)
def regexp_matches(call: Call) -> exp.Expr:
    """Whether the pattern matches somewhere in the text."""
    _no_flags(call, 2)
    return call.build("_1 RLIKE _2", "regexp_like(_1, _2)", BOOL, call.args[0], _literal(call, call.args[1]))


@function_rule("regexp_full_match", min_args=2, max_args=3)
def regexp_full_match(call: Call) -> exp.Expr:
    """Whether the whole text matches the pattern."""
    _no_flags(call, 2)
    given = _literal(call, call.args[1], "^(?:", r")\z")
    return call.build("_1 RLIKE _2", "regexp_like(_1, _2)", BOOL, call.args[0], given)


@node_rule(exp.SimilarTo, exp.RegexpLike)
def similar_to(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """SIMILAR TO and ~: the whole text, as in DuckDB."""
    call = Call(
        "similar",
        node,
        (translator.translate(node.this, scope), translator.translate(node.expression, scope)),
        translator,
        scope,
    )
    translated = regexp_full_match(call)
    return with_type(exp.Not(this=parenthesize(translated)), BOOL) if node.args.get("negate") else translated


@function_rule("regexp_extract", min_args=2, max_args=3)
def regexp_extract(call: Call) -> exp.Expr:
    """The first match of the pattern or of a group; an empty text where there is none."""
    group = int_value(call.args[2]) if len(call.args) == 3 else 0
    if group is None:
        raise call.unsupported("Name the group by its number.")
    number = with_type(exp.Literal.number(group), INTEGER)
    parts = call.args[0], _literal(call, call.args[1]), number
    return call.build(
        "regexp_extract(_1, _2, _3)",
        "CASE WHEN _1 IS NOT NULL THEN coalesce(regexp_extract(_1, _2, _3), '') END",
        TEXT,
        *parts,
    )


@function_rule("regexp_extract_all", min_args=2, max_args=3)
def regexp_extract_all(call: Call) -> exp.Expr:
    """All matches of the pattern or of a group."""
    group = int_value(call.args[2]) if len(call.args) == 3 else 0
    if group is None:
        raise call.unsupported("Name the group by its number.")
    parts = call.args[0], _literal(call, call.args[1]), with_type(exp.Literal.number(group), INTEGER)
    return call.build("regexp_extract_all(_1, _2, _3)", "regexp_extract_all(_1, _2, _3)", list_of(TEXT), *parts)


@function_rule("regexp_replace", min_args=3, max_args=4)
def regexp_replace(call: Call) -> exp.Expr:
    """Replaces all matches, which DuckDB does with the flag 'g'."""
    flags = string_value(call.args[3]) if len(call.args) == 4 else ""
    is_anchored = (string_value(call.args[1]) or "").startswith("^")
    if flags != "g" and not (flags == "" and is_anchored):
        raise call.unsupported("Write regexp_replace(x, pattern, new, 'g'), or begin the pattern with ^.")
    new = string_value(call.args[2])
    if new is None:
        raise call.unsupported("Write the replacement as a text.")
    replacement = exp.Literal.string(re.sub(r"\\(\d)", r"$\1", new.replace("$", r"\$")) if "\\\\" not in new else new)
    return function_call("regexp_replace", call.args[0], _literal(call, call.args[1]), replacement, dtype=TEXT)


@function_rule("regexp_split_to_array", "string_split_regex", "str_split_regex", min_args=2)
def regexp_split(call: Call) -> exp.Expr:
    """The parts between the matches."""
    parts = call.args[0], _literal(call, call.args[1])
    return call.build("split(_1, _2, -1)", "regexp_split(_1, _2)", list_of(TEXT), *parts)


_JSON_PATH = re.compile(r"\$(\.\w+|\[\d+\])*")
unsupported_functions("json_extract json_extract_path json_object json_array json_keys json_structure json_group_array json_group_object json_type",
        "Take single values out with json_extract_string(x, '$.a.b').")  # fmt: skip


@function_rule("json_extract_string", "json_extract_path_text", min_args=2)
def json_extract_string(call: Call) -> exp.Expr:
    """A single value as text."""
    return _json_value(call, string_value(call.args[1]))


def _json_value(call: Call, path: str | None) -> exp.Expr:
    if path is not None and re.fullmatch(r"\w+", path):
        path = f"$.{path}"
    if path is None or not _JSON_PATH.fullmatch(path):
        raise call.unsupported("Write the path as a text, as '$.a.b[0]'.")
    given = exp.Literal.string(path)
    return call.build("get_json_object(_1, _2)", "json_extract_scalar(_1, _2)", TEXT, call.args[0], given)


@node_rule(exp.JSONExtractScalar)
def json_arrow(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """x ->> '$.a'."""
    call = Call("->>", node, (translator.translate(node.this, scope),), translator, scope)
    path = "$"
    for each in node.expression.expressions if isinstance(node.expression, exp.JSONPath) else [None]:
        if isinstance(each, exp.JSONPathKey) and isinstance(each.this, str):
            path += f".{each.this}"
        elif isinstance(each, exp.JSONPathSubscript) and isinstance(each.this, int):
            path += f"[{each.this}]"
        elif not isinstance(each, exp.JSONPathRoot):
            raise call.unsupported("Write json_extract_string(x, '$.a.b').")
    return _json_value(call, path)


@function_rule("json_array_length")
def json_array_length(call: Call) -> exp.Expr:
    """How many elements an array has."""
    return call.build("json_array_length(_1)", "json_array_length(_1)", BIGINT)


@function_rule("to_json")
def to_json(call: Call) -> exp.Expr:
    """A struct, list or map as JSON, NULLs too."""
    dtype = type_of(call.args[0])
    if dtype is None or dtype.name not in {"struct", "list"}:
        raise call.unsupported("Write to_json({'a': x}).")
    return call.build("to_json(_1, map('ignoreNullFields', 'false'))", "CAST(_1 AS JSON)", JSON)
