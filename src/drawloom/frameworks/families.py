"""Members of families: the constant columns that are added to a step's table, so that each row names its member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from drawloom.frameworks import sqlfiles
from drawloom.model import KEY, Column, InputError, Problem, Step
from drawloom.model.table import Constant, Membership

_TYPES: dict[type, str] = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR", date: "DATE"}


def with_constants(step: Step) -> Step:
    """The step, with the constants of its membership as columns of its table, unless its SQL gives them itself.

    They are stored, so that a change of a constant changes the member's contents and makes readers of the family stale.

    Raises:
        InputError: the table's columns are not declared, or it is filled by Python and lacks them.
    """
    membership = step.into.member_of
    if membership is None:
        return step
    declared = {column.name.lower() for column in step.into.columns}
    added = tuple((name, value) for name, value in membership.constants if name.lower() not in declared)
    if not step.into.columns or (added and step.sql is None):
        raise InputError(_undeclared(step, membership, [name for name, _ in added]))
    if not added:
        return step
    columns = tuple(Column(name, _TYPES[type(value)]) for name, value in added)
    names = [column.name for column in step.into.columns]
    return replace(
        step,
        into=replace(step.into, columns=(*columns, *step.into.columns)),
        sql=_add_columns(step.sql, added, names),
        backfill_sql=_add_columns(step.backfill_sql, added, [*names, KEY]),
    )


def _add_columns(sql: str | None, added: Sequence[tuple[str, Constant]], names: Sequence[str]) -> str | None:
    if not sql:
        return sql
    constants = ", ".join(f"{sqlfiles.quote_literal(value)} AS {sqlfiles.quote_name(name)}" for name, value in added)
    return f"SELECT {constants}, {sqlfiles.quote_names(names)} FROM (\n{sql.strip().rstrip(';')}\n) AS member\n"


def _undeclared(step: Step, membership: Membership, missing: Sequence[str]) -> Problem:
    what = f"columns of {step.into.name} == {', '.join(column.name for column in step.into.columns) or 'not declared'}"
    rule = f"must be declared{' with ' + ', '.join(missing) if missing else ''}: it is a member of {membership.family}"
    return Problem("family-columns", "error", f"{what}, {rule}.", step.where)
