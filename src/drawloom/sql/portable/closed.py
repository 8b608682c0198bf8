"""The closed list: functions that mean the same on every engine, DuckDB too.

They are written like DuckDB's own, in specs, checks and the SQL of frameworks, and are expanded before the text runs:

{table}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Portable:
    """A function of the list: how it is called, what it gives, and DuckDB's words for it.

    ``_1`` and so on in the text are the arguments, ``_keys`` and ``_values`` those in turn.
    """

    name: str
    call: str
    gives: str
    text: str
    least: int
    most: int


CLOSED = {
    each.name: each
    for each in (
        Portable("bucket", "bucket(x, salt, n)", "A whole number from 0 to n - 1 that depends on x and the salt only: md5, so that every engine puts x into the same bucket. NULL for NULL.",
                 "(CAST('0x' || substr(md5(CAST(_2 AS VARCHAR) || ':' || CAST(_1 AS VARCHAR)), 1, 8) AS BIGINT) % _3)", 3, 3),
        Portable("dow", "dow(d)", "The day of the week: 0 is Monday, 6 is Sunday.", "(isodow(_1) - 1)", 1, 1),
        Portable("day_shift", "day_shift(ds, n)", "The DATE that lies n days after ds, a DATE or a text like 2026-01-31; before it where n is negative.",
                 "(CAST(_1 AS DATE) + CAST(_2 AS INTEGER))", 2, 2),
        Portable("day_series", "day_series(a, b)", "The days from a to b, both in it: in FROM a table with the column ds, elsewhere a list. Empty where b is before a.",
                 "list_transform(generate_series(CAST(_1 AS DATE), CAST(_2 AS DATE), INTERVAL 1 DAY), lambda dl_day: CAST(dl_day AS DATE))", 2, 2),
        Portable("top_k", "top_k(x, k)", "An aggregate: the list of the k values that occur most often, the most frequent first; of equally frequent ones the smallest first. NULLs do not count.",
                 "list_transform(list_sort(list_transform(map_entries(histogram(_1)), lambda dl_e: {'n': -CAST(dl_e.value AS BIGINT), 'v': dl_e.key}))[1:_2], lambda dl_e: dl_e.v)", 2, 2),
        Portable("ordered_array", "ordered_array(x, by)", "An aggregate: the list of x in the order of a second value, NULLs in it and last.", "list(_1 ORDER BY _2)", 2, 2),
        Portable("approx_distinct", "approx_distinct(x)", "An aggregate: roughly how many different values there are. The engines differ by some per cent.", "approx_count_distinct(_1)", 1, 1),
        Portable("list_len", "list_len(list)", "How many elements a list has, NULLs too.", "len(_1)", 1, 1),
        Portable("map_of", "map_of(key, value, ...)", "A map.", "MAP([_keys], [_values])", 2, 998),
        Portable("bits_and", "bits_and(a, b)", "The bits that both BIGINTs have.", "(CAST(_1 AS BIGINT) & CAST(_2 AS BIGINT))", 2, 2),
        Portable("bits_or", "bits_or(a, b)", "The bits that one of the BIGINTs has.", "(CAST(_1 AS BIGINT) | CAST(_2 AS BIGINT))", 2, 2),
        Portable("bits_xor", "bits_xor(a, b)", "The bits that only one of the BIGINTs has.", "xor(CAST(_1 AS BIGINT), CAST(_2 AS BIGINT))", 2, 2),
        Portable("bits_left", "bits_left(x, n)", "The bits of a BIGINT moved n places up.", "(CAST(_1 AS BIGINT) << CAST(_2 AS BIGINT))", 2, 2),
        Portable("bits_right", "bits_right(x, n)", "The bits of a BIGINT moved n places down.", "(CAST(_1 AS BIGINT) >> CAST(_2 AS BIGINT))", 2, 2),
    )
}  # fmt: skip
# Those that other engines say in their own way; the rest is said from DuckDB's words.
OWN = frozenset({"day_series", "top_k", "approx_distinct", "list_len", "map_of"})
_MENTIONED = re.compile(rf"\b({'|'.join(CLOSED)})\s*\(", re.IGNORECASE)


def table() -> str:
    """The list as a table of Markdown."""
    rows = [f"| `{each.call}` | {each.gives} |" for each in CLOSED.values()]
    return "\n".join(["| function | gives |", "|---|---|", *rows])


__doc__ = (__doc__ or "").format(table=table())


def mentioned(sql: str) -> bool:
    """Whether a text may call one of the functions."""
    return _MENTIONED.search(sql) is not None


def expanded(sql: str) -> str:
    """A DuckDB text with the functions of the list in DuckDB's words; anything else in it stays as it is, to the byte.

    Raises:
        InputError: one has too few or too many arguments; code ``unsupported-sql``.
    """
    if not mentioned(sql):
        return sql
    from drawloom.sql.portable.textual import expand

    return expand(sql)


@lru_cache(maxsize=256)
def _macro(name: str) -> exp.Expr:
    from drawloom.sql.portable.reading import read

    (statement,) = read("SELECT " + CLOSED[name].text)
    found: exp.Expr = statement.expressions[0]
    return found.pop()


def macro(name: str, parts: Sequence[exp.Expr]) -> exp.Expr:
    """A call in DuckDB's words, as a tree."""
    from sqlglot import exp

    tree = _macro(name).copy()
    for hole in list(tree.find_all(exp.Column)):
        if hole.name[:1] == "_" and hole.name[1:].isdigit() and not hole.table:
            part = parts[int(hole.name[1:]) - 1].copy()
            hole.replace(exp.Paren(this=part) if isinstance(part, exp.Binary) else part)
    return tree
