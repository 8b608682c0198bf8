"""Key expressions: casts, day arithmetic, formats and truncation of one column, which keep the order of its days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlglot import exp

from drawloom.model.days import add_months
from drawloom.sql.days.constants import (
    COUNTS_WHOLE_PERIODS,
    DAY_PLUS_INTERVAL_IS_TIMESTAMP,
    ConstantFolder,
    length_of,
    type_of,
)
from drawloom.sql.days.day_set import Grain
from drawloom.sql.days.forms import LAST, NUMBER, PLUS, Form, form_of_pattern
from drawloom.sql.days.functions import DAYS_ARE_UTC, to_interval, trunc, unit_of
from drawloom.sql.days.node_arguments import has_unread_arguments
from drawloom.sql.days.values import UNKNOWN, Interval, PerProbe, Value, apply_per_probe, to_date

_FULL_DAYS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d")
_UNITS = ("WEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR")
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_COUNTS_STARTS = ("duckdb", "snowflake", "bigquery", "redshift")  # of the months between two days, as datediff('month')
_SUBTRACTS_DAYS = ("duckdb", "postgres", "redshift", "snowflake")
_DATE, _TIME, _NUMBER, _OTHER = Form("date"), Form("time"), Form("number"), Form("other")


@dataclass(frozen=True, slots=True)
class KeyExpression:
    """``truncate(column + shift days, unit)``; ``slack`` is the number of days by which a time zone may move it.

    ``column`` may be a COALESCE of columns; ``form`` is None where it is the column's own.
    """

    column: exp.Column | exp.Coalesce
    shift: Value = 0
    grain: Grain | None = None
    unit: str | None = None
    slack: int = 0
    form: Form | None = None

    @property
    def is_day(self) -> bool:
        """Whether rows with equal values of it are of one day, and of the day that it says."""
        return not self.unit and not self.slack and (self.form is None or self.form.tells_the_day)


class KeyExpressionReader:
    """Reads key expressions."""

    def __init__(self, constants: ConstantFolder) -> None:
        self.constants = constants
        self._depth = 0

    def read(self, node: Any) -> KeyExpression | None:
        """The column and what is done to it, or None for any other expression."""
        rule = _RULES.get(type(node))
        if rule is None or self._depth > 20 or has_unread_arguments(node, *_ALSO_READ.get(type(node), ())):
            return None
        self._depth += 1
        try:
            return rule(self, node)
        finally:
            self._depth -= 1

    def read_difference(self, node: Any) -> tuple[exp.Expr, exp.Expr, str] | None:
        """The two sides of a number of days or months between them, and the unit: ``datediff(a, b)``, or a DATE minus another."""
        node = node.unnest() if isinstance(node, exp.Paren) else node
        if not isinstance(node, exp.DateDiff | exp.TsOrDsDiff | exp.Sub) or has_unread_arguments(node):
            return None
        if isinstance(node, exp.Sub):
            sides = [self.read(side) for side in (node.this, node.expression)]
            # A number of days is the difference of two days; that of times is an interval.
            days = all(key is None or key.form is None or key.form.kind == "date" for key in sides)
            return (node.this, node.expression, "DAY") if days and self.constants.dialect in _SUBTRACTS_DAYS else None
        unit, dialect = unit_of(node.args.get("unit")), self.constants.dialect
        known = dialect in _COUNTS_STARTS if unit in _MONTHS else unit == "DAY" and dialect not in COUNTS_WHOLE_PERIODS
        return (node.this, node.expression, unit) if known else None

    def shifted(self, node: Any, by: Value, becomes_time: bool = False) -> KeyExpression | None:
        """The inner expression moved by whole days."""
        inner = self.read(node)
        if inner is None or by is UNKNOWN or inner.unit or (inner.form and inner.form.kind not in ("date", "time")):
            return None
        form = _TIME if becomes_time else inner.form
        if isinstance(by, Interval) and by.months and not by.days and not by.seconds:
            return replace(inner, unit=f"{PLUS}{by.months}", form=form) if inner.grain != "time" else None
        days = apply_per_probe(_whole_days, by)
        if days is UNKNOWN:
            return self._moved_by_hours(inner, by)
        return replace(inner, shift=apply_per_probe(lambda a, b: a + b, inner.shift, days), form=form)

    def _moved_by_hours(self, inner: KeyExpression, by: Value) -> KeyExpression | None:
        days = apply_per_probe(_days_below, by)
        if days is UNKNOWN:
            return None
        shift = apply_per_probe(lambda a, b: a + b, inner.shift, days)
        return replace(inner, shift=shift, slack=inner.slack + 1, grain="time", form=_TIME)


def day_after(value: Value, count: Value, unit: str | None = None) -> date | None:
    """The day so many days after another, or the start of a month, quarter or year so many of them after its own."""
    if value is None or count is None:
        return None
    day = to_date(value)
    if day is None or isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(count)
    return day + timedelta(days=count) if unit is None else add_months(trunc(day, unit), count * _MONTHS[unit])


def _days_below(by: Value) -> int:
    """The whole days of an interval; it has less than one more."""
    if not isinstance(by, Interval) or by.months:
        raise TypeError(by)
    return by.days + by.seconds // 86400


def _whole_days(by: Value) -> int:
    if isinstance(by, Interval) and not by.months and by.seconds % 86400 == 0:
        return by.days + by.seconds // 86400
    if isinstance(by, int) and not isinstance(by, bool):
        return by
    raise TypeError(by)


def _column(_reader: KeyExpressionReader, node: exp.Column) -> KeyExpression | None:
    return None if isinstance(node.this, exp.Star) else KeyExpression(node)


def _coalesced(reader: KeyExpressionReader, node: exp.Coalesce) -> KeyExpression | None:
    """Of columns, or of a column and a day that stands in for it; the resolver knows when they are the column's day."""
    first, *rest = [node.this, *node.expressions]
    columns = [part for part in (first, *rest) if isinstance(part, exp.Column) and not isinstance(part.this, exp.Star)]
    days = [reader.constants.fold(part) for part in rest if not isinstance(part, exp.Column)]
    if not isinstance(first, exp.Column) or not rest or len(columns) + len(days) <= len(rest):
        return None
    return KeyExpression(node) if all(_is_date(day) for day in days) else None


def _is_date(value: Value) -> bool:
    return all(type(one) is date for one in (value if type(value) is PerProbe else [value]))


def _operand(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    return reader.read(node.this)


def _time(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    inner = reader.read(node.this)
    return replace(inner, form=_TIME) if inner and _can_become_day(inner) else None


def _can_become_day(inner: KeyExpression) -> bool:
    """Whether a cast to DATE or TIMESTAMP gives the expression's day."""
    form = inner.form
    return (
        form is None or form.kind in ("date", "time") or (form.kind == "text" and form.pattern in (None, *_FULL_DAYS))
    )


def _day(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    inner = reader.read(node.this)
    if inner is None or node.expressions or (inner.unit and node.args.get("zone")):
        return None
    if inner.form is not None and inner.form.pattern == "%Y-%m-01" and not inner.unit:
        return replace(inner, grain="day", unit="MONTH", form=_DATE)
    if not _can_become_day(inner):
        return None
    return replace(inner, grain="day", slack=inner.slack + (1 if node.args.get("zone") else 0), form=_DATE)


def _cast(reader: KeyExpressionReader, node: exp.Cast) -> KeyExpression | None:
    kind, length = type_of(node), length_of(node.args["to"])
    if length is UNKNOWN or has_unread_arguments(node.args["to"]):
        return None
    if kind == "DATE":
        return _day(reader, node)
    inner = reader.read(node.this)
    if inner is None:
        return None
    if kind == "TEXT":
        return _as_text(inner, length)
    if kind == "INT":
        is_number = inner.form is None or inner.form == Form("text", "%Y%m%d")
        return replace(inner, form=_NUMBER) if is_number and not inner.shift and not inner.unit else None
    if kind not in ("TIMESTAMP", "ZONED") or length is not None or not _can_become_day(inner):
        return None
    moves = kind == "ZONED" and reader.constants.dialect not in DAYS_ARE_UTC
    if moves and inner.unit:
        return None
    return replace(inner, slack=inner.slack + moves, form=_TIME)


def _as_text(inner: KeyExpression, length: int | None) -> KeyExpression | None:
    form = inner.form
    if form is not None and form.kind == "text":
        return inner if length is None else None
    if length is not None and length < 10:
        return None
    if length == 10:
        return replace(inner, form=Form("text", "%Y-%m-%d")) if form is not None and form.kind == "date" else None
    return replace(inner, form=Form("text", None, form.kind if form else None))


def _arithmetic(sign: int) -> Callable[[KeyExpressionReader, Any], KeyExpression | None]:
    def rule(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
        for inner, other in ((node.this, node.expression), (node.expression, node.this))[: 1 if sign < 0 else 2]:
            by = reader.constants.fold(other)
            if by is not UNKNOWN:
                sample = by[0] if type(by) is PerProbe else by
                moved = apply_per_probe(lambda value: _signed(value, sign), by)
                becomes_time = (
                    isinstance(sample, Interval) and reader.constants.dialect in DAY_PLUS_INTERVAL_IS_TIMESTAMP
                )
                return reader.shifted(inner, moved, becomes_time)
        return None

    return rule


def _signed(by: Value, sign: int) -> Value:
    return by.times(sign) if isinstance(by, Interval) else sign * _whole_days(by)


def _nullif(reader: KeyExpressionReader, node: exp.Nullif) -> KeyExpression | None:
    """Where it is not NULL, it is what it was."""
    return reader.read(node.this) if reader.constants.fold(node.expression) is not UNKNOWN else None


def _last_day(reader: KeyExpressionReader, node: exp.LastDay) -> KeyExpression | None:
    inner = reader.read(node.this)
    unit = unit_of(node.args["unit"]) if node.args.get("unit") else "MONTH"
    if inner is None or inner.unit or inner.shift != 0 or unit not in _UNITS or not _can_become_day(inner):
        return None
    return replace(inner, unit=LAST + unit, grain="day", form=_DATE)


def _year(reader: KeyExpressionReader, node: exp.Year | exp.Extract) -> KeyExpression | None:
    if isinstance(node, exp.Extract) and node.name.upper() != "YEAR":
        return _extracted(reader, node)
    inner = reader.read(node.expression if isinstance(node, exp.Extract) else node.this)
    if inner is None or inner.unit or not _can_become_day(inner):
        return None
    return replace(inner, unit=NUMBER + "YEAR", grain="day", form=_NUMBER)


def _date_add(sign: int) -> Callable[[KeyExpressionReader, Any], KeyExpression | None]:
    def rule(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
        unit = unit_of(node.args.get("unit"))
        by = apply_per_probe(
            lambda amount: to_interval(amount, unit).times(sign), reader.constants.fold(node.expression)
        )
        becomes_time = reader.constants.dialect == "duckdb" or isinstance(node, exp.TimestampAdd | exp.TimestampSub)
        return reader.shifted(node.this, by, becomes_time) if by is not UNKNOWN else None

    return rule


def _truncated(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    inner = reader.read(node.this)
    unit = unit_of(node.args.get("unit"))
    if inner is None or inner.unit or not _can_become_day(inner):
        return None
    form = _TIME if reader.constants.dialect == "duckdb" else None
    if form is None and inner.form is not None and inner.form.kind in ("date", "time"):
        form = inner.form
    if unit == "DAY":
        return replace(inner, grain="day", form=form)
    return replace(inner, unit=unit, grain="day", form=form) if unit in _UNITS or unit[4:5] == "(" else None


def _formatted(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    inner = reader.read(node.this)
    pattern = reader.constants.fold(node.args["format"])
    if inner is None or not isinstance(pattern, str) or not _can_become_day(inner):
        return None
    form = form_of_pattern(pattern)
    whole = not any(code in pattern for code in ("%H", "%M", "%S"))
    return replace(inner, form=form, grain="day" if whole else inner.grain) if form.kind == "text" else None


def _parsed(reader: KeyExpressionReader, node: Any) -> KeyExpression | None:
    if not node.args.get("format"):
        return _day(reader, node)
    pattern = str(node.text("format")).replace("strict", "")
    inner = reader.read(node.this)
    if inner is None or not all(part in pattern for part in ("%Y", "%m", "%d")):
        return None
    if inner.form is not None and inner.form.kind != "date" and inner.form.pattern not in (pattern, None):
        return None
    form = _TIME if isinstance(node, exp.StrToTime) else _DATE
    return replace(inner, form=form, grain="day" if form is _DATE else inner.grain)


def _zoned(reader: KeyExpressionReader, node: exp.AtTimeZone) -> KeyExpression | None:
    inner = reader.read(node.this)
    return replace(inner, slack=inner.slack + 1, grain="time", form=_TIME) if inner and not inner.unit else None


def _extracted(reader: KeyExpressionReader, node: exp.Extract) -> KeyExpression | None:
    if node.name.upper() != "DATE":
        return None
    inner = reader.read(node.expression)
    return replace(inner, grain="day", form=_DATE) if inner and _can_become_day(inner) else None


_ALSO_READ: dict[type[Any], tuple[str, ...]] = {exp.Date: ("zone",)}
_RULES: dict[type[Any], Callable[[KeyExpressionReader, Any], KeyExpression | None]] = {
    exp.Column: _column,
    exp.Coalesce: _coalesced,
    exp.Paren: _operand,
    exp.Alias: _operand,
    exp.TimeStrToTime: _time,
    exp.TsOrDsToTimestamp: _time,
    exp.TsOrDsToDatetime: _time,
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
    exp.Extract: _year,
    exp.Year: _year,
    exp.LastDay: _last_day,
    exp.Nullif: _nullif,
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
