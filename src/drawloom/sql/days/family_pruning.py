"""Family pruning: the members of a family that a query reads, by its conditions on the family's constant columns."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from sqlglot import exp

from drawloom.model import Member
from drawloom.sql.days.predicates import flatten_chain
from drawloom.sql.days.query import AnalyzedQuery, SelectScope
from drawloom.sql.scope import JoinTree, Source, SourceLeaf, sources_of


def read_arms(scope: SelectScope, source: Source, query: AnalyzedQuery) -> list[AnalyzedQuery]:
    """The arms of a family's query for the members whose rows can matter in a SELECT.

    Args:
        scope: the SELECT.
        source: the family among its sources.
        query: the family's query, an arm of UNION ALL for each member.
    """
    arms = query.parts or [query]
    family = source.entry.family
    if family is None or source.opaque or source.columns is not None or not scope.context.builder.has_fixed_structure:
        return arms
    conditions = list(_conditions(scope, source))
    pairs = zip(arms, family.members, strict=True)
    return [
        arm for arm, member in pairs if not any(_Evaluator(scope, source, member).rules_out(one) for one in conditions)
    ]


def _conditions(scope: SelectScope, source: Source) -> Iterator[exp.Expr]:
    """The conditions that a row of the source must meet to have an effect on the SELECT's result."""
    found, where_counts = _join_conditions(scope.tree, source)
    where = scope.node.args.get("where")
    if where is not None and where_counts:
        found.append(where.this)
    for condition in found:
        yield from flatten_chain(condition) if isinstance(condition, exp.And) else [condition]


def _join_conditions(tree: JoinTree | None, source: Source) -> tuple[list[exp.Expr], bool]:
    """The ON conditions that a row of the source must meet, and whether WHERE must hold, too.

    It need not where an outer join puts NULLs in place of missing rows: WHERE may be true for those NULLs.
    """
    if tree is None or isinstance(tree, SourceLeaf):
        return [], True
    is_left = source in sources_of(tree.left)
    found, where_counts = _join_conditions(tree.left if is_left else tree.right, source)
    # Join kinds for which ON does not filter the rows of this side.
    kept = {"left", "semi", "anti", "asof", "asof left"} if is_left else {"right"}
    if tree.on is not None and tree.kind not in {*kept, "full", "positional"}:
        found.append(tree.on)
    return found, where_counts and (tree.kind == "inner" or tree.kind in kept)


class _Evaluator:
    """Evaluates a condition for a member's rows, in the logic of SQL: True, False, None for NULL, or _UNKNOWN.

    Only what means the same on every engine is evaluated: comparisons of constants with literals of their own type. A
    literal that the template inserts may be another one on another day, so it is unknown, too.
    """

    def __init__(self, scope: SelectScope, source: Source, member: Member) -> None:
        self._scope = scope
        self._source = source
        self._constants = {name.lower(): value for name, value in member.constants}

    def rules_out(self, condition: exp.Expr) -> bool:
        """Whether a condition is never true."""
        found = self.value(condition)
        return found is False or found is None

    def value(self, node: Any) -> Any:
        """The value of an expression."""
        rule = _NODES.get(type(node))
        return rule(self, node) if rule else _UNKNOWN

    def column(self, node: exp.Column) -> Any:
        """A constant column's value."""
        target = self._scope.resolve(node)
        name = node.name.lower()
        is_own = target is not None and target.columns == ((self._source, name),)
        return self._constants.get(name, _UNKNOWN) if is_own else _UNKNOWN

    def literal(self, node: exp.Literal) -> Any:
        """A literal's value."""
        if not self._scope.context.builder.is_verbatim(node):
            return _UNKNOWN
        if node.is_string:
            return node.this
        return int(node.this) if node.is_int else float(node.this)

    def cast(self, node: exp.Cast) -> Any:
        """A day."""
        value = self.value(node.this)
        if node.to.this != exp.DType.DATE or not isinstance(value, str) or len(value) != len("2026-01-31"):
            return _UNKNOWN
        try:
            return date.fromisoformat(value)
        except ValueError:
            return _UNKNOWN

    def negative(self, node: exp.Neg) -> Any:
        """A negative number."""
        value = self.value(node.this)
        return -value if isinstance(value, int | float) and not isinstance(value, bool) else _UNKNOWN

    def and_(self, node: exp.Connector) -> Any:
        """AND."""
        return self.connect([self.value(part) for part in flatten_chain(node)], decisive=False)

    def or_(self, node: exp.Connector) -> Any:
        """OR."""
        return self.connect([self.value(part) for part in flatten_chain(node)], decisive=True)

    @staticmethod
    def connect(values: list[Any], *, decisive: bool) -> Any:
        """AND (where False decides) or OR (where True decides) of several values."""
        if any(value is decisive for value in values):
            return decisive
        if all(value is (not decisive) for value in values):
            return not decisive
        return None if all(value is None or value is (not decisive) for value in values) else _UNKNOWN

    def not_(self, node: exp.Not) -> Any:
        """NOT."""
        value = self.value(node.this)
        return not value if isinstance(value, bool) else (None if value is None else _UNKNOWN)

    def comparison(self, node: exp.Binary) -> Any:
        """=, <>, <, <=, >, >=."""
        return _compare(_COMPARISONS[type(node)], self.value(node.this), self.value(node.expression))

    def between(self, node: exp.Between) -> Any:
        """BETWEEN."""
        value, low, high = (self.value(node.args.get(key)) for key in ("this", "low", "high"))
        return self.connect([_compare(operator.ge, value, low), _compare(operator.le, value, high)], decisive=False)

    def in_(self, node: exp.In) -> Any:
        """IN a list."""
        if node.args.get("query") or not node.expressions:
            return _UNKNOWN
        value = self.value(node.this)
        return self.connect([_compare(operator.eq, value, self.value(one)) for one in node.expressions], decisive=True)

    def is_(self, node: exp.Is) -> Any:
        """IS NULL."""
        value = self.value(node.this)
        return _UNKNOWN if value is _UNKNOWN or not isinstance(node.expression, exp.Null) else value is None


_UNKNOWN = object()
_COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
_NODES: dict[type, Callable[[_Evaluator, Any], Any]] = {
    exp.Paren: lambda self, node: self.value(node.this),
    exp.Column: _Evaluator.column,
    exp.Literal: _Evaluator.literal,
    exp.Boolean: lambda _, node: bool(node.this),
    exp.Null: lambda _self, _node: None,
    exp.Cast: _Evaluator.cast,
    exp.Neg: _Evaluator.negative,
    exp.And: _Evaluator.and_,
    exp.Or: _Evaluator.or_,
    exp.Not: _Evaluator.not_,
    exp.Between: _Evaluator.between,
    exp.In: _Evaluator.in_,
    exp.Is: _Evaluator.is_,
    **dict.fromkeys(_COMPARISONS, _Evaluator.comparison),
}


def _compare(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> Any:
    if left is _UNKNOWN or right is _UNKNOWN:
        return _UNKNOWN
    if left is None or right is None:
        return None
    kinds = {_kind(left), _kind(right)}
    return compare(left, right) if len(kinds) == 1 else _UNKNOWN


def _kind(value: Any) -> type:
    """Values of one kind are compared alike by Python and by every engine."""
    if isinstance(value, bool | str | date):
        return type(value)
    return float
