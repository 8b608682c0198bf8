"""A text of DuckDB as a tree in which every call of a function still has the name that was written."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from drawloom.sql.portable.builtins import BUILTINS

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

_MARK = "dl__call__"
# Words with a bracket behind them that are no calls, or calls with a grammar of their own.
_GRAMMAR = frozenset(
    [
        "and",
        "or",
        "not",
        "like",
        "ilike",
        "glob",
        "exists",
        "any",
        "all",
        "some",
        "in",
        "case",
        "cast",
        "try_cast",
        "extract",
        "position",
        "trim",
        "substring",
        "overlay",
        "unnest",
        "row",
        "map",
        "struct",
        "struct_pack",
        "array",
        "columns",
        "insert",
        "date",
        "time",
        "timestamp",
        "datetime",
        "interval",
        "values",
        "table",
        "collate",
        "decimal",
        "varchar",
        "char",
        "text",
        "blob",
        "bit",
        "vector",
    ]
)


def read(sql: str) -> tuple[exp.Expr, ...]:
    """The statements of a DuckDB text; every call is an ``Anonymous`` with its own name, whatever sqlglot knows of it.

    Raises:
        InputError: as ``drawloom.sql.parse.parse`` does.
    """
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError

    from drawloom.sql.parse import parse
    from drawloom.sql.template import Piece, Rendered

    plain, tokens = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), "duckdb")
    try:
        parsed = Dialect.get_or_raise("duckdb").parser().parse(marked(tokens), sql)
    except SqlglotError:
        return plain
    return tuple(unmark(node) for node in parsed if node is not None and not isinstance(node, exp.Semicolon))


def marked(tokens: list[Token], every: bool = False) -> list[Token]:
    """The tokens with the names of calls marked, so that the parser takes them for functions that it does not know.

    ``every`` marks all that look like calls; else those that DuckDB or sqlglot know.
    """
    from sqlglot.tokenizer_core import Token, TokenType

    made = list(tokens)
    for index, token in enumerate(tokens[:-1]):
        if tokens[index + 1].token_type == TokenType.L_PAREN and _is_call(tokens, index, every):
            name = _MARK + token.text.lower()
            made[index] = Token(TokenType.VAR, name, token.line, token.col, token.start, token.end, token.comments)
    return made


def unmark(tree: exp.Expr) -> exp.Expr:
    """The tree with the marks taken off again."""
    from sqlglot import exp

    for node in tree.find_all(exp.Anonymous, exp.Identifier, exp.Var):
        if isinstance(node.this, str) and _MARK in node.this.lower():
            node.set("this", node.this.replace(_MARK, ""))
    return tree


def _is_call(tokens: list[Token], index: int, every: bool) -> bool:
    from sqlglot.tokenizer_core import TokenType

    token, before = tokens[index], tokens[index - 1].token_type if index else None
    name = token.text.lower()
    if name == "position":
        return not _has_in(tokens, index + 1)
    if name in _GRAMMAR or token.token_type in {TokenType.STRING, TokenType.NUMBER, TokenType.IDENTIFIER}:
        return False
    if (before == TokenType.R_PAREN and name in {"filter", "replace"}) or (
        before == TokenType.STAR and name == "replace"
    ):
        return False
    return name in BUILTINS or name in _sqlglot_names() or (every and token.token_type == TokenType.VAR)


def _has_in(tokens: list[Token], opening: int) -> bool:
    """Whether it is POSITION(x IN y)."""
    from sqlglot.tokenizer_core import TokenType

    depth = 0
    for token in tokens[opening:]:
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 1 and token.token_type == TokenType.IN:
            return True
        if depth == 0:
            break
    return False


@lru_cache(maxsize=1)
def _sqlglot_names() -> frozenset[str]:
    from sqlglot.dialects.duckdb import DuckDB

    return frozenset(name.lower() for name in DuckDB.parser_class.FUNCTIONS)
