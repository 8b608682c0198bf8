"""Key expressions: casts, day arithmetic, formats and truncation of one column, which keep the order of its days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from drawloom.sql.days.constants import ConstantFolder, type_of
from drawloom.sql.days.day_set import Grain
from drawloom.sql.days.functions import to_interval, unit_of
from drawloom.sql.days.values import UNKNOWN, Interval, Value, apply_per_probe

_DAY_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d")


@dataclass(frozen=True, slots=True)
class KeyExpression:
    """``truncate(column + shift days, unit)``; ``slack`` is the number of days by which a time zone may move it."""

    column: exp.Column
    shift: Value = 0
    grain: Grain | None = None
    unit: str | None = None
    slack: int = 0


class KeyExpressionReader:
    """Reads key expressions."""

    def __init__(self, constants: ConstantFolder) -> None:
        self.constants = constants
        self._depth = 0

    def read(self, node: Any) -> KeyExpression | None:
        """The column and what is done to it, or None for any other expression."""
        rule = _RULES.get(type(node))
        if rule is None or self._depth > 20:
            return None
        self._depth += 1
        try:
            return rule(self, node)
        finally:
            self._depth -= 1

    def shifted(self, node: Any, by: Value) -> KeyExpression | None:
        """The inner expression moved by an interval of whole days."""
        inner = self.read(node)
        days = apply_per_probe(_whole_days, by)
        if inner is None or days is UNKNOWN or inner.unit:
            return None
        return replace(inner, shift=apply_per_probe(lambda a, b: a + b, inner.shift, days))


def _whole_days(by: Value) -> int:
    if isinstance(by, Interval) and not by.months and by.seconds % 86400 == 0:
        return by.days + by.seconds // 86400
    if isinstance(by, int) and not isinstance(by, bool):
        return by
    raise TypeError(by)


def _column(_reader: KeyExpressionReader, node: exp.Column) -> KeyExpression | None:
    return None if isinstance(node.this, exp.Star) else KeyExpression(node)


def _operand(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    return reader.read(node.this)


def _day(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    inner = reader.read(node.this)
    if inner is None or node.expressions or inner.unit:
        return inner if inner and not node.expressions else None
    return replace(inner, grain="day", slack=inner.slack + (1 if node.args.get("zone") else 0))


def _cast(reader: KeyExpressionReader, node: exp.Cast) -> KeyExpression | None:
    kind = type_of(node)
    if kind == "DATE":
        return _day(reader, node)
    inner = reader.read(node.this)
    return inner if kind in ("TIMESTAMP", "TEXT") or (kind == "INT" and inner and not inner.shift) else None


def _arithmetic(sign: int) -> Callable[[KeyExpressionReader, Any], KeyExpression | None]:
    def rule(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
        by = reader.constants.fold(node.expression)
        if by is not UNKNOWN:
            return reader.shifted(node.this, apply_per_probe(lambda value: sign * _whole_days(value), by))
        by = reader.constants.fold(node.this) if sign > 0 else UNKNOWN
        return reader.shifted(node.expression, by) if by is not UNKNOWN else None

    return rule


def _date_add(sign: int) -> Callable[[KeyExpressionReader, Any], KeyExpression | None]:
    def rule(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
        unit = unit_of(node.args.get("unit"))
        by = apply_per_probe(
            lambda amount: to_interval(amount, unit).times(sign), reader.constants.fold(node.expression)
        )
        return reader.shifted(node.this, by) if by is not UNKNOWN else None

    return rule


def _truncated(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    inner = reader.read(node.this)
    unit = unit_of(node.args.get("unit"))
    if inner is None or inner.unit or node.args.get("zone"):
        return None
    if unit == "DAY":
        return replace(inner, grain="day")
    return (
        replace(inner, unit=unit, grain="day")
        if unit in ("WEEK", "MONTH", "QUARTER", "YEAR") or unit[4:5] == "("
        else None
    )


def _formatted(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    pattern = str(node.text("format")).replace("strict", "")
    return _day(reader, node) if pattern in _DAY_FORMATS else None


def _parsed(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    pattern = str(node.text("format")).replace("strict", "")
    if not node.args.get("format"):
        return _day(reader, node)
    inner = reader.read(node.this)
    return inner if inner and all(part in pattern for part in ("%Y", "%m", "%d")) else None


def _zoned(reader: KeyExpressionReader, node: exp.AtTimeZone) -> KeyExpression | None:
    inner = reader.read(node.this)
    return replace(inner, slack=inner.slack + 1) if inner else None


def _extracted(reader: KeyExpressionReader, node: exp.Extract) -> KeyExpression | None:
    if node.name.upper() != "DATE":
        return None
    inner = reader.read(node.expression)
    return replace(inner, grain="day") if inner else None


_RULES: dict[type[Any], Callable[[KeyExpressionReader, Any], KeyExpression | None]] = {
    exp.Column: _column,
    exp.Paren: _operand,
    exp.Alias: _operand,
    exp.TimeStrToTime: _operand,
    exp.TsOrDsToTimestamp: _operand,
    exp.TsOrDsToDatetime: _operand,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Date: _day,
    exp.DateStrToDate: _day,
    exp.FromISO8601Date: _day,
    exp.TsOrDsToDate: _parsed,
    exp.StrToDate: _parsed,
    exp.StrToTime: _parsed,
    exp.TimeToStr: _formatted,
    exp.AtTimeZone: _zoned,
    exp.Extract: _extracted,
    exp.Add: _arithmetic(1),
    exp.Sub: _arithmetic(-1),
    exp.TsOrDsAdd: _date_add(1),
    exp.DateAdd: _date_add(1),
    exp.DatetimeAdd: _date_add(1),
    exp.TimestampAdd: _date_add(1),
    exp.DateSub: _date_add(-1),
    exp.DatetimeSub: _date_add(-1),
    exp.TimestampSub: _date_add(-1),
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.DatetimeTrunc: _truncated,
}
