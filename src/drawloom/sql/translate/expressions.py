"""Builds expressions of the target engine: from templates in its own SQL, filled with translated arguments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from drawloom.sql.translate.parse import mark_calls, unmark_calls
from drawloom.sql.translate.types import SqlType

# Aggregates and window functions of the engines that templates use; the FILTER, OVER and so on of a call go to them.
_AGGREGATE_NAMES = """
sum count min max avg max_by min_by any_value array_agg collect_list collect_set listagg bool_and bool_or corr
covar_pop covar_samp var_pop var_samp stddev_pop stddev_samp skewness kurtosis percentile approx_distinct
approx_count_distinct approx_percentile percentile_approx bit_and bit_or bit_xor bitwise_and_agg bitwise_or_agg
bitwise_xor_agg histogram regr_slope regr_intercept regr_r2 regr_count regr_avgx regr_avgy regr_sxx regr_sxy
regr_syy map_agg row_number rank dense_rank percent_rank cume_dist ntile first_value last_value nth_value lag lead
grouping
"""
AGGREGATES = frozenset(_AGGREGATE_NAMES.split())
_OPERATORS = (
    exp.Binary, exp.Unary, exp.Between, exp.In, exp.Case, exp.AtTimeZone, exp.Interval, exp.Lambda, exp.Exists,
)  # fmt: skip
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_SELF_CONTAINED = (exp.Paren, exp.Dot, exp.Column, exp.Bracket)


@dataclass(slots=True)
class ExpressionInfo:
    """Properties of a translated expression, stored in the node's meta.

    Attributes:
        dtype: its type.
        aggregates: the aggregates in it that a FILTER or OVER behind the call goes to.
        as_day: the same value as a DATE, where it is a TIMESTAMP at midnight.
        interval: the count and unit of an interval.
        fields: the members of a row or struct.
    """

    dtype: SqlType | None = None
    aggregates: list[exp.Expr] = field(default_factory=list)
    as_day: exp.Expr | None = None
    interval: tuple[exp.Expr, str] | None = None
    fields: tuple[exp.Expr, ...] | None = None

    def __deepcopy__(self, _: object) -> ExpressionInfo:
        return replace(self, aggregates=[])


def info(node: exp.Expr) -> ExpressionInfo:
    """The info of a node, which may be changed."""
    found: ExpressionInfo = node.meta.setdefault("info", ExpressionInfo())
    return found


def type_of(node: exp.Expr | None) -> SqlType | None:
    """The type of an expression, where it is known."""
    return info(node).dtype if node is not None else None


def with_type(node: exp.Expr, dtype: SqlType | None) -> exp.Expr:
    """The node, with its type set."""
    info(node).dtype = dtype
    return node


def take_aggregates(node: exp.Expr) -> list[exp.Expr]:
    """The aggregates of a node, removed from its info."""
    found = info(node).aggregates
    info(node).aggregates = []
    return found


def from_template(target: str, text: str, dtype: SqlType | None, *args: exp.Expr) -> exp.Expr:
    """An expression from a template in the engine's SQL: ``_1`` and so on in it are replaced by the arguments.

    The template's aggregates are in the info of the expression.
    """
    tree = _template(target, text).copy()
    aggregates: list[exp.Expr] = [node for node in tree.find_all(exp.Anonymous) if node.name in AGGREGATES]
    for placeholder in [node for node in tree.find_all(exp.Column) if _is_placeholder(node)]:
        arg = args[int(placeholder.name[1:]) - 1].copy()
        if placeholder is tree:
            tree = arg
        else:
            placeholder.replace(parenthesize(arg) if _needs_parentheses(placeholder, arg) else arg)
    info(tree).aggregates = aggregates
    return with_type(tree, dtype)


def parenthesize(node: exp.Expr) -> exp.Expr:
    """The node, in parentheses if it is an operator."""
    if isinstance(node, _SELF_CONTAINED) or not isinstance(node, _OPERATORS):
        return node
    return with_type(exp.Paren(this=node), type_of(node))


def function_call(name: str, *args: exp.Expr, dtype: SqlType | None = None) -> exp.Expr:
    """A call of a function of the engine, by its name."""
    return with_type(exp.Anonymous(this=name, expressions=list(args)), dtype)


def int_value(node: exp.Expr | None) -> int | None:
    """The value of an integer literal, else None."""
    if isinstance(node, exp.Paren):
        return int_value(node.this)
    if isinstance(node, exp.Neg):
        found = int_value(node.this)
        return None if found is None else -found
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        return int(node.name)
    return None


def string_value(node: exp.Expr | None) -> str | None:
    """The value of a string literal, else None."""
    if isinstance(node, exp.Paren):
        return string_value(node.this)
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def and_(conditions: Iterable[exp.Expr]) -> exp.Expr | None:
    """The conditions joined by AND, or None if there are none."""
    found: exp.Expr | None = None
    for condition in conditions:
        found = parenthesize(condition) if found is None else exp.And(this=found, expression=parenthesize(condition))
    return found


@lru_cache(maxsize=4096)
def _template(target: str, text: str) -> exp.Expr:
    language = Dialect.get_or_raise(target)
    (statement,) = language.parser().parse(mark_calls(language.tokenize("SELECT " + text), every=True), text)
    assert isinstance(statement, exp.Select)
    tree = unmark_calls(statement.expressions[0]).pop()
    return tree.transform(_is_not_null)


def _is_not_null(node: exp.Expr) -> exp.Expr:
    """x IS NOT NULL for sqlglot's NOT x IS NULL."""
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
        return exp.Is(this=node.this.this, expression=exp.Not(this=exp.null()))
    return node


def _is_placeholder(node: exp.Column) -> bool:
    return node.name[:1] == "_" and node.name[1:].isdigit() and not node.table


def _needs_parentheses(placeholder: exp.Expr, arg: exp.Expr) -> bool:
    """Whether the operator around a placeholder could bind tighter than those in the argument; a comparison does not."""
    if isinstance(placeholder.parent, exp.Predicate) and isinstance(arg, _ARITHMETIC):
        return isinstance(placeholder.parent, exp.Is | exp.Like | exp.ILike | exp.In)
    return isinstance(placeholder.parent, (*_OPERATORS, exp.Dot)) and not isinstance(placeholder.parent, exp.Paren)
