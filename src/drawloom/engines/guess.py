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

_FIRST = 1000


def guess_files(connection: DuckDBPyConnection, paths: Sequence[str], form: str) -> tuple[Column, ...]:
    """The columns of CSV files of one header, or of JSON lines."""
    if form == "csv":
        header = read_header(paths[0])
        return guess(connection, header.names, csv_texts(paths, header))
    members = json_members(connection, json_object("file", paths))
    return guess(connection, members, json_texts(members, json_object("file", paths))) if members else ()


def guess(connection: DuckDBPyConnection, names: Sequence[str], relation: str) -> tuple[Column, ...]:
    """Each column of text with the narrowest type that all its values are written as; VARCHAR where all are NULL.

    The first values rule types out, so that the pass over all of them tries only what is left.
    """
    first = f"(SELECT * FROM {relation} LIMIT {_FIRST})"
    left = _fitting(connection, {name: tuple(parse.guesses("")) for name in names}, first, when_null=True)
    fit = _fitting(connection, left, relation, when_null=False)
    return tuple(Column(name, next(iter(fit[name]), "VARCHAR")) for name in names)


def json_members(connection: DuckDBPyConnection, relation: str) -> list[str]:
    """The names of the members of all objects in the column ``line``, as they first come."""
    keys = f"SELECT unnest(json_keys({quote.name(LINE)})) AS name, row_number() OVER () AS place FROM {relation}"
    names = f"SELECT name FROM ({keys}) GROUP BY name ORDER BY min(place)"
    with engine_errors():
        return [name for (name,) in connection.execute(names).fetchall()]


def _fitting(
    connection: DuckDBPyConnection, types: dict[str, tuple[str, ...]], relation: str, *, when_null: bool
) -> dict[str, tuple[str, ...]]:
    """Those types of each column that all its values are written as."""
    tests = [
        f"coalesce(bool_and({parse.guesses(text)[type_]}) FILTER ({text} IS NOT NULL), {when_null})"
        for name, some in types.items()
        for text in [quote.name(name)]
        for type_ in some
    ]
    if not tests:
        return types
    with engine_errors():
        (row,) = connection.execute(f"SELECT {', '.join(tests)} FROM {relation}").fetchall()
    answers = iter(row)
    return {name: tuple(type_ for type_ in some if next(answers)) for name, some in types.items()}
