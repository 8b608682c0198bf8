"""Recognizes texts that read the same offsets on every day, and what in other texts may choose other days on some runs.

A text that compares nothing but bare columns with the run's day, moved by whole days, reads the same offsets on every
day: nothing in it depends on where in a month or a year the day is. Of all other texts the days must be measured on each
day. The list of what is allowed is short on purpose: a construct that is not on it costs a measurement, not a row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from sqlglot import exp

from drawloom.sql.template.tags import tag_spans
from drawloom.sql.template.variants import Variant

_DAY_TAG = re.compile(
    r"\{\{-?\s*(?:(?:ds|yesterday_ds|tomorrow_ds)(?:_nodash)?|macros\.ds_add\(\s*ds\s*,\s*-?\d+\s*\))\s*-?\}\}"
)
_CONSTANT_NAMES = frozenset({"params", "ref", "source", "this", "config", "var"})
_SAME_EVERY_DAY = _CONSTANT_NAMES | {"is_incremental", "if", "elif", "else", "not", "and", "or"}
_TEXT_IN_TAG = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAME_IN_TAG = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?!\w*\s*=[^=])")
_CHOICE_IN_TAG = re.compile(
    r"\b(?:if|elif|for|in)\b|[<>%]|==|!=|"
    r"\.(?:day|month|year|weekday|isoweekday|isocalendar|day_of_week|day_of_year|quarter|strftime|format)\b"
)
_DATE_LIKE = re.compile(r"\d{4}")
_FIRST_DATE_AS_NUMBER = 19000101

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In)
_FUNCTIONS = (
    *(exp.AggFunc, exp.And, exp.Or, exp.Cast, exp.TryCast, exp.Case, exp.If, exp.Coalesce, exp.Greatest, exp.Least),
    *(exp.Nullif, exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Exists),
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.Date, exp.TsOrDsToDate, exp.DateStrToDate, exp.DateAdd, exp.DateSub),
    exp.TsOrDsAdd,
)
_OTHERS = (exp.DPipe, exp.Mod, exp.Like, exp.ILike, exp.Bracket, exp.Pivot, exp.UDTF, exp.TableSample, exp.Command)
_CHOICES = (
    *(exp.Case, exp.If, exp.Extract, exp.Day, exp.DayOfMonth, exp.DayOfYear, exp.DayOfWeek, exp.DayOfWeekIso),
    *(exp.Month, exp.Year, exp.Quarter, exp.Week, exp.WeekOfYear, exp.Mod, exp.Anonymous),
)
_TESTS_TOGETHER = (exp.Connector, exp.Not, exp.Paren)
# Mostly the start of a month or a week; a choice only where it is compared as it is, as in date_trunc('quarter', ds) = day.
_CHOICES_IF_COMPARED = (exp.DateTrunc, exp.TimestampTrunc, exp.TimeToStr)


def reads_by_offsets(source: str, variants: Sequence[Variant]) -> bool:
    """Whether a text can read nothing but the same offsets, or all days, on every day.

    Args:
        source: the text with its template.
        variants: what it renders to at the probe days.
    """
    if len(variants) != 1 or not all(_is_plain_tag(source[start:end]) for start, end in tag_spans(source)):
        return False
    moving = variants[0].moving_literals
    return all(_is_plain(node, moving) for statement in variants[0].statements for node in statement.walk())


def choices(source: str, variants: Sequence[Variant]) -> Iterator[str]:
    """The parts of a text that may choose other days on some runs: branches of the template, CASE, parts of dates."""
    for start, end in tag_spans(source):
        tag = source[start:end]
        if not tag.startswith("{#") and not _DAY_TAG.fullmatch(tag) and _is_choice_in_template(tag[2:-2]):
            yield tag
    for variant in variants:
        for statement in variant.statements:
            for node in statement.find_all(*_CHOICES, *_CHOICES_IF_COMPARED):
                if _is_choice(node, variant.moving_literals):
                    yield _outermost_choice(node).sql(dialect="duckdb")


def _is_plain_tag(tag: str) -> bool:
    if tag.startswith("{#") or _DAY_TAG.fullmatch(tag):
        return True
    return tag.startswith("{{") and _CONSTANT_NAMES.issuperset(_names(tag[2:-2]))


def _names(code: str) -> set[str]:
    """The names in the code of a tag, words of the template language among them."""
    return set(_NAME_IN_TAG.findall(_TEXT_IN_TAG.sub("''", code)))


def _is_choice_in_template(code: str) -> bool:
    return bool(_CHOICE_IN_TAG.search(_TEXT_IN_TAG.sub("''", code))) and not _SAME_EVERY_DAY.issuperset(_names(code))


def _is_plain(node: exp.Expr, moving: Collection[int]) -> bool:
    if isinstance(node, exp.Literal):
        return _is_plain_day(node) if _is_moving(node, moving) else not _is_date_like(node)
    if isinstance(node, exp.Interval):
        return str(node.args.get("unit") or "").upper() in {"DAY", "WEEK", "HOUR", "MINUTE", "SECOND"}
    if isinstance(node, exp.Cast | exp.TryCast):
        return node.find(exp.Column) is None or node.to.is_type(*exp.DataType.NUMERIC_TYPES)
    if isinstance(node, exp.Func):
        return isinstance(node, _FUNCTIONS)
    return not isinstance(node, _OTHERS)


def _is_moving(literal: exp.Literal, moving: Collection[int]) -> bool:
    return literal.meta.get("start") in moving


def _is_date_like(literal: exp.Literal) -> bool:
    if literal.is_string:
        return bool(_DATE_LIKE.search(literal.this))
    return literal.this.isdigit() and int(literal.this) >= _FIRST_DATE_AS_NUMBER


def _is_plain_day(literal: exp.Literal) -> bool:
    """Whether a text of the run's day is compared with columns as it is, or is a column of the result."""
    node = _day_around(literal)
    parent = node.parent
    if isinstance(parent, _COMPARISONS):
        return all(isinstance(part.unnest(), exp.Column) or _holds_only(part, literal) for part in _operands(parent))
    while isinstance(parent, exp.Alias):
        parent = parent.parent
    return isinstance(parent, exp.Select) and parent.parent is None


def _operands(comparison: exp.Expr) -> list[exp.Expr]:
    return [part for part in comparison.iter_expressions() if not isinstance(part, exp.Identifier)]


def _holds_only(part: exp.Expr, literal: exp.Literal) -> bool:
    """Whether an operand is a day: the literal in question, or another one, which is looked at in its turn."""
    found = next((one for one in part.find_all(exp.Literal) if one is literal or one.is_string), None)
    return found is not None and part.find(exp.Column, exp.Query) is None and _day_around(found) is part


def _day_around(literal: exp.Literal) -> exp.Expr:
    """The largest expression around a literal that is the day it names, moved by whole days."""
    node: exp.Expr = literal
    typed = False
    while (parent := node.parent) is not None:
        if (isinstance(parent, exp.Cast | exp.TryCast) and parent.is_type("date")) or (
            isinstance(parent, exp.Date | exp.TsOrDsToDate | exp.DateStrToDate) and parent.this is node
        ):
            typed = True
        elif not isinstance(parent, exp.Paren) and not (typed and _is_move_by_days(parent, node)):
            return node
        node = parent
    return node


def _is_move_by_days(node: exp.Expr, day: exp.Expr) -> bool:
    if node.this is not day or not isinstance(node, exp.Add | exp.Sub | exp.DateAdd | exp.DateSub | exp.TsOrDsAdd):
        return False
    step = node.expression
    unit = node.args.get("unit") or (step.args.get("unit") if isinstance(step, exp.Interval) else None)
    amount = step.this if isinstance(step, exp.Interval | exp.Neg) else step
    is_whole = isinstance(amount, exp.Literal) and amount.this.isdigit()
    return is_whole and str(unit or "DAY").upper() in {"DAY", "WEEK"}


def _has_moving_literal(node: exp.Expr, moving: Collection[int]) -> bool:
    return any(_is_moving(literal, moving) for literal in node.find_all(exp.Literal))


def _is_choice(node: exp.Expr, moving: Collection[int]) -> bool:
    if isinstance(node, _CHOICES_IF_COMPARED):
        return isinstance(node.parent, exp.EQ | exp.NEQ | exp.In)
    if isinstance(node, exp.Case | exp.If):
        return any(_has_moving_literal(test, moving) and not test.find(exp.Column) for test in _tests(node))
    return _has_moving_literal(node, moving) or (_is_in_condition(node) and not isinstance(node, exp.Anonymous))


def _tests(node: exp.Case | exp.If) -> Iterator[exp.Expr]:
    """What a CASE or IF decides by, each part of ANDs and ORs alone."""
    whole = [node.this] if isinstance(node, exp.If) or node.this else [branch.this for branch in node.args["ifs"]]
    for test in whole:
        parts = test.walk(prune=lambda part: not isinstance(part, _TESTS_TOGETHER))
        yield from (part for part in parts if not isinstance(part, _TESTS_TOGETHER))


def _is_in_condition(node: exp.Expr) -> bool:
    return node.find_ancestor(exp.Where, exp.Join, exp.Having, exp.Qualify) is not None


def _outermost_choice(node: exp.Expr) -> exp.Expr:
    while isinstance(node.parent, (*_CHOICES, exp.EQ)):
        node = node.parent
    return node
