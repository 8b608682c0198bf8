"""Dialects: their names, identifiers, and SQL said in another one."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache

from drawloom.model import InputError, refuse
from drawloom.sql.portable.closed import expanded

DIALECTS = ("duckdb", "spark", "hive", "trino", "presto", "bigquery", "snowflake", "redshift", "postgres", "mysql")
# The engines whose text is made by rules that were run on them, or on their next of kin.
PORTABLE = ("spark", "trino", "hive", "presto")
Columns = Mapping[str, Mapping[str, str]]
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


def transpile(sql: str, source: str, target: str, columns: Columns | None = None, *, pretty: bool = False) -> str:
    """A text of one dialect in another: it means the same there.

    From DuckDB to Spark, Trino, Hive and Presto every construct is said by a rule of ``drawloom.sql.portable``, and what
    has none is refused. From DuckDB to DuckDB only the portable functions are expanded.

    Args:
        columns: what is known of the tables that the text reads: their columns with their types, in DuckDB's words, by
            the table's name as the text has it, such as ``{"core.rides": {"fare": "DECIMAL(18, 2)"}}``. The more is
            known, the plainer is the text and the less is refused.
        pretty: lay the text out on lines, for people.

    Raises:
        InputError: it does not parse (``syntax-error``), or the other dialect cannot say it (``unsupported-sql``).
    """
    source, target = check_dialect(source), check_dialect(target)
    if source == target == "duckdb":
        return expanded(sql)
    if source == "duckdb" and target in PORTABLE:
        return _portable(sql, target, columns or {}, pretty=pretty)
    return _transpiled(expanded(sql) if source == "duckdb" else sql, source, target)


def _portable(sql: str, target: str, columns: Columns, *, pretty: bool) -> str:
    from drawloom.sql.deep import deeply
    from drawloom.sql.parse import too_deep
    from drawloom.sql.portable.engine import say_text

    try:
        return deeply(lambda: say_text(sql, target, columns, pretty=pretty))
    except RecursionError as error:
        raise too_deep() from error


def _transpiled(sql: str, source: str, target: str) -> str:
    from sqlglot.errors import ErrorLevel, UnsupportedError

    from drawloom.sql.parse import parse
    from drawloom.sql.template import Piece, Rendered

    statements, _ = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), source)
    try:
        texts = [one.sql(target, unsupported_level=ErrorLevel.RAISE) for one in statements]
    except UnsupportedError as error:
        raise _unsupported(error, target) from error
    return ";\n".join(texts)


def _unsupported(error: Exception, target: str) -> InputError:
    what = str(error).strip().splitlines()[0]
    return refuse("unsupported-sql", f"sql == {what}, must be SQL that {target} has.", None, "Say it another way.")
