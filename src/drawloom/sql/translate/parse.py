"""Parses DuckDB's SQL into a tree in which every function call keeps its name, where sqlglot would use classes of its own."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from drawloom.sql.duckdb_functions import DUCKDB_FUNCTIONS
from drawloom.sql.parse import parse
from drawloom.sql.template.rendering import Piece, Rendered

# Words before a bracket that are not calls, or calls with a grammar of their own.
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
_MARK = "dl__call__"


def parse_duckdb(sql: str) -> tuple[exp.Expr, ...]:
    """The statements of a DuckDB text; every call is an ``Anonymous`` with its own name.

    Raises:
        InputError: as ``drawloom.sql.parse.parse`` does.
    """
    plain, tokens = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), "duckdb")
    try:
        parsed = Dialect.get_or_raise("duckdb").parser().parse(mark_calls(tokens), sql)
    except SqlglotError:
        return plain
    return tuple(unmark_calls(node) for node in parsed if node is not None and not isinstance(node, exp.Semicolon))


def mark_calls(tokens: list[Token], every: bool = False) -> list[Token]:
    """The tokens with the names of calls marked, so that the parser takes them for unknown functions.

    ``every`` marks all that look like calls; otherwise only functions of DuckDB or sqlglot.
    """
    marked = list(tokens)
    for index, token in enumerate(tokens[:-1]):
        if tokens[index + 1].token_type == TokenType.L_PAREN and _is_call(tokens, index, every):
            name = _MARK + token.text.lower()
            marked[index] = Token(TokenType.VAR, name, token.line, token.col, token.start, token.end, token.comments)
    return marked


def unmark_calls(tree: exp.Expr) -> exp.Expr:
    """The tree without the marks."""
    for node in tree.find_all(exp.Anonymous, exp.Identifier, exp.Var):
        if isinstance(node.this, str) and _MARK in node.this.lower():
            node.set("this", node.this.replace(_MARK, ""))
    return tree


def _is_call(tokens: list[Token], index: int, every: bool) -> bool:
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
    return name in DUCKDB_FUNCTIONS or name in _sqlglot_functions() or (every and token.token_type == TokenType.VAR)


def _has_in(tokens: list[Token], opening: int) -> bool:
    """Whether a bracket has an IN of its own, as in POSITION(x IN y)."""
    depth = 0
    for token in tokens[opening:]:
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 1 and token.token_type == TokenType.IN:
            return True
        if depth == 0:
            break
    return False


@lru_cache(maxsize=1)
def _sqlglot_functions() -> frozenset[str]:
    return frozenset(name.lower() for name in DuckDB.parser_class.FUNCTIONS)
