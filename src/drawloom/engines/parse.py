"""Strict reading of text as a type: DuckDB's own cast rounds 1.5 to 2 and cuts a time off a date."""

from __future__ import annotations

import re

from drawloom.engines import quote

_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*(\d+)\)")
_NUMBER = r"\s*-?(0|[1-9]\d*)?(\.\d+)?([eE][+-]?\d+)?\s*"

# Tried in this order on a whole column; a code with a leading zero stays text.
_GUESSES = (
    ("BOOLEAN", r"(?i)\s*(true|false)\s*"),
    ("BIGINT", r"\s*-?(0|[1-9]\d*)\s*"),
    ("DOUBLE", _NUMBER),
    ("DATE", r"\s*\d{4}-\d{2}-\d{2}\s*"),
    ("TIMESTAMP", r"\s*\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s*"),
    ("TIMESTAMP WITH TIME ZONE", r"\s*\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)\s*"),
)


def cast(text: str, type_: str) -> str:
    """The expression for a text's value in a type; NULL where ``bad`` holds for other reasons than its form."""
    return text if type_ == "VARCHAR" else f"TRY_CAST({_trimmed(text, type_)} AS {type_})"


def bad(text: str, type_: str) -> str | None:
    """The condition under which a text is not exactly a value of the type; None where every text is one."""
    if type_ == "VARCHAR":
        return None
    fails = [f"TRY_CAST({_trimmed(text, type_)} AS {type_}) IS NULL"]
    if type_ in _WHOLE:
        fails.append(_not_like(text, r"\s*[+-]?\d+(\.0*)?\s*"))
    elif found := _DECIMAL.fullmatch(type_):
        fails.append(_not_like(text, rf"\s*[+-]?\d*(\.\d{{0,{found[1]}}}0*)?\s*"))
    elif type_ == "DATE":
        fails.append(f"TRY_CAST({text} AS TIMESTAMP) IS DISTINCT FROM CAST(TRY_CAST({text} AS DATE) AS TIMESTAMP)")
    return f"({text} IS NOT NULL AND ({' OR '.join(fails)}))"


def guesses(text: str) -> list[tuple[str, str]]:
    """For each type that a column may be guessed to have: the condition that all its texts are written so."""
    fits = [
        (type_, f"regexp_full_match({text}, {quote.value(like)}) AND {cast(text, type_)} IS NOT NULL")
        for type_, like in _GUESSES
    ]
    return [(type_, f"coalesce(bool_and({fit}) FILTER ({text} IS NOT NULL), false)") for type_, fit in fits]


def _trimmed(text: str, type_: str) -> str:
    """DuckDB rounds 1.5 in a cast to a whole number; what is left of 1.0 is 1."""
    return f"regexp_replace({text}, '\\.0*\\s*$', '')" if type_ in _WHOLE else text


def _not_like(text: str, pattern: str) -> str:
    return f"NOT regexp_full_match({text}, {quote.value(pattern)})"
