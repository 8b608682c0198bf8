"""Dialects: their names, identifiers, and SQL said in another one."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from drawloom.model import InputError, refuse

DIALECTS = ("duckdb", "spark", "hive", "trino", "presto", "bigquery", "snowflake", "redshift", "postgres", "mysql")
_ALIASES = {"sparksql": "spark", "postgresql": "postgres", "ansi": "", "standard": "", "awsathena": "athena"}


@lru_cache(maxsize=64)
def check_dialect(name: str) -> str:
    """The dialect's name as sqlglot knows it.

    Raises:
        InputError: there is no such dialect; code ``dialect``.
    """
    from sqlglot.dialects.dialect import Dialect

    known = _ALIASES.get(name.lower(), name.lower())
    try:
        Dialect.get_or_raise(known)
    except ValueError as error:
        near = get_close_matches(known, DIALECTS, 1)
        fix = f"Did you mean {near[0]}?" if near else "Name one of them."
        raise refuse("dialect", f"dialect == {name!r}, must be one of {', '.join(DIALECTS)}.", None, fix) from error
    return known


def quoted(name: str, dialect: str = "duckdb") -> str:
    """A dotted table name (or a plain column name) with every part quoted."""
    from sqlglot import exp

    return ".".join(exp.to_identifier(part, quoted=True).sql(dialect) for part in name.split("."))


def transpile(sql: str, source: str, target: str) -> str:
    """A statement of one dialect in another.

    Raises:
        InputError: it does not parse (``syntax-error``), or the other dialect cannot say it (``unsupported-sql``).
    """
    from sqlglot.errors import ErrorLevel, UnsupportedError

    from drawloom.sql.parse import parse
    from drawloom.sql.template import Piece, Rendered

    statements, _ = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), check_dialect(source))
    try:
        texts = [one.sql(check_dialect(target), unsupported_level=ErrorLevel.RAISE) for one in statements]
    except UnsupportedError as error:
        raise _unsupported(error, target) from error
    return ";\n".join(texts)


def _unsupported(error: Exception, target: str) -> InputError:
    what = str(error).strip().splitlines()[0]
    return refuse("unsupported-sql", f"sql == {what}, must be SQL that {target} has.", None, "Say it another way.")
