"""Constant folding: the value of an expression without columns, at every probe day.

Only what is known to be the same on the engine is folded; everything else is UNKNOWN, which bounds nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlglot import exp

from drawloom.sql.days import functions as sql
from drawloom.sql.days.functions import plus, times, to_interval, unit_of
from drawloom.sql.days.values import (
    UNKNOWN,
    Interval,
    PerProbe,
    Value,
    apply_per_probe,
    move,
    to_date,
    to_datetime,
    to_int,
    to_text,
)

_MAX_DEPTH = 60
# Dialects in which DATE + INTERVAL is a TIMESTAMP.
_DAY_PLUS_INTERVAL_IS_TIMESTAMP = frozenset({"duckdb", "postgres", "redshift", "bigquery"})
_RUN_DAY_PARAMETERS = frozenset({"submission_date", "ds", "run_date", "execution_date", "logical_date"})

Fold = Callable[["ConstantFolder", Any], Value]


class ConstantFolder:
    """Folds constants of one dialect.

    Args:
        dialect: the dialect of the text.
        text: the rendered text.
        moving_literals: for the offset of a literal in that text, its text at each probe day.
        days: the probe days, which are the values of parameters such as ``@ds`` and ``@submission_date``.
    """

    def __init__(
        self,
        dialect: str,
        text: str = "",
        moving_literals: Mapping[int, PerProbe] | None = None,
        days: PerProbe | None = None,
    ) -> None:
        self.dialect = dialect
        self.text = text
        self.moving_literals = moving_literals or {}
        self.days = days or PerProbe()
        self._depth = 0

    def fold(self, node: Any) -> Value:
        """The value of a node, a PerProbe where it differs between probe days, or UNKNOWN."""
        rule = RULES.get(type(node))
        if rule is None or self._depth > _MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            return rule(self, node)
        finally:
            self._depth -= 1

    def apply(self, function: Callable[..., Value], *nodes: Any) -> Value:
        """The function applied to the folded nodes, at every probe day."""
        values = []
        for node in nodes:
            value = self.fold(node)
            if value is UNKNOWN:
                return UNKNOWN
            values.append(value)
        return apply_per_probe(function, *values)

    def name(self, node: exp.Expr) -> str:
        """The function's name as the user wrote it, in lower case."""
        meta = node.meta
        return self.text[meta["start"] : meta["end"] + 1].lower() if "start" in meta else ""


def type_of(node: exp.Expr) -> str:
    """The kind of a cast's target type: DATE, TIMESTAMP, TEXT, INT, or else the type's own name."""
    kind = node.args["to"]
    name = kind.this.name if isinstance(kind, exp.DataType) and hasattr(kind.this, "name") else str(kind)
    return sql.KINDS.get(name, name)


def _literal(constants: ConstantFolder, node: exp.Literal) -> Value:
    meta = node._meta  # noqa: SLF001 - `node.meta` would make an empty dict for every node
    value: Value = (
        constants.moving_literals.get(meta["start"]) if meta and constants.moving_literals and "start" in meta else None
    )
    if value is None:
        value = node.this
    return value if node.is_string else apply_per_probe(_number, value)


def _number(text: str) -> Value:
    return float(text) if not text.isdigit() else int(text)


def _parameter(constants: ConstantFolder, node: exp.Expr) -> Value:
    return constants.days if node.name.lower() in _RUN_DAY_PARAMETERS and constants.days else UNKNOWN


def _cast(constants: ConstantFolder, node: exp.Cast) -> Value:
    converts = {"DATE": to_date, "TIMESTAMP": to_datetime, "TEXT": to_text, "INT": to_int}
    convert = converts.get(type_of(node))
    return constants.apply(convert, node.this) if convert else UNKNOWN


def _interval(constants: ConstantFolder, node: exp.Interval) -> Value:
    unit = unit_of(node.args.get("unit"))
    return constants.apply(lambda amount: to_interval(amount, unit), node.this) if node.args.get("unit") else UNKNOWN


def _date_add(sign: int) -> Fold:
    def rule(constants: ConstantFolder, node: Any) -> Value:
        unit = unit_of(node.args.get("unit"))
        keeps_month_end = constants.name(node) == "add_months"
        finish = _result_type(constants, node)

        def add(value: Value, amount: Value) -> Value:
            by = to_interval(amount, unit).times(sign)
            return finish(sql.add_months(value, by.months, True) if keeps_month_end else move(value, by))

        return constants.apply(add, node.this, node.expression)

    return rule


def _result_type(constants: ConstantFolder, node: exp.Expr) -> Callable[[Value], Value]:
    """The conversion of the result to its type: Spark's date_add returns a date, DuckDB's a timestamp even for a date."""
    if isinstance(node, exp.TimestampAdd | exp.TimestampSub) or node.args.get("return_type"):
        return to_datetime
    if isinstance(node, exp.TsOrDsAdd):
        return to_date
    return to_datetime if constants.dialect == "duckdb" else lambda value: value


def _add_months(constants: ConstantFolder, node: exp.AddMonths) -> Value:
    keeps_month_end = bool(node.args.get("preserve_end_of_month")) or constants.dialect in ("hive", "redshift")
    return constants.apply(lambda value, n: sql.add_months(value, n, keeps_month_end), node.this, node.expression)


def _arithmetic(sign: int) -> Fold:
    def rule(constants: ConstantFolder, node: Any) -> Value:
        as_timestamp = constants.dialect in _DAY_PLUS_INTERVAL_IS_TIMESTAMP
        return constants.apply(lambda left, right: plus(left, right, sign, as_timestamp), node.this, node.expression)

    return rule


def _trunc(constants: ConstantFolder, node: Any) -> Value:
    unit = unit_of(node.args.get("unit"))
    if node.args.get("zone"):
        return UNKNOWN
    as_timestamp = constants.dialect == "duckdb" or (
        isinstance(node, exp.TimestampTrunc) and constants.name(node) != "trunc"
    )
    return constants.apply(lambda value: _as_timestamp_if(sql.trunc(value, unit), as_timestamp), node.this)


def _as_timestamp_if(value: Value, as_timestamp: bool) -> Value:
    return to_datetime(value) if as_timestamp else value


def _last_day(constants: ConstantFolder, node: exp.LastDay) -> Value:
    unit = unit_of(node.args["unit"]) if node.args.get("unit") else "MONTH"
    return constants.apply(lambda value: sql.last_day(value, unit), node.this)


def _to_text(constants: ConstantFolder, node: Any) -> Value:
    return constants.apply(sql.strftime, node.this, node.args.get("format"))


def _from_text(to: Callable[[Value], Value]) -> Fold:
    def rule(constants: ConstantFolder, node: Any) -> Value:
        if node.args.get("zone"):
            return UNKNOWN
        if node.args.get("format") is None:
            return constants.apply(to, node.this)
        return constants.apply(lambda value, pattern: to(sql.strptime(value, pattern)), node.this, node.args["format"])

    return rule


def _operand(constants: ConstantFolder, node: Any) -> Value:
    return constants.fold(node.this)


def _nary(function: Callable[..., Value]) -> Fold:
    def rule(constants: ConstantFolder, node: Any) -> Value:
        first = [node.this] if isinstance(node.this, exp.Expr) else []
        return constants.apply(function, *first, *node.expressions)

    return rule


def _unary(function: Callable[[Value], Value]) -> Fold:
    return lambda constants, node: constants.apply(function, node.this)


def _binary(function: Callable[[Value, Value], Value]) -> Fold:
    return lambda constants, node: constants.apply(function, node.this, node.expression)


def _compare(function: Callable[[Value, Value], bool]) -> Fold:
    return lambda constants, node: constants.apply(lambda a, b: sql.compare(function, a, b), node.this, node.expression)


def _in(constants: ConstantFolder, node: exp.In) -> Value:
    if node.args.get("query") or node.args.get("unnest") or node.args.get("field") or len(node.expressions) > 50:
        return UNKNOWN
    return constants.apply(sql.is_in, node.this, *node.expressions)


def _case(constants: ConstantFolder, node: exp.Case) -> Value:
    parts: list[Any] = [constants.fold(node.args["default"]) if node.args.get("default") else None]
    for branch in node.args["ifs"]:
        test = constants.fold(branch.this)
        if node.this is not None:
            test = apply_per_probe(lambda a, b: sql.compare(operator.eq, a, b), constants.fold(node.this), test)
        parts += [test, constants.fold(branch.args["true"])]
    return sql.choose(parts)


def _if(constants: ConstantFolder, node: exp.If) -> Value:
    default = constants.fold(node.args["false"]) if node.args.get("false") else None
    return sql.choose([default, constants.fold(node.this), constants.fold(node.args["true"])])


def _logic(decided: bool) -> Fold:
    def rule(constants: ConstantFolder, node: Any) -> Value:
        left, right = constants.fold(node.this), constants.fold(node.expression)
        if left is decided or right is decided:
            return decided
        return apply_per_probe(lambda a, b: sql.logic(a, b, decided), left, right)

    return rule


def _extract(constants: ConstantFolder, node: exp.Extract) -> Value:
    part = node.name.upper()
    return constants.apply(lambda value: sql.extract(value, part, constants.dialect), node.expression)


def _date_part(part: str) -> Fold:
    return lambda constants, node: constants.apply(lambda value: sql.extract(value, part, constants.dialect), node.this)


def _anonymous(constants: ConstantFolder, node: exp.Anonymous) -> Value:
    function = sql.NAMED.get(node.name.lower())
    return constants.apply(function, *node.expressions) if function else UNKNOWN


def _substring(constants: ConstantFolder, node: exp.Substring) -> Value:
    length = node.args.get("length")
    return constants.apply(sql.substring, node.this, node.args["start"], *([length] if length else []))


def _replace(constants: ConstantFolder, node: Any) -> Value:
    replacement = node.args.get("replacement")
    return constants.apply(sql.replace, node.this, node.expression, *([replacement] if replacement else []))


def _diff(constants: ConstantFolder, node: Any) -> Value:
    if unit_of(node.args.get("unit")) != "DAY":
        return UNKNOWN
    return constants.apply(lambda a, b: plus(to_date(a), to_date(b), -1), node.this, node.expression)


def _date_from_parts(constants: ConstantFolder, node: exp.DateFromParts) -> Value:
    return constants.apply(date, node.args["year"], node.args.get("month"), node.args.get("day"))


def _date(constants: ConstantFolder, node: exp.Date) -> Value:
    return UNKNOWN if node.args.get("zone") or node.expressions else constants.apply(to_date, node.this)


def _timestamp(constants: ConstantFolder, node: exp.Timestamp) -> Value:
    zone = node.args.get("zone") or node.args.get("expression")
    return UNKNOWN if zone else constants.apply(to_datetime, node.this)


def _between(constants: ConstantFolder, node: exp.Between) -> Value:
    return constants.apply(sql.between, node.this, node.args["low"], node.args["high"])


RULES: dict[type[Any], Fold] = {
    exp.Literal: _literal,
    exp.Null: lambda _folder, _node: None,
    exp.Boolean: lambda _folder, node: bool(node.this),
    exp.Parameter: _parameter,
    exp.Placeholder: _parameter,
    exp.SessionParameter: _parameter,
    exp.Paren: _operand,
    exp.TimeStrToTime: _operand,
    exp.SafeFunc: _operand,
    exp.Try: _operand,
    exp.Alias: _operand,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Interval: _interval,
    exp.ToDays: _unary(lambda n: to_interval(n, "DAY")),
    exp.Add: _arithmetic(1),
    exp.Sub: _arithmetic(-1),
    exp.Mul: _binary(times),
    exp.Neg: _unary(lambda value: value.times(-1) if isinstance(value, Interval) else -value),
    exp.Mod: _binary(lambda a, b: sql.number(a) % sql.number(b) if sql.number(a) >= 0 < sql.number(b) else UNKNOWN),
    exp.IntDiv: _binary(lambda a, b: sql.number(a) // sql.number(b) if sql.number(a) >= 0 < sql.number(b) else UNKNOWN),
    exp.TsOrDsAdd: _date_add(1),
    exp.DateAdd: _date_add(1),
    exp.DatetimeAdd: _date_add(1),
    exp.TimestampAdd: _date_add(1),
    exp.DateSub: _date_add(-1),
    exp.DatetimeSub: _date_add(-1),
    exp.TimestampSub: _date_add(-1),
    exp.AddMonths: _add_months,
    exp.DateTrunc: _trunc,
    exp.TimestampTrunc: _trunc,
    exp.DatetimeTrunc: _trunc,
    exp.LastDay: _last_day,
    exp.NextDay: _binary(lambda value, name: sql.weekday_after(value, name, 1)),
    exp.PreviousDay: _binary(lambda value, name: sql.weekday_after(value, name, -1)),
    exp.Date: _date,
    exp.Timestamp: _timestamp,
    exp.DateStrToDate: _from_text(to_date),
    exp.FromISO8601Date: _from_text(to_date),
    exp.TsOrDsToDate: _from_text(to_date),
    exp.TsOrDsToTimestamp: _from_text(to_datetime),
    exp.TsOrDsToDatetime: _from_text(to_datetime),
    exp.StrToDate: _from_text(to_date),
    exp.StrToTime: _from_text(to_datetime),
    exp.ParseDatetime: _from_text(to_datetime),
    exp.StrToUnix: _from_text(sql.epoch),
    exp.TimeToStr: _to_text,
    exp.UnixToStr: lambda constants, node: constants.apply(sql.from_epoch, node.this, node.args.get("format")),
    exp.DateFromParts: _date_from_parts,
    exp.DateDiff: _diff,
    exp.TsOrDsDiff: _diff,
    exp.Extract: _extract,
    exp.Year: _date_part("YEAR"),
    exp.Quarter: _date_part("QUARTER"),
    exp.Month: _date_part("MONTH"),
    exp.Day: _date_part("DAY"),
    exp.DayOfMonth: _date_part("DAY"),
    exp.DayOfYear: _date_part("DOY"),
    exp.DayOfWeek: _date_part("DAYOFWEEK"),
    exp.DayOfWeekIso: _date_part("ISODOW"),
    exp.Concat: _nary(sql.concat),
    exp.DPipe: _binary(sql.concat),
    exp.ConcatWs: _nary(sql.concat_ws),
    exp.Substring: _substring,
    exp.Left: _binary(lambda text, n: str(to_text(text))[:n] if n >= 0 else UNKNOWN),
    exp.Right: _binary(lambda text, n: str(to_text(text))[-n:] if n > 0 else UNKNOWN),
    exp.Replace: _replace,
    exp.RegexpReplace: _replace,
    exp.Lower: _unary(lambda text: text.lower()),
    exp.Upper: _unary(lambda text: text.upper()),
    exp.Trim: lambda constants, node: (
        constants.apply(str.strip, node.this) if not node.args.get("expression") else UNKNOWN
    ),
    exp.Coalesce: _nary(lambda *values: next((value for value in values if value is not None), None)),
    exp.Greatest: _nary(lambda *values: sql.greatest_or_least(max, values)),
    exp.Least: _nary(lambda *values: sql.greatest_or_least(min, values)),
    exp.Nullif: _binary(lambda a, b: None if sql.compare(operator.eq, a, b) else a),
    exp.Case: _case,
    exp.If: _if,
    exp.And: _logic(False),
    exp.Or: _logic(True),
    exp.Not: _unary(lambda value: None if value is None else not value),
    exp.EQ: _compare(operator.eq),
    exp.NEQ: _compare(operator.ne),
    exp.LT: _compare(operator.lt),
    exp.LTE: _compare(operator.le),
    exp.GT: _compare(operator.gt),
    exp.GTE: _compare(operator.ge),
    exp.Is: _binary(lambda a, b: a is b if b is None or isinstance(b, bool) else UNKNOWN),
    exp.In: _in,
    exp.Between: _between,
    exp.Anonymous: _anonymous,
}
