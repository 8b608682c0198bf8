"""Variants of a text over many days: parsed once where only literals differ, separately where the statements do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from drawloom.sql.days.values import PerProbe
from drawloom.sql.parse import parse
from drawloom.sql.template.rendering import Rendered

_LITERAL_CHARACTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ -:/._+")


@dataclass(frozen=True, slots=True)
class Variant:
    """The runs (by index) with the same statements, except for the values of the ``moving_literals``."""

    runs: tuple[int, ...]
    rendered: Rendered
    statements: tuple[exp.Expr, ...]
    moving_literals: dict[int, PerProbe]


def find_variants(texts: Sequence[Rendered], dialect: str, file: str | None = None) -> list[Variant]:
    """The different statements that a text renders to on some runs; the first run is in the first variant.

    Raises:
        InputError: one of them does not parse.
    """
    groups: dict[object, list[int]] = {}
    for index, rendered in enumerate(texts):
        groups.setdefault(_static_text(rendered), []).append(index)
    found: list[Variant] = []
    for runs in groups.values():
        found += _variants_of(texts, runs, dialect, file)
    return found


def _static_text(rendered: Rendered) -> object:
    """The text outside of expressions: equal for runs that take the same branches of the template."""
    return tuple((piece.source, piece.text if piece.literal else None) for piece in rendered.pieces)


def _variants_of(texts: Sequence[Rendered], runs: list[int], dialect: str, file: str | None) -> Iterator[Variant]:
    first = texts[runs[0]]
    statements, tokens = parse(first, dialect, file)
    moving_literals = _moving_literals([texts[run] for run in runs], tokens)
    if moving_literals is not None and _all_located(statements, moving_literals):
        yield Variant(tuple(runs), first, statements, moving_literals)
        return
    runs_by_text: dict[str, list[int]] = {}
    for run in runs:
        runs_by_text.setdefault(texts[run].text, []).append(run)
    for equal_runs in runs_by_text.values():
        rendered = texts[equal_runs[0]]
        yield Variant(tuple(equal_runs), rendered, parse(rendered, dialect, file)[0], {})


def _moving_literals(texts: Sequence[Rendered], tokens: Sequence[Token]) -> dict[int, PerProbe] | None:
    """The literals that differ, by their offset in the first text; None where something else differs too."""
    first = texts[0]
    starts = [token.start for token in tokens]
    moving_tokens: set[int] = set()
    for index, piece in enumerate(first.pieces):
        outputs = {text.pieces[index].text for text in texts}
        if len(outputs) == 1:
            continue
        if not all(_LITERAL_CHARACTERS.issuperset(output) for output in outputs):
            return None
        place = bisect_right(starts, piece.start) - 1
        if place < 0 or tokens[place].end < piece.start:
            continue  # in a comment
        if not _is_literal(tokens[place], piece.start, piece.start + len(piece.text), first.text):
            return None
        moving_tokens.add(place)
    return {tokens[place].start: _values(texts, tokens[place]) for place in sorted(moving_tokens)}


def _is_literal(token: Token, start: int, end: int, text: str) -> bool:
    if token.token_type == TokenType.NUMBER:
        return start >= token.start and end <= token.end + 1 and text[token.start : token.end + 1].isdigit()
    inside = start > token.start and end <= token.end
    return token.token_type == TokenType.STRING and inside and text[token.start + 1 : token.end] == token.text


def _values(texts: Sequence[Rendered], token: Token) -> PerProbe:
    quoted = token.token_type == TokenType.STRING
    start, end = (token.start + 1, token.end) if quoted else (token.start, token.end + 1)
    return PerProbe(_text_at(texts[0], text, start, end) for text in texts)


def _text_at(first: Rendered, other: Rendered, start: int, end: int) -> str:
    """The part of the other text that corresponds to the characters [start, end) of the first."""
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


def _all_located(statements: Sequence[exp.Expr], moving_literals: dict[int, PerProbe]) -> bool:
    """Whether the parser kept the offset of every literal that differs."""
    missing = set(moving_literals)
    for statement in statements:
        for node in statement.walk():
            if isinstance(node, exp.Literal) and node._meta:  # noqa: SLF001 - `node.meta` would make an empty dict
                missing.discard(node._meta.get("start", -1))  # noqa: SLF001
    return not missing
