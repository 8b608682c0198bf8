"""Expands the portable functions in the text of DuckDB itself, and touches nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drawloom.model import refuse
from drawloom.sql.portable.closed import CLOSED, mentioned

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


def expand(sql: str) -> str:
    """The text with every call replaced, from its end to its beginning."""
    from drawloom.sql.parse import parse
    from drawloom.sql.template import Piece, Rendered

    statements, tokens = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), "duckdb")
    return _replaced(sql, tokens, _tables(statements))


def _tables(statements: Sequence[object]) -> dict[int, bool]:
    """Where calls stand as tables, and whether they have a name there."""
    from sqlglot import exp

    return {
        table.this.meta["start"]: bool(table.alias)
        for statement in statements
        if isinstance(statement, exp.Expr)
        for table in statement.find_all(exp.Table)
        if isinstance(table.this, exp.Anonymous) and "start" in table.this.meta
    }


def _replaced(sql: str, tokens: Sequence[Token], tables: dict[int, bool]) -> str:
    from sqlglot.tokenizer_core import TokenType

    made, until = [], 0
    for index, token in enumerate(tokens[:-1]):
        function = CLOSED.get(token.text.lower())
        behind = tokens[index + 1].token_type == TokenType.L_PAREN
        dotted = index > 0 and tokens[index - 1].token_type == TokenType.DOT
        if function is None or not behind or dotted or token.start < until or token.token_type == TokenType.IDENTIFIER:
            continue
        end, parts = _arguments(sql, tokens, index + 1)
        if not function.least <= len(parts) <= function.most:
            raise refuse(
                "unsupported-sql",
                f"sql == {sql[token.start : end]}, must be {function.call}.",
                None,
                "Give it its arguments.",
            )
        call = _call(function.name, [_inner(part) for part in parts])
        if token.start in tables:
            call = f"(SELECT unnest({call}) AS ds)" + ("" if tables[token.start] else f" AS {function.name}")
        made += [sql[until : token.start], call]
        until = end
    return "".join([*made, sql[until:]])


def _inner(part: str) -> str:
    """An argument, which may have calls in it."""
    if not mentioned(part):
        return part
    from sqlglot.dialects.dialect import Dialect

    return _replaced(part, Dialect.get_or_raise("duckdb").tokenize(part), {})


def _arguments(sql: str, tokens: Sequence[Token], opening: int) -> tuple[int, list[str]]:
    """Where the call ends, and the texts of its arguments."""
    from sqlglot.tokenizer_core import TokenType

    opens = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
    closes = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
    depth, start, parts = 0, tokens[opening].end + 1, []
    for token in tokens[opening:]:
        depth += (token.token_type in opens) - (token.token_type in closes)
        if depth == 0 or (depth == 1 and token.token_type == TokenType.COMMA):
            parts.append(sql[start : token.start].strip())
            start = token.end + 1
            if depth == 0:
                return start, [part for part in parts if part]
    return len(sql), parts


def _call(name: str, parts: list[str]) -> str:
    text = CLOSED[name].text
    text = text.replace("_keys", ", ".join(parts[::2])).replace("_values", ", ".join(parts[1::2]))
    for number, part in sorted(enumerate(parts, 1), reverse=True):
        text = text.replace(f"_{number}", _shut(part)) if name != "map_of" else text
    return text


def _shut(part: str) -> str:
    """An argument in brackets, unless it is one word or number."""
    return part if part.replace("_", "").replace(".", "").isalnum() else f"({part})"
