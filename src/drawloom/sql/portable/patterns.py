"""Regular expressions: those that RE2, Java and Joni read alike; others are refused."""

from __future__ import annotations

import re

from sqlglot import exp

from drawloom.sql.portable.kinds import BOOL, INTEGER, TEXT, list_of
from drawloom.sql.portable.nodes import call as plain_call
from drawloom.sql.portable.nodes import shut, text_of, typed, whole
from drawloom.sql.portable.registry import Call, says
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

_WAY = "Write the pattern as a text, of letters, classes, groups, * + ? {n} | ^ and $."
# What the three read differently: POSIX classes, nested classes, && in classes, \\p, \\C, \\Q, \\b beside letters, flags.
_STRANGE = re.compile(r"\[\[:|\\[pPCQEzZAGhHvVRXuUx0-9]|\(\?(?!:|i\))|\[[^\]]*[\[&~-]{2}|\[[^\]\\]*\[|[*+?}]\+")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def pattern(call: Call, node: exp.Expr) -> str:
    """The pattern for the engine: $ is the very end there as well."""
    text = text_of(node)
    if text is None or _STRANGE.search(text):
        raise call.refuse(_WAY)
    return "".join(r"\z" if piece == "$" else piece for piece in _TOKEN.findall(text))


def _literal(call: Call, node: exp.Expr, before: str = "", after: str = "") -> exp.Expr:
    text = before + pattern(call, node) + after
    if call.spark and re.search(r"\.|\$|\^", text):
        text = "(?d)" + text
    return exp.Literal.string(text)


def _no_flags(call: Call, at: int) -> None:
    if len(call.parts) > at:
        raise call.refuse("Write flags into the pattern, as (?i).")


@says("regexp_matches", least=2, most=3)
def regexp_matches(call: Call) -> exp.Expr:
    """Whether the pattern is found somewhere."""
    _no_flags(call, 2)
    return call.say("_1 RLIKE _2", "regexp_like(_1, _2)", BOOL, call.parts[0], _literal(call, call.parts[1]))


@says("regexp_full_match", least=2, most=3)
def regexp_full_match(call: Call) -> exp.Expr:
    """Whether the whole text is of the pattern."""
    _no_flags(call, 2)
    given = _literal(call, call.parts[1], "^(?:", r")\z")
    return call.say("_1 RLIKE _2", "regexp_like(_1, _2)", BOOL, call.parts[0], given)


@node_rule(exp.SimilarTo, exp.RegexpLike)
def similar(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """SIMILAR TO and ~: the whole text, as in DuckDB."""
    call = Call("similar", node, (speaker.say(node.this, scope), speaker.say(node.expression, scope)), speaker, scope)
    said = regexp_full_match(call)
    return typed(exp.Not(this=shut(said)), BOOL) if node.args.get("negate") else said


@says("regexp_extract", least=2, most=3)
def regexp_extract(call: Call) -> exp.Expr:
    """What the pattern, or a group of it, has found; an empty text where it is not there."""
    group = whole(call.parts[2]) if len(call.parts) == 3 else 0
    if group is None:
        raise call.refuse("Name the group by its number.")
    number = typed(exp.Literal.number(group), INTEGER)
    parts = call.parts[0], _literal(call, call.parts[1]), number
    return call.say(
        "regexp_extract(_1, _2, _3)",
        "CASE WHEN _1 IS NOT NULL THEN coalesce(regexp_extract(_1, _2, _3), '') END",
        TEXT,
        *parts,
    )


@says("regexp_extract_all", least=2, most=3)
def regexp_extract_all(call: Call) -> exp.Expr:
    """All that the pattern, or a group of it, has found."""
    group = whole(call.parts[2]) if len(call.parts) == 3 else 0
    if group is None:
        raise call.refuse("Name the group by its number.")
    parts = call.parts[0], _literal(call, call.parts[1]), typed(exp.Literal.number(group), INTEGER)
    return call.say("regexp_extract_all(_1, _2, _3)", "regexp_extract_all(_1, _2, _3)", list_of(TEXT), *parts)


@says("regexp_replace", least=3, most=4)
def regexp_replace(call: Call) -> exp.Expr:
    """Everywhere, which DuckDB does with the flag 'g'."""
    flags = text_of(call.parts[3]) if len(call.parts) == 4 else ""
    once = (text_of(call.parts[1]) or "").startswith("^")
    if flags != "g" and not (flags == "" and once):
        raise call.refuse("Write regexp_replace(x, pattern, new, 'g'), or begin the pattern with ^.")
    new = text_of(call.parts[2])
    if new is None:
        raise call.refuse("Write what to put there as a text.")
    put = exp.Literal.string(re.sub(r"\\(\d)", r"$\1", new.replace("$", r"\$")) if "\\\\" not in new else new)
    return plain_call("regexp_replace", call.parts[0], _literal(call, call.parts[1]), put, kind=TEXT)


@says("regexp_split_to_array", "string_split_regex", "str_split_regex", least=2)
def regexp_split(call: Call) -> exp.Expr:
    """The parts between what the pattern finds."""
    parts = call.parts[0], _literal(call, call.parts[1])
    return call.say("split(_1, _2, -1)", "regexp_split(_1, _2)", list_of(TEXT), *parts)
