"""The types of columns of text, from every value of every file: never a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drawloom.engines import parse, quote
from drawloom.engines.errors import engine_errors
from drawloom.engines.text import LINE, csv_texts, json_object, json_texts, read_header
from drawloom.model import Column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def guess_files(connection: DuckDBPyConnection, paths: Sequence[str], form: str) -> tuple[Column, ...]:
    """The columns of CSV files of one header, or of JSON lines."""
    if form == "csv":
        header = read_header(paths[0])
        return guess(connection, header.names, csv_texts(paths, header))
    members = json_members(connection, json_object("file", paths))
    return guess(connection, members, json_texts(members, json_object("file", paths))) if members else ()


def guess(connection: DuckDBPyConnection, names: Sequence[str], relation: str) -> tuple[Column, ...]:
    """Each column of text with the narrowest type that all its values are written as; VARCHAR where all are NULL."""
    fits = ", ".join(_fits(quote.name(name)) for name in names)
    with engine_errors():
        (row,) = connection.execute(f"SELECT {fits} FROM {relation}").fetchall()
    return tuple(Column(name, types[0] if types else "VARCHAR") for name, types in zip(names, row, strict=True))


def json_members(connection: DuckDBPyConnection, relation: str) -> list[str]:
    """The names of the members of all objects in the column ``line``, as they first come."""
    keys = f"SELECT unnest(json_keys({quote.name(LINE)})) AS name, row_number() OVER () AS place FROM {relation}"
    names = f"SELECT name FROM ({keys}) GROUP BY name ORDER BY min(place)"
    with engine_errors():
        return [name for (name,) in connection.execute(names).fetchall()]


def _fits(text: str) -> str:
    cases = ", ".join(f"CASE WHEN {holds} THEN {quote.value(type_)} END" for type_, holds in parse.guesses(text))
    return f"list_filter([{cases}], lambda x: x IS NOT NULL)"
