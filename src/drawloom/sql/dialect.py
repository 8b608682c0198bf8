"""Dialects: their names, quoted identifiers, and the translation of SQL from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from functools import lru_cache

from drawloom.model import refuse
from drawloom.sql.translate.portable import expand_portable_functions

DIALECTS = ("duckdb", "spark", "hive", "trino", "presto", "bigquery", "snowflake", "redshift", "postgres", "mysql")
# The dialects that have rules of their own in translate/; each rule was compared with DuckDB on the engine.
TRANSLATED = ("spark", "trino")
Columns = Mapping[str, Mapping[str, str]]
_ALIASES = {"sparksql": "spark", "postgresql": "postgres", "ansi": "", "standard": "", "awsathena": "athena"}


@lru_cache(maxsize=64)
def check_dialect(name: str) -> str:
    """The dialect's name in sqlglot.

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


def transpile(
    sql: str,
    source: str,
    target: str,
    columns: Columns | None = None,
    *,
    day: date | None = None,
    pretty: bool = False,
) -> str:
    """A text of one dialect in another.

    From DuckDB to Spark and Trino every construct is translated by a rule of ``drawloom.sql.translate`` and means the same
    there; what has no rule is refused. From DuckDB to DuckDB only the portable functions are expanded. Other dialects are
    translated to DuckDB's by sqlglot, and from there on in the same way; to others still sqlglot translates directly.

    Args:
        columns: the DuckDB types of the columns of the tables that the text reads, by the table's name as the text has it,
            such as ``{"core.rides": {"fare": "DECIMAL(18, 2)"}}``. With more types known, the result is simpler and fewer
            constructs are refused.
        day: the run's day, which takes the place of other systems' words for it, such as ``@run_date``.
        pretty: format the text on several lines.

    Raises:
        InputError: it does not parse (``syntax-error``), or the target dialect has no equivalent (``unsupported-sql``).
    """
    source, target = check_dialect(source), check_dialect(target)
    if source == target == "duckdb":
        return expand_portable_functions(sql)
    if source == "duckdb" and target in TRANSLATED:
        return _translated(sql, target, columns or {}, pretty=pretty)
    if source != target and target in TRANSLATED:
        return _translated(_transpiled(sql, source, "duckdb", day), target, columns or {}, pretty=pretty)
    return _transpiled(expand_portable_functions(sql) if source == "duckdb" else sql, source, target, day)


def _translated(sql: str, target: str, columns: Columns, *, pretty: bool) -> str:
    from drawloom.sql.parse import too_deep_error
    from drawloom.sql.recursion import with_deep_stack
    from drawloom.sql.translate.statements import translate_sql

    try:
        return with_deep_stack(lambda: translate_sql(sql, target, columns, pretty=pretty))
    except RecursionError as error:
        raise too_deep_error() from error


def _transpiled(sql: str, source: str, target: str, day: date | None = None) -> str:
    from sqlglot.errors import ErrorLevel, UnsupportedError

    from drawloom.sql.parse import parse
    from drawloom.sql.run_day import with_our_day
    from drawloom.sql.template.rendering import Piece, Rendered

    statements, _ = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), source)
    if day:
        statements = tuple(with_our_day(statement, day) for statement in statements)
    try:
        return ";\n".join(one.sql(target, unsupported_level=ErrorLevel.RAISE) for one in statements)
    except UnsupportedError as error:
        what = str(error).strip().splitlines()[0]
        message = f"sql == {what}, must be SQL that {target} has."
        raise refuse("unsupported-sql", message, None, "Write it another way.") from error
