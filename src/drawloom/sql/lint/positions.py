"""Positions: tokens of the rendered text, the span of a node in it, and edits of the user's text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import Token

from drawloom.model import Edit, Where
from drawloom.sql.lint.nodes import per_script
from drawloom.sql.script import Script

Span = tuple[int, int]


@per_script
def tokens(script: Script) -> list[Token]:
    """The tokens of the rendered text; their ``end`` is the last character's offset."""
    return list(Dialect.get_or_raise(script.dialect).tokenize(script.rendered.text))


def extent(node: exp.Expr) -> Span | None:
    """Start and end offsets, in the rendered text, of the names, literals and functions of a node."""
    spots = [inner.meta for inner in node.walk() if has_position(inner)]
    return (min(meta["start"] for meta in spots), max(meta["end"] for meta in spots) + 1) if spots else None


def has_position(node: exp.Expr) -> bool:
    """Whether the parser recorded a position for this node itself; a name that it made up has no end."""
    meta = node._meta or {}  # noqa: SLF001 - `node.meta` would make an empty dict for every node
    return meta.get("start") is not None and meta.get("end") is not None


def start_offset(script: Script, node: exp.Expr) -> int:
    """The offset in the rendered text where a node begins, or the nearest node around it that has a position."""
    around: exp.Expr | None = node
    while around is not None:
        if span := extent(around):
            return (full_span(script, around) or span)[0]
        around = around.parent
    return 0


def nearest_keyword(script: Script, node: exp.Expr, *texts: str, skip: Container[int] = ()) -> Token | None:
    """The token of a node that is only a keyword, which has no position: the one nearest to the node around it."""
    around = node
    while (span := extent(around)) is None and around.parent is not None:
        around = around.parent
    low, high = span or (0, 0)
    found = [token for token in tokens(script) if token.text.upper() in texts and token.start not in skip]
    return min(found, key=lambda token: max(low - token.start, token.start - high, 0), default=None)


def token_before(script: Script, offset: int, *texts: str) -> Token | None:
    """The last token before an offset; if texts are given, the last one with one of these texts."""
    found = tokens(script)
    for n in range(bisect_left(found, offset, key=lambda token: token.start) - 1, -1, -1):
        if not texts or found[n].text.upper() in texts:
            return found[n]
    return None


def token_after(script: Script, offset: int) -> Token | None:
    """The first token that starts after an offset."""
    found = tokens(script)
    n = bisect_left(found, offset + 1, key=lambda token: token.start)
    return found[n] if n < len(found) else None


def clause_end(script: Script, start: int, *stops: str) -> int:
    """Where the clause that starts at an offset ends: before the closing parenthesis around it, `;` or a stop word."""
    depth, end = 0, start
    found = tokens(script)
    for token in found[bisect_left(found, start, key=lambda token: token.start) :]:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth < 0 or token.text == ";" or (depth == 0 and token.text.upper() in stops):
            break
        end = token.end + 1
    return end


def source_span(script: Script, span: Span) -> Span | None:
    """The span in the user's text; None if one of its ends comes from a template expression."""
    rendered, (start, end) = script.rendered, span
    if not rendered.is_verbatim(start, start + 1) or not rendered.is_verbatim(end - 1, end):
        return None
    return rendered.origin(start), rendered.origin(end - 1) + 1


def replace_span(script: Script, span: Span | None, text: str) -> tuple[Edit, ...]:
    """The edit that replaces a span of the rendered text; none if the span does not map back to the user's text."""
    found = source_span(script, span) if span and span[0] < span[1] else None
    return (Edit(*found, text),) if found else ()


def insert_after(script: Script, offset: int, text: str) -> tuple[Edit, ...]:
    """The edit that puts a text after a character of the rendered text."""
    found = source_span(script, (offset, offset + 1))
    return (Edit(found[1], found[1], text),) if found else ()


def source_offset(script: Script, where: Where) -> int:
    """The offset in the user's text of a line and column."""
    lines = script.rendered.source.split("\n")
    line = min(where.line or 1, len(lines)) - 1
    return sum(len(text) + 1 for text in lines[:line]) + (where.column or 1) - 1


def full_span(script: Script, node: exp.Expr) -> Span | None:
    """The span of a node with its function's name and brackets; None if it has keywords without a position."""
    span = extent(node) if _has_full_span(node) else None
    if span is None:
        return None
    start = _start_with_call_names(script, node, span[0])
    found = tokens(script)
    depth = 0
    for n in range(bisect_left(found, start, key=lambda token: token.start), len(found)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(found[n].text, 0)
        opens = isinstance(node, exp.Func) and found[n + 1 : n + 2] and found[n + 1].text == "("
        if depth < 0:
            return None
        if depth == 0 and found[n].end + 1 >= span[1] and not opens:
            return start, found[n].end + 1
    return None


def _start_with_call_names(script: Script, node: exp.Expr, start: int) -> int:
    """Where a node begins if its left end is calls whose names have no position, such as CAST."""
    calls = []
    left: object = node
    while isinstance(left, exp.Func | exp.Binary | exp.Between | exp.In):
        calls += [left] if isinstance(left, exp.Func) and not isinstance(left, exp.Connector) else []
        left = left.args.get("this")
    for call in reversed(calls):
        if not has_position(call):
            start = _call_start(script, start)
    return start


def _call_start(script: Script, start: int) -> int:
    bracket = token_before(script, start)
    if bracket is not None and bracket.text.upper() == "DISTINCT":
        bracket = token_before(script, bracket.start)
    name = token_before(script, bracket.start) if bracket is not None and bracket.text == "(" else None
    touches = name is not None and bracket is not None and name.end + 1 == bracket.start
    return name.start if name is not None and touches and name.text.isidentifier() else start


def snippet(script: Script, node: exp.Expr) -> str:
    """A node's SQL for messages, at most 80 characters: as the user wrote it if possible, else in the dialect."""
    span = full_span(script, node)
    copied = span is not None and script.rendered.is_verbatim(*span)
    shown = script.rendered.text[slice(*span)] if span and copied else node.sql(script.dialect, comments=False)
    text = " ".join(shown.split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _has_full_span(node: exp.Expr) -> bool:
    """Whether the positions of a node's parts cover all of it; keywords such as IS NULL have none."""
    if isinstance(node, exp.Between):
        return _has_full_span(node.this) and _has_full_span(node.args["high"])
    if isinstance(node, exp.In):
        return _has_full_span(node.this) and bool(node.expressions)
    if isinstance(node, exp.Binary) and not isinstance(node, exp.Is | exp.Dot):
        return _has_full_span(node.this) and _has_full_span(node.expression)
    return isinstance(node, exp.Column | exp.Literal | exp.Func) and not isinstance(node, exp.Case | exp.CurrentDate)
