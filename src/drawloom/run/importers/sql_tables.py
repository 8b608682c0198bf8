"""The tables and parameters of SQL texts, with their places, as sqlglot reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drawloom.sql.dialect import check_dialect

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token


@dataclass(frozen=True, slots=True)
class TableName:
    """A table in a text: the parts of its name, whether it has an alias, and where it stands."""

    parts: tuple[str, ...]
    has_alias: bool
    start: int
    end: int


def tokens_of(text: str, dialect: str) -> list[Token]:
    """The tokens of a text.

    Raises:
        SqlglotError: it has none in this dialect.
    """
    from sqlglot.dialects.dialect import Dialect

    return list(Dialect.get_or_raise(check_dialect(dialect)).tokenize(text))


def parse(text: str, dialect: str) -> list[exp.Expr]:
    """The statements of a text.

    Raises:
        SqlglotError: it cannot be read.
        RecursionError: it is nested too deep.
    """
    import sqlglot
    from sqlglot import exp

    found = sqlglot.parse(text, dialect=check_dialect(dialect))
    return [one for one in found if one is not None and not isinstance(one, exp.Semicolon)]


def table_names(statement: exp.Expr) -> Iterator[TableName]:
    """The tables that a statement names, without its own CTEs and arrays; one without a known place begins at -1."""
    from sqlglot import exp

    aliases = {
        one.alias.lower() for one in statement.find_all(exp.Table, exp.Subquery, exp.CTE, exp.Unnest) if one.alias
    }
    for table in statement.find_all(exp.Table):
        parts = [part for part in table.parts if isinstance(part, exp.Identifier)]
        is_array = len(parts) > 1 and parts[0].name.lower() in aliases  # of a row: FROM t, t.items
        if not parts or is_array or (len(parts) == 1 and _is_cte(table)):
            continue
        places = [meta for part in parts if None not in ((meta := part.meta).get("start"), meta.get("end"))]
        known = len(places) == len(parts)
        start = min(place["start"] for place in places) if known else -1
        end = max(place["end"] for place in places) + 1 if known else -1
        yield TableName(tuple(part.name for part in parts), bool(table.alias), start, end)


def _is_cte(table: exp.Table) -> bool:
    from sqlglot import exp

    above = table.parent
    while above is not None:
        with_ = above.args.get("with_") or above.args.get("with")
        if isinstance(with_, exp.With) and any(one.alias.lower() == table.name.lower() for one in with_.expressions):
            return True
        above = above.parent
    return False


def ends_with_alias(following: list[Token]) -> bool:
    """Whether the tokens after a table begin with its alias."""
    first = following[0].token_type.name if following else ""
    return first in {"ALIAS", "VAR", "IDENTIFIER"}


def scan_tables(tokens: list[Token]) -> Iterator[TableName]:
    """The tables of a text that has no tree, such as a template with branches: the names after FROM and JOIN."""
    names = {"VAR", "IDENTIFIER"}
    ctes = {
        a.text.lower()
        for a, b, c in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if b.text.lower() == "as" and c.text == "("
    }
    for n, token in enumerate(tokens):
        if token.token_type.name not in {"FROM", "JOIN"}:
            continue
        at, parts = n + 1, []
        while at < len(tokens) and tokens[at].token_type.name in names:
            parts.append(tokens[at])
            at += 1
            if at + 1 < len(tokens) and tokens[at].text in {".", "-"} and tokens[at + 1].token_type.name in names:
                parts.append(tokens[at])
                at += 1
            else:
                break
        text = "".join(part.text for part in parts)
        is_call = at < len(tokens) and tokens[at].text == "("
        if text and not is_call and (text.lower() not in ctes):
            yield TableName(
                tuple(text.split(".")), ends_with_alias(tokens[at : at + 1]), parts[0].start, parts[-1].end + 1
            )
