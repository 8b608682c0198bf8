"""The ``MODEL (...)`` and ``AUDIT (...)`` blocks of SQLMesh, and the statements below them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from drawloom.run.importers.sql_tables import tokens_of

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


@dataclass(frozen=True, slots=True)
class Property:
    """The value of a property as it is written, and its line."""

    text: str
    line: int

    @property
    def word(self) -> str:
        """A value that is one word or text."""
        text = self.text.strip()
        return text[1:-1].replace("''", "'") if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`" else text

    @property
    def head(self) -> str:
        """Its first word, in lower case."""
        return self.text.partition("(")[0].strip().lower()

    @property
    def inner(self) -> str:
        """What stands in its parentheses."""
        start, end = self.text.find("("), self.text.rfind(")")
        return self.text[start + 1 : end].strip() if 0 <= start < end else ""

    def words(self) -> list[str]:
        """The words or texts of a list, or its only one."""
        text = self.text.strip()
        if text[:1] in {"(", "["}:
            return [Property(part, self.line).word for part in split(text[1:-1]) if part.strip()]
        return [self.word] if text else []


@dataclass(frozen=True, slots=True)
class Statement:
    """A text between semicolons, and its place."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its kind, its properties by name in lower case, its comment, and the statements that follow it."""

    kind: str
    properties: Mapping[str, Property]
    comment: str
    line: int
    statements: tuple[Statement, ...]

    def word(self, name: str, default: str = "") -> str:
        """The value of a property that is one word."""
        return self.properties[name].word if name in self.properties else default


def read_blocks(text: str) -> list[Block]:
    """The blocks of a file, each with the statements up to the next one.

    Raises:
        SqlglotError: the text has no tokens.
    """
    tokens = tokens_of(text, "")
    starts = [n for n in range(len(tokens) - 1) if _is_block(tokens, n)]
    ends = [*starts[1:], len(tokens)] if starts else []
    return [_block(text, tokens, start, end) for start, end in zip(starts, ends, strict=True)]


def _is_block(tokens: list[Token], n: int) -> bool:
    begins = n == 0 or tokens[n - 1].text == ";"
    return begins and tokens[n].text.upper() in {"MODEL", "AUDIT", "METRIC"} and tokens[n + 1].text == "("


def _block(text: str, tokens: list[Token], start: int, end: int) -> Block:
    depth, close = 0, start + 1
    for close in range(start + 1, end):
        depth += (tokens[close].text == "(") - (tokens[close].text == ")")
        if depth == 0:
            break
    inner = tokens[start + 2 : close]
    properties = {
        part[0].text.lower(): Property(_span(text, part[1:]), part[0].line)
        for part in _split_tokens(inner, ",")
        if part
    }
    rest = tokens[close + 1 : end]
    statements = [Statement(_span(text, part), part[0].start) for part in _split_tokens(rest, ";") if part]
    comment = " ".join(" ".join(tokens[start].comments).split())
    return Block(tokens[start].text.upper(), properties, comment, tokens[start].line, tuple(statements))


def _split_tokens(tokens: list[Token], mark: str) -> Iterator[list[Token]]:
    part: list[Token] = []
    depth = 0
    for token in tokens:
        depth += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
        if token.text == mark and depth == 0 and token.token_type.name != "STRING":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _span(text: str, tokens: list[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end + 1] if tokens else ""


def split(text: str) -> list[str]:
    """The parts of a text between commas that stand in no parentheses."""
    try:
        return [_span(text, part) for part in _split_tokens(tokens_of(text, ""), ",")]
    except SqlglotError:
        return [text]


@dataclass(frozen=True, slots=True)
class Called:
    """An audit that a model names, and its arguments by name."""

    name: str
    arguments: Mapping[str, exp.Expr]
    text: str


def called_audits(value: Property) -> list[Called]:
    """The audits that a property names."""
    text = value.text.strip()
    inner = text[1:-1] if text[:1] in {"(", "["} else text
    return [_called(part) for part in split(inner) if part.strip()]


def _called(text: str) -> Called:
    try:
        node = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError:
        return Called(text.partition("(")[0].strip().lower(), {}, text)
    listed = node.expressions if isinstance(node, exp.Func) else []
    arguments = {one.this.name.lower(): one.expression for one in listed if isinstance(one, exp.PropertyEQ | exp.EQ)}
    return Called(text.partition("(")[0].strip().lower(), arguments, text)


def listed(node: exp.Expr | None) -> list[exp.Expr]:
    """The items of a tuple or list, or the only one."""
    if node is None:
        return []
    if isinstance(node, exp.Tuple | exp.Array):
        return list(node.expressions)
    return [node.this if isinstance(node, exp.Paren) else node]
