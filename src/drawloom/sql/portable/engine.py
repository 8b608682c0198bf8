"""The whole way: a DuckDB text to the text of Spark, Trino, Hive or Presto."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from drawloom.sql.portable import (  # noqa: F401 - each registers its rules
    aggregates,
    calls,
    columns,
    comparisons,
    conditional,
    dates,
    formats,
    jsons,
    lists,
    narrow,
    nested,
    numbers,
    operators,
    patterns,
    quantiles,
    texts,
    windows,
)
from drawloom.sql.portable.query import say_query
from drawloom.sql.portable.reading import read
from drawloom.sql.portable.reserved import quote_reserved
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, kinds_of_tables


def say_text(sql: str, target: str, columns_of: Mapping[str, Mapping[str, str]], *, pretty: bool = False) -> str:
    """The statements of a DuckDB text in the target's words.

    Raises:
        InputError: the text does not parse (``syntax-error``), or the target cannot say it (``unsupported-sql``).
    """
    speaker = Speaker(target, sql, kinds_of_tables(columns_of))
    return ";\n".join(_say(speaker, statement, pretty=pretty) for statement in read(sql))


def _say(speaker: Speaker, statement: exp.Expr, *, pretty: bool) -> str:
    if not isinstance(statement, exp.Query | exp.Values):
        raise speaker.refused(statement, "Write a SELECT.")
    said, _ = say_query(speaker, statement, Scope())
    narrow.check(speaker, said)
    quote_reserved(said, speaker.target)
    return said.sql(speaker.target, pretty=pretty, normalize_functions=False, unsupported_level=ErrorLevel.RAISE)
