"""The portable functions: drawloom's own, which mean the same on every engine, DuckDB too.

They are written like DuckDB's own, in specs, checks and the SQL of frameworks, and are expanded before the text runs:

{table}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drawloom.model import refuse

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


@dataclass(frozen=True, slots=True)
class PortableFunction:
    """The function's call, its description, its template in DuckDB's SQL, and how many arguments it takes.

    ``_1`` and so on in the template are the arguments, ``_keys`` and ``_values`` those in turn.
    """

    name: str
    call: str
    description: str
    template: str
    min_args: int
    max_args: int

    def expand(self, args: Sequence[str]) -> str:
        """A call in DuckDB's SQL, with these texts as arguments."""
        if self.name == "map_of":
            return self.template.replace("_keys", ", ".join(args[::2])).replace("_values", ", ".join(args[1::2]))
        text = self.template
        for number, arg in sorted(enumerate(args, 1), reverse=True):
            text = text.replace(f"_{number}", _parenthesize(arg))
        return text


PORTABLE_FUNCTIONS = {
    each.name: each
    for each in (
        PortableFunction("bucket", "bucket(x, salt, n)", "A whole number from 0 to n - 1 that depends on x and the salt only: md5, so that every engine puts x into the same bucket. NULL for NULL.",
                 "(CAST('0x' || substr(md5(CAST(_2 AS VARCHAR) || ':' || CAST(_1 AS VARCHAR)), 1, 8) AS BIGINT) % _3)", 3, 3),
        PortableFunction("dow", "dow(d)", "The day of the week: 0 is Monday, 6 is Sunday.", "(isodow(_1) - 1)", 1, 1),
        PortableFunction("day_shift", "day_shift(ds, n)", "The DATE that lies n days after ds, a DATE or a text like 2026-01-31; before it where n is negative.",
                 "(CAST(_1 AS DATE) + CAST(_2 AS INTEGER))", 2, 2),
        PortableFunction("day_series", "day_series(a, b)", "The days from a to b, both in it: in FROM a table with the column ds, elsewhere a list. Empty where b is before a.",
                 "list_transform(generate_series(CAST(_1 AS DATE), CAST(_2 AS DATE), INTERVAL 1 DAY), lambda dl_day: CAST(dl_day AS DATE))", 2, 2),
        PortableFunction("top_k", "top_k(x, k)", "An aggregate: the list of the k values that occur most often, the most frequent first; of equally frequent ones the smallest first. NULLs do not count.",
                 "list_transform(list_sort(list_transform(map_entries(histogram(_1)), lambda dl_e: {'n': -CAST(dl_e.value AS BIGINT), 'v': dl_e.key}))[1:_2], lambda dl_e: dl_e.v)", 2, 2),
        PortableFunction("ordered_array", "ordered_array(x, by)", "An aggregate: the list of x in the order of a second value, NULLs in it and last.", "list(_1 ORDER BY _2)", 2, 2),
        PortableFunction("approx_distinct", "approx_distinct(x)", "An aggregate: roughly how many different values there are. The engines differ by some per cent.", "approx_count_distinct(_1)", 1, 1),
        PortableFunction("list_len", "list_len(list)", "How many elements a list has, NULLs too.", "len(_1)", 1, 1),
        PortableFunction("map_of", "map_of(key, value, ...)", "A map.", "MAP([_keys], [_values])", 2, 998),
        PortableFunction("bits_and", "bits_and(a, b)", "The bits that both BIGINTs have.", "(CAST(_1 AS BIGINT) & CAST(_2 AS BIGINT))", 2, 2),
        PortableFunction("bits_or", "bits_or(a, b)", "The bits that one of the BIGINTs has.", "(CAST(_1 AS BIGINT) | CAST(_2 AS BIGINT))", 2, 2),
        PortableFunction("bits_xor", "bits_xor(a, b)", "The bits that only one of the BIGINTs has.", "xor(CAST(_1 AS BIGINT), CAST(_2 AS BIGINT))", 2, 2),
        PortableFunction("bits_left", "bits_left(x, n)", "The bits of a BIGINT moved n places up.", "(CAST(_1 AS BIGINT) << CAST(_2 AS BIGINT))", 2, 2),
        PortableFunction("bits_right", "bits_right(x, n)", "The bits of a BIGINT moved n places down.", "(CAST(_1 AS BIGINT) >> CAST(_2 AS BIGINT))", 2, 2),
    )
}  # fmt: skip
_CALL = re.compile(rf"\b({'|'.join(PORTABLE_FUNCTIONS)})\s*\(", re.IGNORECASE)


def markdown_table() -> str:
    """The functions as a table of Markdown."""
    rows = [f"| `{each.call}` | {each.description} |" for each in PORTABLE_FUNCTIONS.values()]
    return "\n".join(["| function | gives |", "|---|---|", *rows])


__doc__ = (__doc__ or "").format(table=markdown_table())


def expand_portable_functions(sql: str) -> str:
    """A DuckDB text with its portable functions in DuckDB's SQL; anything else in it stays as it is, to the byte.

    Raises:
        InputError: one has too few or too many arguments; code ``unsupported-sql``.
    """
    if not _CALL.search(sql):
        return sql
    from drawloom.sql.parse import parse
    from drawloom.sql.template.rendering import Piece, Rendered

    statements, tokens = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), "duckdb")
    return _Text(sql, tokens, _table_calls(statements)).expand(0, len(tokens), 0, len(sql))


def _table_calls(statements: Sequence[object]) -> dict[int, bool]:
    """The offsets of calls that are tables in a FROM -> whether they have an alias there."""
    from sqlglot import exp

    return {
        table.this.meta["start"]: bool(table.alias)
        for statement in statements
        if isinstance(statement, exp.Expr)
        for table in statement.find_all(exp.Table)
        if isinstance(table.this, exp.Anonymous) and "start" in table.this.meta
    }


@dataclass(frozen=True, slots=True)
class _Text:
    """A text with its tokens, and the calls in it that are tables in a FROM."""

    sql: str
    tokens: Sequence[Token]
    tables: dict[int, bool]

    def expand(self, first: int, last: int, start: int, end: int) -> str:
        """The characters from start to end with their calls expanded; first and last are the tokens in that range."""
        pieces, index = [], first
        while index < last:
            function = self._called(index)
            if function is not None:
                token = self.tokens[index]
                index, args = self._arguments(index + 1)
                after = self.tokens[index].end + 1
                if not function.min_args <= len(args) <= function.max_args:
                    message = f"sql == {self.sql[token.start : after]}, must be {function.call}."
                    raise refuse("unsupported-sql", message, None, "Give it its arguments.")
                call = function.expand(args)
                if token.start in self.tables:
                    alias = "" if self.tables[token.start] else f" AS {function.name}"
                    call = f"(SELECT unnest({call}) AS ds){alias}"
                pieces += [self.sql[start : token.start], call]
                start = after
            index += 1
        return "".join([*pieces, self.sql[start:end]])

    def _called(self, index: int) -> PortableFunction | None:
        """The portable function that is called at a token."""
        from sqlglot.tokenizer_core import TokenType

        types = [token.token_type for token in self.tokens[index : index + 2]]
        if types[1:] != [TokenType.L_PAREN] or types[0] == TokenType.IDENTIFIER:
            return None
        if index and self.tokens[index - 1].token_type == TokenType.DOT:
            return None
        return PORTABLE_FUNCTIONS.get(self.tokens[index].text.lower())

    def _arguments(self, opening: int) -> tuple[int, list[str]]:
        """The index of the closing bracket, and the texts of the arguments, themselves expanded."""
        from sqlglot.tokenizer_core import TokenType

        opens = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
        closes = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
        depth, first, index, args = 0, opening + 1, opening, []
        while True:
            token = self.tokens[index]
            depth += (token.token_type in opens) - (token.token_type in closes)
            if depth == 0 or (depth == 1 and token.token_type == TokenType.COMMA):
                args.append(self.expand(first, index, self.tokens[first - 1].end + 1, token.start).strip())
                first = index + 1
                if depth == 0:
                    return index, [arg for arg in args if arg]
            index += 1


def _parenthesize(arg: str) -> str:
    """An argument in brackets, unless it is one word or number."""
    return arg if arg.replace("_", "").replace(".", "").isalnum() else f"({arg})"
