"""No argument of a node is overlooked: those of every class that has a rule are listed, as the parser has them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlglot import exp, parse_one

from drawloom.sql.days import constants, key_expressions, predicates
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.node_arguments import READ, REFUSED, has_unread_arguments
from drawloom.sql.days.values import UNKNOWN
from tests.sql.days.on_a_day import days_read

NAMED: set[type[Any]] = {*constants.RULES, *predicates._RULES, *key_expressions._RULES}
DAY = date(2024, 2, 15)


@pytest.mark.parametrize("kind", sorted({*NAMED, *READ, *REFUSED}, key=str))
def test_all_arguments_of_a_class_are_read_or_refused(kind: type[exp.Expr]) -> None:
    read, refused = READ.get(kind, frozenset()), REFUSED.get(kind, frozenset())
    assert not read & refused
    assert read | refused == set(kind.arg_types), "a new argument of the parser: read it, or refuse it"


def test_an_argument_that_is_not_read_makes_a_constant_unknown() -> None:
    node = parse_one("SELECT DATE_TRUNC(DATE '2024-02-15', MONTH)", read="bigquery").expressions[0]
    assert ConstantFolder("bigquery").fold(node) == date(2024, 2, 1)
    node.set("zone", exp.Literal.string("Asia/Tokyo"))
    assert has_unread_arguments(node)
    assert ConstantFolder("bigquery").fold(node) is UNKNOWN


@pytest.mark.parametrize(
    ("dialect", "condition"),
    [
        ("duckdb", "CAST(ds AS VARCHAR) NOT LIKE '2024-02-%'"),
        ("postgres", "ds IS NULL OR ds IS NOT NULL"),
        ("postgres", "ds BETWEEN SYMMETRIC DATE '2024-02-15' AND DATE '2024-02-10'"),
        ("postgres", "ds = CAST('2024-02-15 23:59:59.9' AS TIMESTAMP(0))"),
        ("postgres", "CAST(ds AS VARCHAR(7)) = '2024-02'"),
        ("duckdb", "ds = CAST(trim('x2024-02-15x', 'x') AS DATE)"),
    ],
)
def test_flags_turn_a_condition_into_another_one(dialect: str, condition: str) -> None:
    (days,) = days_read(f"SELECT 1 FROM m.a WHERE {condition}", DAY, dialect).values()
    assert DAY.toordinal() - 400 in days, days
