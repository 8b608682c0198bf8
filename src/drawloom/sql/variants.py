"""One text at many days: parsed once where the days only move literals, apart where they change the statement."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from drawloom.sql.parse import parse
from drawloom.sql.template import Rendered
from drawloom.sql.values import Moving

_PLAIN = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ -:/._+")


@dataclass(frozen=True, slots=True)
class Variant:
    """The runs (by index) that give the same statements, up to the values of the literals that ``moved``."""

    runs: tuple[int, ...]
    rendered: Rendered
    statements: tuple[exp.Expr, ...]
    moved: dict[int, Moving]


def variants(texts: Sequence[Rendered], dialect: str, file: str | None = None) -> list[Variant]:
    """The few different statements that a text is at some runs; the first run is in the first of them.

    Raises:
        InputError: one of them does not parse.
    """
    groups: dict[object, list[int]] = {}
    for index, rendered in enumerate(texts):
        groups.setdefault(_shape(rendered), []).append(index)
    found: list[Variant] = []
    for runs in groups.values():
        found += _split(texts, runs, dialect, file)
    return found


def _shape(rendered: Rendered) -> object:
    """What is the same for renderings that can only differ in what expressions put out."""
    return tuple((piece.source, piece.text if piece.literal else None) for piece in rendered.pieces)


def _split(texts: Sequence[Rendered], runs: list[int], dialect: str, file: str | None) -> Iterator[Variant]:
    first = texts[runs[0]]
    statements, tokens = parse(first, dialect, file)
    moved = _moved([texts[run] for run in runs], tokens)
    if moved is not None and _all_found(statements, moved):
        yield Variant(tuple(runs), first, statements, moved)
        return
    same: dict[str, list[int]] = {}
    for run in runs:
        same.setdefault(texts[run].text, []).append(run)
    for some in same.values():
        rendered = texts[some[0]]
        yield Variant(tuple(some), rendered, parse(rendered, dialect, file)[0], {})


def _moved(texts: Sequence[Rendered], tokens: Sequence[Token]) -> dict[int, Moving] | None:
    """The values of the literals that differ, by their place in the first text; None where more than those differ."""
    first = texts[0]
    starts = [token.start for token in tokens]
    touched: set[int] = set()
    for index, piece in enumerate(first.pieces):
        outputs = {text.pieces[index].text for text in texts}
        if len(outputs) == 1:
            continue
        if not all(_PLAIN.issuperset(output) for output in outputs):
            return None
        place = bisect_right(starts, piece.start) - 1
        if place < 0 or tokens[place].end < piece.start:
            continue  # in a comment
        if not _is_literal(tokens[place], piece.start, piece.start + len(piece.text), first.text):
            return None
        touched.add(place)
    return {tokens[place].start: _values(texts, tokens[place]) for place in sorted(touched)}


def _is_literal(token: Token, start: int, end: int, text: str) -> bool:
    if token.token_type == TokenType.NUMBER:
        return start >= token.start and end <= token.end + 1 and text[token.start : token.end + 1].isdigit()
    inside = start > token.start and end <= token.end
    return token.token_type == TokenType.STRING and inside and text[token.start + 1 : token.end] == token.text


def _values(texts: Sequence[Rendered], token: Token) -> Moving:
    quoted = token.token_type == TokenType.STRING
    start, end = (token.start + 1, token.end) if quoted else (token.start, token.end + 1)
    return Moving(_part(texts[0], text, start, end) for text in texts)


def _part(first: Rendered, other: Rendered, start: int, end: int) -> str:
    """What stands in the other text where the first one has the characters [start, end)."""
    parts: list[str] = []
    at = max(0, bisect_right(first.pieces, start, key=lambda piece: piece.start) - 1)
    for index in range(at, len(first.pieces)):
        piece = first.pieces[index]
        if piece.start >= end:
            break
        if piece.literal:
            parts.append(piece.text[max(0, start - piece.start) : end - piece.start])
        else:
            parts.append(other.pieces[index].text)
    return "".join(parts)


def _all_found(statements: Sequence[exp.Expr], moved: dict[int, Moving]) -> bool:
    """Whether the parser kept the place of every literal that moves."""
    missing = set(moved)
    for statement in statements:
        for node in statement.walk():
            if isinstance(node, exp.Literal) and node._meta:  # noqa: SLF001 - `node.meta` would make an empty dict
                missing.discard(node._meta.get("start", -1))  # noqa: SLF001
    return not missing
