"""Making SQL of the other engine: templates in its own words, filled with parts that are said already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from drawloom.sql.portable.kinds import Kind
from drawloom.sql.portable.reading import marked, unmark

# The aggregates that templates use: FILTER, OVER and the like of a call go to them.
_NAMES = """
sum count min max avg max_by min_by any_value array_agg collect_list collect_set listagg bool_and bool_or corr
covar_pop covar_samp var_pop var_samp stddev_pop stddev_samp skewness kurtosis percentile approx_distinct
approx_count_distinct approx_percentile percentile_approx bit_and bit_or bit_xor bitwise_and_agg bitwise_or_agg
bitwise_xor_agg histogram regr_slope regr_intercept regr_r2 regr_count regr_avgx regr_avgy regr_sxx regr_sxy
regr_syy map_agg row_number rank dense_rank percent_rank cume_dist ntile first_value last_value nth_value lag lead
grouping
"""
AGGREGATES = frozenset(_NAMES.split())
_TIGHT = (
    exp.Binary, exp.Unary, exp.Between, exp.In, exp.Case, exp.AtTimeZone, exp.Interval, exp.Lambda, exp.Exists,
)  # fmt: skip
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_SHUT = (exp.Paren, exp.Dot, exp.Column, exp.Bracket)


@dataclass(slots=True)
class Notes:
    """What is known of an expression that is said.

    Its type; the aggregates in it, until something stands around it; the same as a DATE, or as a list of DATEs, where it
    is a TIMESTAMP at midnight; the count and unit of an interval; the members of a row; whether it is a function of the
    user's own.
    """

    kind: Kind | None = None
    aggregates: list[exp.Expr] = field(default_factory=list)
    as_day: exp.Expr | None = None
    as_days: exp.Expr | None = None
    interval: tuple[exp.Expr, str] | None = None
    fields: tuple[exp.Expr, ...] | None = None
    own: bool = False

    def __deepcopy__(self, _: object) -> Notes:
        return replace(self, aggregates=[])


def notes(node: exp.Expr) -> Notes:
    """The notes on a node, which may be written on."""
    found: Notes = node.meta.setdefault("notes", Notes())
    return found


def kind_of(node: exp.Expr | None) -> Kind | None:
    """The type of an expression, where it is known."""
    return notes(node).kind if node is not None else None


def typed(node: exp.Expr, kind: Kind | None) -> exp.Expr:
    """The node, with its type written on it."""
    notes(node).kind = kind
    return node


def taken(node: exp.Expr) -> list[exp.Expr]:
    """The aggregates of a node, which has none any more."""
    found = notes(node).aggregates
    notes(node).aggregates = []
    return found


def made(family: str, text: str, kind: Kind | None, *parts: exp.Expr) -> exp.Expr:
    """An expression of the engine: ``_1`` and so on in the text stand for the parts.

    The aggregates in it are in its notes, for the FILTER or the OVER that stands behind the call.
    """
    tree = _template(family, text).copy()
    aggregates: list[exp.Expr] = [node for node in tree.find_all(exp.Anonymous) if node.name in AGGREGATES]
    for hole in [node for node in tree.find_all(exp.Column) if _hole(node)]:
        part = parts[int(hole.name[1:]) - 1].copy()
        if hole is tree:
            tree = part
        else:
            hole.replace(shut(part) if _binds(hole, part) else part)
    notes(tree).aggregates = aggregates
    return typed(tree, kind)


def shut(node: exp.Expr) -> exp.Expr:
    """The node, in brackets where an operator beside it could tear it apart."""
    if isinstance(node, _SHUT) or not isinstance(node, _TIGHT):
        return node
    return typed(exp.Paren(this=node), kind_of(node))


def call(name: str, *parts: exp.Expr, kind: Kind | None = None) -> exp.Expr:
    """A call of a function of the engine, by its name."""
    return typed(exp.Anonymous(this=name, expressions=list(parts)), kind)


def whole(node: exp.Expr | None) -> int | None:
    """The whole number that a literal is, or None."""
    if isinstance(node, exp.Paren):
        return whole(node.this)
    if isinstance(node, exp.Neg):
        found = whole(node.this)
        return None if found is None else -found
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        return int(node.name)
    return None


def text_of(node: exp.Expr | None) -> str | None:
    """The text that a literal is, or None."""
    if isinstance(node, exp.Paren):
        return text_of(node.this)
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def and_(conditions: Iterable[exp.Expr]) -> exp.Expr | None:
    """All of the conditions, or None where there are none."""
    found: exp.Expr | None = None
    for condition in conditions:
        found = shut(condition) if found is None else exp.And(this=found, expression=shut(condition))
    return found


@lru_cache(maxsize=4096)
def _template(family: str, text: str) -> exp.Expr:
    language = Dialect.get_or_raise(family)
    (statement,) = language.parser().parse(marked(language.tokenize("SELECT " + text), every=True), text)
    assert isinstance(statement, exp.Select)
    tree = unmark(statement.expressions[0]).pop()
    return tree.transform(_not_null)


def _not_null(node: exp.Expr) -> exp.Expr:
    """As people write it: x IS NOT NULL."""
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
        return exp.Is(this=node.this.this, expression=exp.Not(this=exp.null()))
    return node


def _hole(node: exp.Column) -> bool:
    return node.name[:1] == "_" and node.name[1:].isdigit() and not node.table


def _binds(hole: exp.Expr, part: exp.Expr) -> bool:
    """Whether the operator around a hole could tear the part apart; a comparison leaves a sum whole."""
    if isinstance(hole.parent, exp.Predicate) and isinstance(part, _ARITHMETIC):
        return isinstance(hole.parent, exp.Is | exp.Like | exp.ILike | exp.In)
    return isinstance(hole.parent, (*_TIGHT, exp.Dot)) and not isinstance(hole.parent, exp.Paren)
