"""The arguments of the parser's nodes: which of them day inference reads, and which make an expression unknown.

A flag that is overlooked turns a condition into another one: ``NOT LIKE`` is a Like with ``negate``. So for every class
that has a rule all arguments are listed, and a test holds the list against the parser's own.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

_PAIR = "this expression"
_ALIKE: dict[str, tuple[type[Any], ...]] = {
    "this": (
        exp.Boolean, exp.Paren, exp.Not, exp.Neg, exp.SafeFunc, exp.Try, exp.ToDays, exp.Year, exp.Quarter, exp.Month,
        exp.Day, exp.DayOfMonth, exp.DayOfYear, exp.DayOfWeek, exp.DayOfWeekIso, exp.Lower, exp.Upper,
        exp.DateStrToDate, exp.FromISO8601Date, exp.TsOrDsToTimestamp, exp.TsOrDsToDatetime, exp.WeekStart, exp.Var,
    ),
    _PAIR: (
        exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.IntDiv, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
        exp.NullSafeEQ, exp.NullSafeNEQ, exp.And, exp.Or, exp.NextDay, exp.PreviousDay, exp.Nullif, exp.Extract,
    ),
    "this expression unit": (
        exp.DateAdd, exp.DateSub, exp.DatetimeAdd, exp.DatetimeSub, exp.TimestampAdd, exp.TimestampSub, exp.TsOrDsDiff,
    ),
}  # fmt: skip
_READ: dict[type[Any], str] = {
    **{kind: names for names, kinds in _ALIKE.items() for kind in kinds},
    exp.AddMonths: "this expression preserve_end_of_month",
    exp.Alias: "this alias",
    exp.ArrayContains: "this expression ensure_variant check_null",
    exp.Anonymous: "this expressions",
    exp.AtTimeZone: "this zone",
    exp.Between: "this low high",
    exp.Case: "this ifs default",
    exp.Cast: "this to safe",
    exp.Coalesce: "this expressions is_nvl",
    exp.Column: "this table db catalog",
    exp.Concat: "expressions safe coalesce",
    exp.ConcatWs: "expressions safe coalesce flatten",
    exp.DPipe: "this expression safe",
    exp.DataType: "this expressions nested nullable",
    exp.Date: "this",
    exp.DateDiff: "this expression unit date_part_boundary big_int",
    exp.DateFromParts: "year month day allow_overflow",
    exp.DateTrunc: "this unit input_type_preserved",
    exp.DatetimeTrunc: "this unit",
    exp.ExplodingGenerateSeries: "start end step is_end_exclusive",
    exp.GenerateDateArray: "start end step",
    exp.GenerateSeries: "start end step is_end_exclusive",
    exp.GenerateTimestampArray: "start end step",
    exp.Greatest: "this expressions ignore_nulls",
    exp.If: "this true false",
    exp.ILike: "this expression negate",
    exp.In: "this expressions",
    exp.Interval: "this unit",
    exp.Is: "this expression negate",
    exp.LastDay: "this unit",
    exp.Least: "this expressions ignore_nulls",
    exp.Left: "this expression negative_length_returns_empty",
    exp.Like: "this expression negate",
    exp.Literal: "this is_string",
    exp.Null: "",
    exp.Parameter: "this",
    exp.ParseDatetime: "this format default_year",
    exp.Placeholder: "this",
    exp.RegexpReplace: "this expression replacement modifiers single_replace",
    exp.Replace: "this expression replacement",
    exp.Right: "this expression negative_length_returns_empty",
    exp.SessionParameter: "this kind",
    exp.StartsWith: "this expression",
    exp.StrToDate: "this format safe default_year",
    exp.StrToTime: "this format safe default_year",
    exp.StrToUnix: "this format",
    exp.Substring: "this start length zero_start",
    exp.TimeStrToTime: "this",
    exp.TimeToStr: "this format",
    exp.Timestamp: "this with_tz",
    exp.TimestampTrunc: "this unit input_type_preserved",
    exp.Trim: "this position",
    exp.TryCast: "this to safe requires_string",
    exp.TsOrDsAdd: "this expression unit return_type",
    exp.TsOrDsToDate: "this format safe",
    exp.UnixToStr: "this format",
}
# Set on a node, these make it unknown.
_REFUSED: dict[type[Any], str] = {
    exp.Between: "symmetric",
    exp.Cast: "format action default",
    exp.Coalesce: "is_null",
    exp.Column: "join_mark shadow",
    exp.DataType: "values kind collate",
    exp.Date: "zone expressions",
    exp.DateDiff: "zone",
    exp.DateTrunc: "zone",
    exp.DatetimeTrunc: "zone",
    exp.In: "query unnest field is_global",
    exp.Interval: "fraction_in_string",
    exp.Parameter: "expression",
    exp.ParseDatetime: "zone",
    exp.Placeholder: "kind widget jdbc",
    exp.RegexpReplace: "position occurrence",
    exp.StrToDate: "nlsparam",
    exp.StrToTime: "zone target_type nlsparam",
    exp.TimeStrToTime: "zone",
    exp.TimeToStr: "culture zone",
    exp.Timestamp: "zone",
    exp.TimestampTrunc: "zone",
    exp.Trim: "expression collation",
    exp.TryCast: "format action default null_on_text_overflow probe_date_format",
    exp.TsOrDsToDate: "default_date",
}
READ: dict[type[Any], frozenset[str]] = {kind: frozenset(names.split()) for kind, names in _READ.items()}
REFUSED: dict[type[Any], frozenset[str]] = {kind: frozenset(names.split()) for kind, names in _REFUSED.items()}
_NONE: frozenset[str] = frozenset()


def has_unread_arguments(node: exp.Expr, *also_read: str) -> bool:
    """Whether a node has an argument that its rules do not read, so that it may mean something else."""
    read = READ.get(type(node), _NONE)
    return any(
        value and name not in read and name not in also_read for name, value in node.args.items() if value is not None
    )
