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
    fails = [f"{cast(text, type_)} IS NULL"]
    if type_ in _WHOLE:
        fails.append(_unlike(text, r"\s*[+-]?\d+(\.0*)?\s*"))
    elif found := _DECIMAL.fullmatch(type_):
        fails.append(_unlike(text, rf"\s*[+-]?\d*(\.\d{{0,{found[1]}}}0*)?\s*"))
    elif type_ == "DATE":
        midnight = f"CAST(TRY_CAST({text} AS DATE) AS TIMESTAMP)"
        fails.append(f"length({text}) > 10 AND TRY_CAST({text} AS TIMESTAMP) IS DISTINCT FROM {midnight}")
    return f"({text} IS NOT NULL AND ({' OR '.join(f'({fail})' for fail in fails)}))"


def guesses(text: str) -> dict[str, str]:
    """The types that a column may be guessed to have, each with the condition that a text is written so."""
    return {
        type_: f"(regexp_full_match({text}, {quote.value(like)}) AND {cast(text, type_)} IS NOT NULL)"
        for type_, like in _GUESSES
    }


def _trimmed(text: str, type_: str) -> str:
    """A whole number without its zeros behind the point: DuckDB would round what is too long for a double."""
    if type_ not in _WHOLE:
        return text
    return f"CASE WHEN contains({text}, '.') THEN regexp_replace({text}, '\\.0*\\s*$', '') ELSE {text} END"


def _unlike(text: str, pattern: str) -> str:
    """Whether a number is not written so; only those with more than digits need the costly look."""
    odd = f"(contains({text}, '.') OR contains(lower({text}), 'e'))"
    return f"{odd} AND NOT regexp_full_match({text}, {quote.value(pattern)})"
