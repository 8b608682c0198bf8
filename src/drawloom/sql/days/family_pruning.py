"""Family pruning: the members of a family that a query reads, by its conditions on the family's constant columns."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Member
from drawloom.sql.days.predicates import flatten_chain
from drawloom.sql.days.query import AnalyzedQuery, SelectScope
from drawloom.sql.days.values import PerProbe
from drawloom.sql.families import literal
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
    if family is None or source.opaque:
        return arms
    conditions = list(_conditions(scope, source))
    pairs = zip(arms, family.members, strict=True)
    return [arm for arm, member in pairs if not any(_rules_out(scope, source, member, one) for one in conditions)]


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


def _rules_out(scope: SelectScope, source: Source, member: Member, condition: exp.Expr) -> bool:
    """Whether a condition is never true for a member's rows: it is folded with the member's constants."""
    constants = {name.lower(): value for name, value in member.constants}
    of_family = [
        target is not None and target.columns == ((source, column.name.lower()),)
        for column in condition.find_all(exp.Column)
        for target in [scope.resolve(column)]
    ]
    folded = condition.copy()
    for column, is_own in zip(list(folded.find_all(exp.Column)), of_family, strict=True):
        if is_own and column.name.lower() in constants:
            value = literal(constants[column.name.lower()])
            if column is folded:
                folded = value
            else:
                column.replace(value)
    found = scope.context.constants.fold(folded)
    return found is False or found is None or (type(found) is PerProbe and not any(one is True for one in found))
