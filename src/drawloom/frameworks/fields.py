"""Fields that specs of several frameworks have: a row condition, an entity, a dimension with a long tail, windows, a time column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from drawloom.frameworks.sqlfiles import escape_braces
from drawloom.model import Fix, Problem
from drawloom.specs.base import Spec, SpecPart
from drawloom.specs.fields import Name
from drawloom.specs.validation import RuleError

if TYPE_CHECKING:
    from sqlglot import exp


def _as_condition(value: object) -> object:
    if value is True or (isinstance(value, str) and value.strip()):
        return "true" if value is True else value
    raise RuleError("must be true, for every row, or a condition in SQL like product = 'shared'")


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _as_days(value: object) -> object:
    found = re.fullmatch(r"([1-9]\d{0,4})d", value) if isinstance(value, str) else None
    return int(found[1]) if found else value


Condition = Annotated[str, BeforeValidator(_as_condition)]
"""SQL that is true or false for one row, or ``true`` for all rows; see ``condition_problems`` and ``condition_sql``."""

Entity = Annotated[tuple[Name, ...], BeforeValidator(_as_list), Field(strict=False, min_length=1)]
"""The column or columns that identify the entity of a row."""

TimeColumn = Name
"""The column that orders the rows of a day."""

Window = Annotated[
    int,
    BeforeValidator(_as_days),
    Field(ge=1),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^[1-9]\d*d$"}]}),
]
"""A number of days up to the day that is filled, like 28 or 28d."""


Windows = Annotated[tuple[Window, ...], Field(strict=False, min_length=1)]
"""Several windows, at least one."""


class Dimension(SpecPart):
    """A column that rows are counted by. The long tail of its values, all but the most frequent ones, can be cut: they become '(other)'."""

    column: Name | None = Field(None, description="the column; that of the dimension's name otherwise")
    top: Annotated[int, Field(ge=1)] | None = Field(
        None, description="keep the values with the most entities, so many of them; all others are '(other)'"
    )
    min_entities: Annotated[int, Field(ge=0)] | None = Field(
        None, description="keep the values that at least so many entities have; all others are '(other)'"
    )

    @property
    def has_long_tail(self) -> bool:
        """Whether its long tail is cut."""
        return self.top is not None or self.min_entities is not None


def condition_sql(condition: str) -> str:
    """A condition or another expression in parentheses, formatted by sqlglot, safe in a template."""
    import sqlglot

    return escape_braces(f"({sqlglot.parse_one(condition, dialect='duckdb').sql('duckdb', comments=False)})")


def condition_problems(spec: Spec, field: str, conditions: Mapping[str, str], source: str) -> Iterator[Problem]:
    """The problems of a spec's conditions, which must each be one expression over a row.

    Args:
        spec: the spec, for places.
        field: the field that holds them, a mapping.
        conditions: SQL by key.
        source: the table whose rows they are about.
    """
    for key, text in conditions.items():
        yield from expression_problems(spec, (field, key), text, source, "a condition")


def expression_problems(
    spec: Spec, place: Sequence[str], text: str, source: str, what: str = "an expression"
) -> Iterator[Problem]:
    """The problems of SQL that must be one expression over a row.

    Args:
        spec: the spec, for places.
        place: the keys under which it is written.
        text: the SQL.
        source: the table whose rows it is about.
        what: what it must be, in words.
    """
    if reason := _why_not_a_condition(text):
        message = f"{'.'.join(place)} == {text!r}, must be {what} over one row of {source}: {reason}."
        fix = Fix("Write it as after WHERE, like product = 'shared'; prepare what is more than that in a table.")
        yield Problem("invalid", "error", message, spec.place(*place), fix)


def _why_not_a_condition(text: str) -> str:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError:
        return "it is not SQL"
    if len(statements) != 1 or not isinstance(statements[0], exp.Condition):
        return "it is not one expression"
    return next((why for node in statements[0].walk() if (why := _reads_more_than_a_row(node))), "")


def _reads_more_than_a_row(node: exp.Expr) -> str:
    from sqlglot import exp

    if isinstance(node, exp.Query | exp.Subquery):
        return "it has a query in it"
    if isinstance(node, exp.AggFunc | exp.Window):
        return f"{node.sql('duckdb')} looks at many rows"
    return ""
