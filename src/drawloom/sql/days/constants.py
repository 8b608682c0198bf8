"""Constant folding: the value of an expression without columns, at every probe day.

Only what is known to be the same on the engine is folded; everything else is UNKNOWN, which bounds nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import partial
from typing import Any

from sqlglot import exp

from drawloom.sql.days import functions as sql
from drawloom.sql.days.functions import plus, times, to_interval, unit_of
from drawloom.sql.days.node_arguments import has_unread_arguments
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
    to_zoned,
)
from drawloom.sql.run_day import RUN_DAY_PARAMETERS

_MAX_DEPTH = 60
# Dialects in which DATE + INTERVAL is a TIMESTAMP.
DAY_PLUS_INTERVAL_IS_TIMESTAMP = frozenset({"duckdb", "postgres", "redshift", "bigquery"})

# What a template or the engine fills in later: a name that was not known, ${var}, {{ x }}.
_NOT_RESOLVED = re.compile(r"__\w+__|\$\{|\{\{|\{%")
_INTERVAL_TEXT = re.compile(r"\binterval(?:\s|/\*.*?\*/|--[^\n]*\n)*'([^']*)'", re.IGNORECASE | re.DOTALL)
_PLAIN_INTERVAL = re.compile(r"\s*-?\d+(\.\d+)?\s*[a-z]+\s*", re.IGNORECASE | re.ASCII)

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
        self._intervals_cut: set[tuple[str, str]] | None = None

    def fold(self, node: Any) -> Value:
        """The value of a node, a PerProbe where it differs between probe days, or UNKNOWN."""
        rule = RULES.get(type(node))
        if rule is None or self._depth > _MAX_DEPTH or has_unread_arguments(node):
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

    def is_cut(self, amount: Any, unit: exp.Expr) -> bool:
        """Whether an interval may come from a text like '1 day 12:00:00', of which the parser keeps only ``1 DAY``."""
        if not isinstance(amount, exp.Literal) or "start" in amount.meta:
            return False
        if self._intervals_cut is None:
            texts = [found[1] for found in _INTERVAL_TEXT.finditer(self.text)]
            parts = {
                text: exp.INTERVAL_STRING_RE.findall(text) for text in texts if not _PLAIN_INTERVAL.fullmatch(text)
            }
            self._intervals_cut = {(n, name.upper()) for some in parts.values() for n, name in some}
        return (amount.name, unit.name.upper()) in self._intervals_cut

    def name(self, node: exp.Expr) -> str:
        """The function's name as the user wrote it, in lower case."""
        meta = node.meta
        return self.text[meta["start"] : meta["end"] + 1].lower() if "start" in meta else ""


def type_of(node: exp.Expr) -> str:
    """The kind of a cast's target type."""
    return type_of_name(node.args["to"])


def type_of_name(kind: exp.Expr) -> str:
    """The kind of a type: DATE, TIMESTAMP, ZONED, TEXT, INT, or else the type's own name."""
    name = kind.this.name if isinstance(kind, exp.DataType) and hasattr(kind.this, "name") else str(kind)
    return sql.KINDS.get(name, name)


def _literal(constants: ConstantFolder, node: exp.Literal) -> Value:
    meta = node._meta  # noqa: SLF001 - `node.meta` would make an empty dict for every node
    value: Value = (
        constants.moving_literals.get(meta["start"]) if meta and constants.moving_literals and "start" in meta else None
    )
    if value is None:
        value = node.this
    if node.is_string and any(_NOT_RESOLVED.search(one) for one in (value if type(value) is PerProbe else [value])):
        return UNKNOWN
    return value if node.is_string else apply_per_probe(_number, value)


def _number(text: str) -> Value:
    return sql.number(text)


def _parameter(constants: ConstantFolder, node: exp.Expr) -> Value:
    return constants.days if node.name.lower() in RUN_DAY_PARAMETERS and constants.days else UNKNOWN


def _cast(constants: ConstantFolder, node: exp.Cast) -> Value:
    kind, length = type_of(node), length_of(node.args["to"])
    if length is UNKNOWN or has_unread_arguments(node.args["to"]):
        return UNKNOWN
    converts: dict[str, Callable[[Value], Value]] = {
        "DATE": to_date,
        "TIMESTAMP": lambda value: _cut_to(to_datetime(value), length),
        "ZONED": lambda value: _cut_to(to_zoned(value, constants.dialect in sql.DAYS_ARE_UTC), length),
        "TEXT": lambda value: _of_length(_text_of(value, constants.dialect), length),
        "INT": to_int,
    }
    convert = converts.get(kind)
    return constants.apply(convert, node.this) if convert else UNKNOWN


def length_of(kind: exp.Expr) -> Any:
    """The number in brackets after a type; None where there is none."""
    parts = kind.expressions
    if not parts:
        return None
    inner = parts[0].this if len(parts) == 1 and isinstance(parts[0], exp.DataTypeParam) else None
    return int(inner.name) if isinstance(inner, exp.Literal) and inner.name.isdigit() else UNKNOWN


def _cut_to(moment: Value, digits: int | None) -> Value:
    if digits is not None and moment is not None and moment.microsecond:
        raise ValueError(moment)  # some engines round, others cut
    return moment


# Engines that print a TIMESTAMP as 2024-07-17 05:06:07, without zeros after the seconds.
_PRINTS_SECONDS = frozenset({"duckdb", "postgres", "redshift", "spark", "spark2", "databricks", "hive", "mysql"})


def _text_of(value: Value, dialect: str) -> str | None:
    if isinstance(value, datetime) and (dialect not in _PRINTS_SECONDS or (value.microsecond and dialect == "mysql")):
        raise ValueError(value)
    return to_text(value)


def _of_length(text: str | None, length: int | None) -> str | None:
    if length is not None and (text is None or len(text) > length or len(text) < length):
        raise ValueError(text)
    return text


def _interval(constants: ConstantFolder, node: exp.Interval) -> Value:
    unit = unit_of(node.args.get("unit"))
    if not node.args.get("unit") or constants.is_cut(node.this, node.args["unit"]):
        return UNKNOWN
    return constants.apply(lambda amount: to_interval(amount, unit), node.this)


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
    if node.args.get("return_type"):
        return to_datetime if type_of_name(node.args["return_type"]) == "TIMESTAMP" else lambda _value: UNKNOWN
    if isinstance(node, exp.TimestampAdd | exp.TimestampSub):
        return to_datetime
    if isinstance(node, exp.TsOrDsAdd):
        return to_date
    return to_datetime if constants.dialect == "duckdb" else lambda value: value


def _add_months(constants: ConstantFolder, node: exp.AddMonths) -> Value:
    keeps_month_end = bool(node.args.get("preserve_end_of_month")) or constants.dialect in ("hive", "redshift")
    return constants.apply(lambda value, n: sql.add_months(value, n, keeps_month_end), node.this, node.expression)


def _arithmetic(sign: int) -> Fold:
    def rule(constants: ConstantFolder, node: Any) -> Value:
        as_timestamp = constants.dialect in DAY_PLUS_INTERVAL_IS_TIMESTAMP

        def add(left: Value, right: Value) -> Value:
            if constants.dialect == "mysql" and not isinstance(left, Interval) and not isinstance(right, Interval):
                left, right = sql.number(left), sql.number(right)
            return plus(left, right, sign, as_timestamp)

        return constants.apply(add, node.this, node.expression)

    return rule


def _trunc(constants: ConstantFolder, node: Any) -> Value:
    unit = unit_of(node.args.get("unit"))
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


def _with_dialect(function: Callable[..., Value]) -> Fold:
    """The function of all arguments, and of the dialect."""

    def rule(constants: ConstantFolder, node: Any) -> Value:
        first = [node.this] if isinstance(node.this, exp.Expr) else []
        return constants.apply(partial(function, dialect=constants.dialect), *first, *node.expressions)

    return rule


def _compare(function: Callable[[Value, Value], bool]) -> Fold:
    return lambda constants, node: constants.apply(
        lambda a, b: sql.compare(function, a, b, constants.dialect), node.this, node.expression
    )


def _in(constants: ConstantFolder, node: exp.In) -> Value:
    if len(node.expressions) > 50 or not node.expressions:
        return UNKNOWN
    return constants.apply(partial(sql.is_in, dialect=constants.dialect), node.this, *node.expressions)


def _is(constants: ConstantFolder, node: exp.Is) -> Value:
    def test(value: Value, wanted: Value) -> bool:
        if wanted is not None and not (isinstance(wanted, bool) and (value is None or isinstance(value, bool))):
            raise TypeError(wanted)
        return (value is wanted) != bool(node.args.get("negate"))

    return constants.apply(test, node.this, node.expression)


def _case(constants: ConstantFolder, node: exp.Case) -> Value:
    parts: list[Any] = [constants.fold(node.args["default"]) if node.args.get("default") else None]
    for branch in node.args["ifs"]:
        test = constants.fold(branch.this)
        if node.this is not None:
            test = apply_per_probe(
                lambda a, b: sql.compare(operator.eq, a, b, constants.dialect), constants.fold(node.this), test
            )
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
    name = node.name.lower()
    if name == "weekday" and len(node.expressions) == 1:
        return constants.apply(lambda value: sql.extract(value, "WEEKDAY", constants.dialect), *node.expressions)
    dialects, function = sql.NAMED.get(name, ((), None))
    return constants.apply(function, *node.expressions) if function and constants.dialect in dialects else UNKNOWN


def _substring(constants: ConstantFolder, node: exp.Substring) -> Value:
    length = node.args.get("length")
    return constants.apply(sql.substring, node.this, node.args["start"], *([length] if length else []))


def _replace(constants: ConstantFolder, node: exp.Replace) -> Value:
    replacement = node.args.get("replacement")
    return constants.apply(sql.replace, node.this, node.expression, *([replacement] if replacement else []))


# Whether regexp_replace() without flags replaces every match, or only the first one.
_REPLACES_ALL = {
    **dict.fromkeys(("duckdb", "postgres"), False),
    **dict.fromkeys(("spark", "databricks", "hive", "trino", "presto", "athena", "bigquery", "snowflake"), True),
    **dict.fromkeys(("redshift", "mysql"), True),
}


def _regexp_replace(constants: ConstantFolder, node: exp.RegexpReplace) -> Value:
    replacement, modifiers = node.args.get("replacement"), node.args.get("modifiers")
    every = _REPLACES_ALL.get(constants.dialect)
    if every is None or (modifiers is not None and (every or modifiers.name != "g")):
        return UNKNOWN
    count = -1 if every or modifiers is not None else 1

    def replace(value: Value, old: str, new: str = "") -> str:
        return sql.replace(value, old, new, count)

    return constants.apply(replace, node.this, node.expression, *([replacement] if replacement else []))


def _trim(constants: ConstantFolder, node: exp.Trim) -> Value:
    side = str(node.args.get("position") or "BOTH").upper()
    return constants.apply(lambda value: sql.trim(value, side), node.this)


COUNTS_WHOLE_PERIODS = frozenset({"trino", "presto", "athena"})


def _diff(constants: ConstantFolder, node: Any) -> Value:
    if unit_of(node.args.get("unit")) != "DAY":
        return UNKNOWN

    def days(left: Value, right: Value) -> Value:
        moments = [to_datetime(value) for value in (left, right)]
        if constants.dialect in COUNTS_WHOLE_PERIODS and any(one and one.time() != time() for one in moments):
            raise ValueError(moments)
        return plus(to_date(left), to_date(right), -1)

    return constants.apply(days, node.this, node.expression)


def _date_from_parts(constants: ConstantFolder, node: exp.DateFromParts) -> Value:
    return constants.apply(date, node.args["year"], node.args.get("month"), node.args.get("day"))


def _timestamp(constants: ConstantFolder, node: exp.Timestamp) -> Value:
    return constants.apply(lambda value: to_zoned(value, constants.dialect in sql.DAYS_ARE_UTC), node.this)


def _between(constants: ConstantFolder, node: exp.Between) -> Value:
    return constants.apply(
        partial(sql.between, dialect=constants.dialect), node.this, node.args["low"], node.args["high"]
    )


def _not(value: Value) -> Value:
    if not (value is None or isinstance(value, bool)):
        raise TypeError(value)
    return None if value is None else not value


def _negative(value: Value) -> Value:
    return value.times(-1) if isinstance(value, Interval) else None if value is None else -sql.number(value)


def _extreme(pick: Callable[..., Any]) -> Fold:
    return _with_dialect(lambda *values, dialect: sql.greatest_or_least(pick, values, dialect))


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
    exp.Neg: _unary(_negative),
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
    exp.Date: _unary(to_date),
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
    exp.Concat: _with_dialect(sql.concat),
    exp.DPipe: _binary(sql.double_pipe),
    exp.ConcatWs: _with_dialect(sql.concat_ws),
    exp.Substring: _substring,
    exp.Left: _binary(lambda text, n: sql.left_or_right(text, n, 1)),
    exp.Right: _binary(lambda text, n: sql.left_or_right(text, n, -1)),
    exp.Replace: _replace,
    exp.RegexpReplace: _regexp_replace,
    exp.Lower: _unary(lambda text: sql.change_case(text, str.lower)),
    exp.Upper: _unary(lambda text: sql.change_case(text, str.upper)),
    exp.Trim: _trim,
    exp.Coalesce: _nary(sql.coalesce),
    exp.Greatest: _extreme(max),
    exp.Least: _extreme(min),
    exp.Nullif: lambda constants, node: constants.apply(
        lambda a, b: None if sql.compare(operator.eq, a, b, constants.dialect) else a, node.this, node.expression
    ),
    exp.Case: _case,
    exp.If: _if,
    exp.And: _logic(False),
    exp.Or: _logic(True),
    exp.Not: _unary(_not),
    exp.EQ: _compare(operator.eq),
    exp.NEQ: _compare(operator.ne),
    exp.LT: _compare(operator.lt),
    exp.LTE: _compare(operator.le),
    exp.GT: _compare(operator.gt),
    exp.GTE: _compare(operator.ge),
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Anonymous: _anonymous,
}
