"""Checks that the SQL of an AutoDAG is one SELECT, as it is written; what it renders to is judged in sql/step_limits.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import dropwhile, islice, pairwise
from typing import NamedTuple

from drawloom.model import Fix, Problem, Where

_BACKSLASH_DIALECTS = frozenset({"hive", "spark", "bigquery", "mysql", "snowflake", "redshift"})
_LEXEME = r"""
  (?P<space>\s+ | --[^\n]* | /\*.*?(?:\*/|\Z) | \{\#.*?(?:\#\}|\Z) | \{%.*?(?:%\}|\Z))
| (?P<template>\{\{.*?(?:\}\}|\Z))
| (?P<string>'STRING*(?:'|\Z) | (?<!\w)\$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|\Z))
| (?P<name>"(?:[^"]|"")*(?:"|\Z) | `[^`]*(?:`|\Z))
| (?P<word>\w+)
| (?P<mark>.)
"""
_PLAIN = re.compile(_LEXEME.replace("STRING", "(?:[^']|'')"), re.VERBOSE | re.DOTALL)
_ESCAPED = re.compile(_LEXEME.replace("STRING", r"(?:[^'\\]|\\.|'')"), re.VERBOSE | re.DOTALL)

_DAY = re.compile(r"\{\{-?\s*ds\s*-?\}\}")
_SOURCE_FIX = "Declare the files under `sources` in drawloom.yml, and read that table."
_MAX_PROBLEMS = 20
_BEGINNINGS = frozenset({"SELECT", "WITH", "FROM", "("})
_SUSPICIOUS = (";", "INTO", "OVERWRITE", "DELETE")  # without these no text has more than a SELECT: see below
_SELECT_FIX = "Paste only the SELECT: drawloom writes its rows to the table."


class Token(NamedTuple):
    """A word, name, string, template expression or mark of a SQL text; ``upper`` is its text, upper case for a word."""

    kind: str
    text: str
    start: int
    upper: str


def guard(text: str, table: str, dialect: str = "duckdb") -> tuple[str, list[Problem]]:
    """The SELECT of a text, and why the text is not one SELECT.

    Of an INSERT OVERWRITE of this table's ``{{ ds }}`` the SELECT is kept, below as many blank lines as the head had.
    """
    if _is_plain_select(text, dialect):
        return text, []
    tokens = list(_tokens(text, dialect))
    head = _insert_head(tokens, table)
    if head:
        text = "\n" * text.count("\n", 0, head) + text[head:]
        tokens = list(_tokens(text, dialect))
    return text, list(islice(_statement_problems(text, tokens), _MAX_PROBLEMS))


def _is_plain_select(text: str, dialect: str) -> bool:
    """Whether a text begins as a SELECT and has nothing in it that could end or write; most do not, which saves their tokens."""
    first = next(_tokens(text, dialect), None)
    if first is None or first.upper not in _BEGINNINGS:
        return False
    upper = text.upper()
    return not any(word in upper for word in _SUSPICIOUS)


def _tokens(text: str, dialect: str) -> Iterator[Token]:
    pattern = _ESCAPED if dialect in _BACKSLASH_DIALECTS else _PLAIN
    for found in pattern.finditer(text):
        kind = found.lastgroup or "mark"
        kind = "string" if kind == "tag" else kind
        if kind != "space":
            text = found[0]
            yield Token(kind, text, found.start(), text.upper() if kind == "word" else text)


def _statement_problems(text: str, tokens: list[Token]) -> Iterator[Problem]:
    body = [token for token in tokens if token.kind != "template"]
    if not [token for token in body if token.text != ";"]:
        if not any(token.kind == "template" for token in tokens):
            yield _problem("empty", text, 0, "sql is empty, must be one SELECT.", None)
        return
    first = body[0]
    if first.upper not in _BEGINNINGS:
        yield _problem(
            "not-a-select", text, first.start, f"sql == {_start(first)} ..., must be one SELECT.", _advice(first)
        )
    rest = dropwhile(lambda token: token.text != ";", tokens)
    after = next((token for token in rest if token.text != ";"), None)
    if after:
        message = f"sql == ... ; {_start(after)} ..., must be one SELECT and nothing after it."
        yield _problem("not-a-select", text, after.start, message, _advice(after))
        return
    for token, follows in pairwise(tokens):
        if token is not first and _writes(token, follows):
            message = f"sql == ... {token.text} {follows.text} ..., must write nothing."
            yield _problem("writes", text, token.start, message, _SELECT_FIX)


def _writes(token: Token, after: Token) -> bool:
    into = token.upper == "INTO" and after.kind != "mark" and after.upper != "NAME"  # UNPIVOT ... INTO NAME
    return into or (token.upper, after.upper) in {("INSERT", "OVERWRITE"), ("DELETE", "FROM")}


def _insert_head(tokens: list[Token], table: str) -> int:
    """Where the SELECT of a plain INSERT OVERWRITE of the table's day begins; 0 where there is none."""
    words = [token.upper for token in tokens[:24]]
    if words[:2] != ["INSERT", "OVERWRITE"]:
        return 0
    at = 3 if words[2:3] == ["TABLE"] else 2
    name = "".join(token.text for token in tokens[at : at + 3])
    at += 3
    if name.lower() != table.lower():
        return 0
    if words[at : at + 4] == ["PARTITION", "(", "DS", "="] and words[at + 5 : at + 6] == [")"]:
        if not _DAY.fullmatch(tokens[at + 4].text.strip("'")):
            return 0
        at += 6
    return tokens[at].start if words[at : at + 1] and words[at] in {"SELECT", "WITH"} else 0


def _advice(token: Token) -> str | None:
    if token.upper in {"INSERT", "CREATE", "MERGE", "UPDATE", "DELETE", "COPY", "EXPORT", "REPLACE", "TRUNCATE"}:
        return _SELECT_FIX
    if token.upper in {"ATTACH", "INSTALL", "LOAD", "IMPORT"}:
        return _SOURCE_FIX
    return "Remove it." if token.kind == "word" else None


def _start(token: Token) -> str:
    return token.text[:40]


def _problem(code: str, text: str, offset: int, message: str, fix: str | None) -> Problem:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return Problem(code, "error", message, Where(None, line, column), Fix(fix) if fix else None)
