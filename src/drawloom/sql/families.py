"""The query that replaces a family of tables where it is read: a UNION ALL of its members."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlglot import exp

from drawloom.model import KEY, Column, Family, Member
from drawloom.model.table import Constant


def family_query(family: Family, tables: Collection[str] | None = None) -> exp.Query:
    """All rows of a family's members, with constants as literals: a condition on them rules members out.

    Args:
        family: the family.
        tables: the members that are read; all of them otherwise.
    """
    members = [member for member in family.members if tables is None or member.table in tables]
    if not members:
        return _select([_null(column) for column in family.columns], _null(Column(KEY, "DATE"))).where(exp.false())
    return exp.union(*arms, distinct=False) if len(arms := [_arm(family, one) for one in members]) > 1 else arms[0]


def family_sql(family: Family, tables: Collection[str] | None = None) -> str:
    """The text of ``family_query`` in the canonical dialect."""
    return family_query(family, tables).sql("duckdb")


def _arm(family: Family, member: Member) -> exp.Select:
    constants = {name.lower(): value for name, value in member.constants}
    own = {column.name.lower() for column in member.columns}
    items: list[exp.Expr] = []
    for column in family.columns:
        name = column.name.lower()
        if name in constants:
            items.append(exp.alias_(_cast(literal(constants[name]), column), column.name, quoted=True))
        elif name in own:
            items.append(exp.column(column.name, quoted=True))
        else:
            items.append(_null(column))
    return _select(items, exp.column(KEY)).from_(_table(member.table))


def _select(items: list[exp.Expr], key: exp.Expr) -> exp.Select:
    return exp.select(*items, key)


def _null(column: Column) -> exp.Expr:
    return exp.alias_(_cast(exp.null(), column), column.name, quoted=column.name != KEY)


def _cast(value: exp.Expr, column: Column) -> exp.Expr:
    return exp.cast(value, exp.DataType.build(column.type, dialect="duckdb"))


def literal(value: Constant) -> exp.Expr:
    """A constant as SQL; a day as its ISO text, to be cast."""
    return exp.Literal.string(value.isoformat()) if isinstance(value, date) else exp.convert(value)


def _table(name: str) -> exp.Table:
    schema, _, table = name.rpartition(".")
    return exp.table_(exp.to_identifier(table, quoted=True), db=exp.to_identifier(schema, quoted=True))
