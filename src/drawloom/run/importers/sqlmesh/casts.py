"""Names of columns that SQLMesh gives to casts: ``a::INT`` is called ``a`` there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


def cast_names(tree: exp.Expr | None, tokens: list[Token], dialect: str) -> dict[tuple[int, int], str]:
    """The names to insert after casts of columns that have no alias, by the places where they are missing."""
    starts = {token.start: n for n, token in enumerate(tokens)}
    found: dict[tuple[int, int], str] = {}
    for select in tree.find_all(exp.Select) if tree else ():
        for item in select.expressions:
            column = item
            while isinstance(column, exp.Cast):
                column = column.this
            if column is item or not isinstance(column, exp.Column):
                continue
            places = [part.meta.get("start") for part in column.parts]
            first = min((starts[place] for place in places if place in starts), default=None)
            end = _end_of_cast(tokens, first) if first is not None else None
            if end is not None:
                name = exp.to_identifier(column.name, quoted=bool(column.this.args.get("quoted")))
                found[(end, end)] = f" AS {name.sql(dialect)}"
    return found


def _end_of_cast(tokens: list[Token], first: int) -> int | None:
    """Where the cast of the column at a token ends; None where it has parentheses of its own."""
    depth, at = 0, first
    if first >= 1 and tokens[first - 1].text == "(":
        if first < 2 or tokens[first - 2].text.upper() not in {"CAST", "TRY_CAST"}:
            return None
        at = first - 1
    for n in range(at, len(tokens)):
        text = tokens[n].text.upper()
        if depth == 0 and n > first and (text in {",", ")", ";"} or tokens[n].token_type.name == "FROM"):
            return tokens[n - 1].end + 1
        depth += (text in {"(", "["}) - (text in {")", "]"})
    return tokens[-1].end + 1
