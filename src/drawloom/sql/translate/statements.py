"""Translates a DuckDB text to the SQL of Spark or Trino."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from drawloom.sql.translate import (  # noqa: F401 - each registers its rules
    aggregates,
    calls,
    comparisons,
    dates,
    lists,
    nested,
    numbers,
    operators,
    select,
    sources,
    strings,
)
from drawloom.sql.translate.parse import parse_duckdb
from drawloom.sql.translate.query import translate_query
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import Translator, typed_tables

# Names that are quoted because they are words of the engine's grammar; of Trino's only those that sqlglot does not quote itself.
_TRINO = """
cube current_catalog current_date current_path current_role current_schema current_user grouping json_array json_exists
json_object json_query json_table json_value listagg localtime localtimestamp normalize recursive rollup skip trim uescape unnest
"""
_SPARK = """
all and anti any as between both by case cast check collate column constraint create cross current_date current_time
current_timestamp current_user date distinct else end escape except exists false fetch filter for foreign from full grant group
having in inner intersect interval into is join lateral leading left like minus natural not null offset on only or order outer
overlaps primary references right select semi session_user some table then timestamp to trailing true union unique unknown user
using values when where window with within
"""
_RESERVED = {"spark": frozenset(_SPARK.split()), "trino": frozenset(_TRINO.split())}


def translate_sql(sql: str, target: str, columns: Mapping[str, Mapping[str, str]], *, pretty: bool = False) -> str:
    """The statements of a DuckDB text in the dialect of Spark or Trino.

    Args:
        columns: the types of columns by table, as far as they are known.
        pretty: format the text on several lines.

    Raises:
        InputError: the text does not parse (``syntax-error``), or the target has no equivalent (``unsupported-sql``).
    """
    translator = Translator(target, sql, typed_tables(columns))
    return ";\n".join(_translate(translator, statement, pretty=pretty) for statement in parse_duckdb(sql))


def _translate(translator: Translator, statement: exp.Expr, *, pretty: bool) -> str:
    if not isinstance(statement, exp.Query | exp.Values):
        raise translator.unsupported(statement, "Write a SELECT.")
    translated, _ = translate_query(translator, statement, Scope())
    for name in translated.find_all(exp.Identifier):
        if name.name.lower() in _RESERVED[translator.target]:
            name.set("quoted", True)
    return translated.sql(
        translator.target, pretty=pretty, normalize_functions=False, unsupported_level=ErrorLevel.RAISE
    )
