"""Places: tokens of the rendered text, how far a node reaches, and edits in the user's text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterator

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import Token

from drawloom.model import Edit, Where
from drawloom.sql.advice._memo import per_script
from drawloom.sql.script import Script

Span = tuple[int, int]


@per_script
def tokens(script: Script) -> list[Token]:
    """The tokens of the rendered text; their ``end`` is the last character's offset."""
    return list(Dialect.get_or_raise(script.dialect).tokenize(script.rendered.text))


def extent(node: exp.Expr) -> Span | None:
    """From the first to behind the last name, literal or function of a node, as offsets in the rendered text."""
    spots = [inner.meta for inner in node.walk() if has_place(inner)]
    return (min(meta["start"] for meta in spots), max(meta["end"] for meta in spots) + 1) if spots else None


def has_place(node: exp.Expr) -> bool:
    """Whether the parser noted a place for this node itself; it leaves the end out where it made the name up."""
    meta = node._meta or {}  # noqa: SLF001 - `node.meta` would make an empty dict for every node
    return meta.get("start") is not None and meta.get("end") is not None


def words(script: Script, *texts: str, within: Span | None = None) -> Iterator[Token]:
    """The tokens with one of these texts (upper case), in order, that lie within a span."""
    found = tokens(script)
    first = bisect_left(found, within[0], key=lambda token: token.start) if within else 0
    for token in found[first:]:
        if within and token.start >= within[1]:
            return
        if token.text.upper() in texts:
            yield token


def start_of(script: Script, node: exp.Expr) -> int:
    """The offset in the rendered text where a node begins, or the part that it belongs to."""
    around: exp.Expr | None = node
    while around is not None:
        if span := extent(around):
            return (whole(script, around) or span)[0]
        around = around.parent
    return 0


def keyword(script: Script, node: exp.Expr, *texts: str, taken: Container[int] = ()) -> Token | None:
    """The token of a node that is only a keyword and so has no place of its own: the nearest to what is around it."""
    around = node
    while (span := extent(around)) is None and around.parent is not None:
        around = around.parent
    low, high = span or (0, 0)
    found = [token for token in words(script, *texts) if token.start not in taken]
    return min(found, key=lambda token: max(low - token.start, token.start - high, 0), default=None)


def before(script: Script, offset: int, *texts: str) -> Token | None:
    """The last token before an offset, of those with these texts if any are given."""
    found = tokens(script)
    for n in range(bisect_left(found, offset, key=lambda token: token.start) - 1, -1, -1):
        if not texts or found[n].text.upper() in texts:
            return found[n]
    return None


def after(script: Script, offset: int) -> Token | None:
    """The first token that starts behind an offset."""
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


def in_source(script: Script, span: Span) -> Span | None:
    """The span in the user's text; None where an end of it comes out of a template expression."""
    rendered, (start, end) = script.rendered, span
    if not rendered.copied(start, start + 1) or not rendered.copied(end - 1, end):
        return None
    return rendered.origin(start), rendered.origin(end - 1) + 1


def edit(script: Script, span: Span | None, text: str) -> tuple[Edit, ...]:
    """The edit that replaces a span of the rendered text, none where it does not map back to the user's text."""
    found = in_source(script, span) if span and span[0] < span[1] else None
    return (Edit(*found, text),) if found else ()


def insert(script: Script, after: int, text: str) -> tuple[Edit, ...]:
    """The edit that puts a text behind a character of the rendered text."""
    found = in_source(script, (after, after + 1))
    return (Edit(found[1], found[1], text),) if found else ()


def source_offset(script: Script, where: Where) -> int:
    """The offset in the user's text of a line and column."""
    lines = script.rendered.source.split("\n")
    line = min(where.line or 1, len(lines)) - 1
    return sum(len(text) + 1 for text in lines[:line]) + (where.column or 1) - 1


def whole(script: Script, node: exp.Expr) -> Span | None:
    """A node with its function's name and all its brackets; None where keywords without a place belong to it."""
    span = extent(node) if _is_spelled(node) else None
    if span is None:
        return None
    start = _first_name(script, node, span[0])
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


def _first_name(script: Script, node: exp.Expr, start: int) -> int:
    """Where a node begins if calls stand on its left whose names the parser gave no place, as that of CAST."""
    calls = []
    left: object = node
    while isinstance(left, exp.Func | exp.Binary | exp.Between | exp.In):
        calls += [left] if isinstance(left, exp.Func) and not isinstance(left, exp.Connector) else []
        left = left.args.get("this")
    for call in reversed(calls):
        if not has_place(call):
            start = _call_start(script, start)
    return start


def _call_start(script: Script, start: int) -> int:
    bracket = before(script, start)
    if bracket is not None and bracket.text.upper() == "DISTINCT":
        bracket = before(script, bracket.start)
    name = before(script, bracket.start) if bracket is not None and bracket.text == "(" else None
    touches = name is not None and bracket is not None and name.end + 1 == bracket.start
    return name.start if name is not None and touches and name.text.isidentifier() else start


def text_of(script: Script, node: exp.Expr) -> str:
    """A node for messages, cut short: in the user's words where they stand together, else as the dialect writes it."""
    span = whole(script, node)
    copied = span is not None and script.rendered.copied(*span)
    words_ = script.rendered.text[slice(*span)] if span and copied else node.sql(script.dialect, comments=False)
    text = " ".join(words_.split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_spelled(node: exp.Expr) -> bool:
    """Whether a node's place covers it whole; keywords as those of IS NULL have none."""
    if isinstance(node, exp.Between):
        return _is_spelled(node.this) and _is_spelled(node.args["high"])
    if isinstance(node, exp.In):
        return _is_spelled(node.this) and bool(node.expressions)
    if isinstance(node, exp.Binary) and not isinstance(node, exp.Is | exp.Dot):
        return _is_spelled(node.this) and _is_spelled(node.expression)
    return isinstance(node, exp.Column | exp.Literal | exp.Func) and not isinstance(node, exp.Case | exp.CurrentDate)
