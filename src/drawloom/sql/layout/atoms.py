"""A SQL template as atoms: tokens as they are written, with the comments and the statements of the template around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from drawloom.model import Where, refuse
from drawloom.sql.dialect import check_dialect
from drawloom.sql.rename import mask_tags
from drawloom.sql.template.tags import tag_spans

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_HASH_COMMENTS = frozenset({"bigquery", "mysql"})


@dataclass(slots=True)
class Atom:
    """One token; ``word`` is it in upper case, empty where it is quoted.

    ``spaced`` is whether white space or a comment stands before it, ``blank`` whether an empty line does. ``leading`` are
    comments and statements of the template on lines of their own before it, each with whether an empty line is above it.
    ``trailing`` are comments on its line.
    """

    text: str
    word: str = ""
    spaced: bool = False
    blank: bool = False
    leading: list[tuple[str, bool]] = field(default_factory=list)
    trailing: list[str] = field(default_factory=list)

    @property
    def ends_line(self) -> bool:
        """Whether nothing can follow on its line."""
        return any(not comment.endswith(("*/", "#}")) for comment in self.trailing)


def read_atoms(text: str, dialect: str) -> list[Atom]:
    """The atoms of a text; the last one is empty, and has what stands below the last token.

    Raises:
        InputError: the text has no tokens, or a part of it is neither a token, a comment nor a statement on its own line.
    """
    atoms: list[Atom] = []
    at = 0
    for token in _tokens(text, dialect):
        atoms.append(_atom(text, token))
        _add_gap(text, at, token.start, atoms, dialect)
        at = token.end + 1
    atoms.append(Atom(""))
    _add_gap(text, at, len(text), atoms, dialect)
    return _after_commas(atoms)


def comments_of(text: str, dialect: str) -> list[str]:
    """The comments of a text, sorted, without the white space of their lines."""
    atoms = read_atoms(text, dialect)
    found = [comment for atom in atoms for comment in (*(one for one, _ in atom.leading), *atom.trailing)]
    return sorted(" ".join(comment.split()) for comment in found)


def _tokens(text: str, dialect: str) -> Sequence[Token]:
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError

    try:
        return Dialect.get_or_raise(check_dialect(dialect)).tokenize(mask_tags(text))
    except SqlglotError as error:
        raise refuse("format-unsafe", f"sql cannot be read as {dialect}: {error}.", Where(None, 1)) from error


def _atom(text: str, token: Token) -> Atom:
    raw = text[token.start : token.end + 1]
    if token.token_type.name in {"IDENTIFIER", "STRING"}:
        return Atom(raw)
    word = " ".join(raw.upper().split())
    return Atom(" ".join(raw.split()) if token.text.upper() == word else raw, word)


def _add_gap(text: str, start: int, end: int, atoms: list[Atom], dialect: str) -> None:
    """Give what stands between two tokens to the one before, where it is on its line, and else to the one after."""
    atom = atoms[-1]
    atom.spaced = end > start
    at, newlines, is_first_line = start, 0, len(atoms) > 1
    for piece_start, piece_end in _pieces(text, start, end, dialect):
        newlines = text.count("\n", at, piece_start)
        is_first_line = is_first_line and not newlines
        piece = text[piece_start:piece_end].rstrip()
        if piece.startswith("{%"):
            _require_own_line(text, piece_start, piece_end)
        if is_first_line and not piece.startswith("{%"):
            atoms[-2].trailing.append(piece)
            is_first_line = "\n" not in piece
        else:
            atom.leading.append((piece, newlines > 1))
        at = piece_end
    atom.blank = text.count("\n", at, end) > 1


def _pieces(text: str, start: int, end: int, dialect: str) -> Iterator[tuple[int, int]]:
    tags = dict(tag_spans(text)) if "{" in text[start:end] else {}
    at = start
    while at < end:
        if text[at].isspace():
            at += 1
            continue
        found = _comment(dialect in _HASH_COMMENTS).match(text, at, end)
        stop = found.end() if found else tags.get(at)
        if stop is None or stop > end:
            line = text.count("\n", 0, at) + 1
            raise refuse(
                "format-unsafe", f"sql == {text[at:end]!r:.40}, is no token and no comment.", Where(None, line)
            )
        yield at, stop
        at = stop


@cache
def _comment(has_hash: bool) -> re.Pattern[str]:
    return re.compile(r"--[^\n]*|/\*.*?\*/" + (r"|#[^\n]*" if has_hash else ""), re.DOTALL)


def _require_own_line(text: str, start: int, end: int) -> None:
    before = text[text.rfind("\n", 0, start) + 1 : start]
    after = text[end : text.find("\n", end)] if "\n" in text[end:] else text[end:]
    if before.strip() or after.strip():
        line = text.count("\n", 0, start) + 1
        message = f"template == {text[start:end]!r:.60}, must be on a line of its own to be formatted."
        raise refuse("format-unsafe", message, Where(None, line))


def _after_commas(atoms: list[Atom]) -> list[Atom]:
    """Comments before a comma go behind it, on its line."""
    for atom, comma in pairwise(atoms):
        if comma.text == "," and atom.trailing and not comma.leading:
            comma.trailing = [*atom.trailing, *comma.trailing]
            atom.trailing = []
            comma.spaced = False
    return atoms
