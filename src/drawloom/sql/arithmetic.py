"""Arithmetic of numbers, days, times and intervals, as engines do it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlglot import exp

from drawloom.sql import functions as sql
from drawloom.sql.values import Interval, Value, move, to_date, to_datetime, to_int


def unit_of(node: Any) -> str:
    """The unit of a date function, in upper case and singular."""
    if isinstance(node, exp.WeekStart):
        return f"WEEK({node.name.upper()})"
    name = (node.name if isinstance(node, exp.Expr) else str(node or "DAY")).upper()
    return sql.UNITS.get(name, name)


def step(amount: Value, unit: str) -> Interval:
    """An interval of so many units.

    Raises:
        KeyError: no such unit.
    """
    if isinstance(amount, Interval):
        return amount
    count = to_int(amount)
    if count is None:
        raise ValueError(amount)
    return sql.STEPS[unit].times(count)


def plus(left: Value, right: Value, sign: int, stamps: bool = False) -> Value:
    """``left + right`` or, with sign -1, ``left - right``.

    Args:
        left: a number, a day, a time or an interval.
        right: likewise.
        sign: 1 or -1.
        stamps: whether a day and an interval make a timestamp on this engine.
    """
    if left is None or right is None:
        return None
    if isinstance(left, Interval) and sign > 0:
        left, right = right, left
    if isinstance(right, Interval):
        if isinstance(left, Interval):
            raise TypeError(left)
        moved = move(left, right.times(sign))
        return to_datetime(moved) if stamps else moved
    if isinstance(left, date) and isinstance(right, int):
        return left + timedelta(days=sign * right)
    if isinstance(left, date) and isinstance(right, date) and sign < 0:
        return (to_date(left) - to_date(right)).days  # type: ignore[operator]
    return sql.number(left) + sign * sql.number(right)


def times(left: Value, right: Value) -> Value:
    """``left * right`` of numbers, or of a number and an interval."""
    if left is None or right is None:
        return None
    if isinstance(left, Interval):
        return left.times(right)
    return right.times(left) if isinstance(right, Interval) else sql.number(left) * sql.number(right)
