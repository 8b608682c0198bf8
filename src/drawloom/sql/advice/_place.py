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
    starts, ends = [], []
    for inner in node.walk():
        meta = inner._meta  # noqa: SLF001 - `inner.meta` would make an empty dict for every node
        if meta and "start" in meta:
            starts.append(meta["start"])
            ends.append(meta["end"])
    return (min(starts), max(ends) + 1) if starts else None


def words(script: Script, *texts: str, within: Span | None = None) -> Iterator[Token]:
    """The tokens with one of these texts (upper case), in order, that lie within a span."""
    found = tokens(script)
    first = bisect_left(found, within[0], key=lambda token: token.start) if within else 0
    for token in found[first:]:
        if within and token.start >= within[1]:
            return
        if token.text.upper() in texts:
            yield token


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


def text_of(script: Script, node: exp.Expr) -> str:
    """A node as SQL, cut short, for messages."""
    text = node.sql(script.dialect)
    return text if len(text) <= 60 else f"{text[:57]}..."
