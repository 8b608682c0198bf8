"""What the rules look at: nodes by kind, conditions, and the sources of a SELECT."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from sqlglot import exp

from drawloom.sql.advice._memo import per_script
from drawloom.sql.script import Script

Node = TypeVar("Node", bound=exp.Expr)
Kinds = dict[type[exp.Expr], list[exp.Expr]]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One thing that a SELECT reads from: its alias (lower case), and the join that brought it."""

    name: str
    node: exp.Expr
    join: exp.Join | None = None

    @property
    def dependent(self) -> bool:
        """Whether it is made anew for each row of the sources before it, as UNNEST and LATERAL are."""
        return isinstance(self.node, exp.Unnest | exp.Lateral) or is_function(self.node)


@per_script
def kinds(script: Script) -> Kinds:
    """All nodes of a script by class, found in one walk that all rules share."""
    found: Kinds = defaultdict(list)
    for statement in script.statements:
        for node in statement.walk(bfs=False):
            found[type(node)].append(node)
    return found


def nodes(script: Script, *types: type[Node]) -> Iterator[Node]:
    """All nodes of these types, subclasses too; those of one class in the order of the text."""
    for kind, found in kinds(script).items():
        if issubclass(kind, types):
            yield from found  # type: ignore[misc]


def conjuncts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """The parts of a condition that must all hold."""
    waiting = [node] if node is not None else []
    while waiting:
        part = waiting.pop().unnest()
        if isinstance(part, exp.And):
            waiting += [part.expression, part.this]
        else:
            yield part


def filters(select: exp.Expr, *clauses: str) -> Iterator[exp.Expr]:
    """The conjuncts of some clauses of a SELECT: where, having, qualify."""
    for clause in clauses:
        if found := select.args.get(clause):
            yield from conjuncts(found.this)


def conditions(select: exp.Select) -> Iterator[exp.Expr]:
    """The conjuncts of WHERE, HAVING, QUALIFY and of every ON."""
    yield from filters(select, "where", "having", "qualify")
    for source in sources(select):
        if source.join is not None:
            yield from conjuncts(source.join.args.get("on"))


def sources(select: exp.Expr) -> tuple[Source, ...]:
    """What stands in FROM and the joins, in order, with parenthesised joins opened up."""
    found: list[Source] = []
    if from_ := select.args.get("from_"):
        found += _opened(from_.this, None)
    for join in select.args.get("joins") or ():
        found += _opened(join.this, join)
    found += [Source(_name(lateral), lateral) for lateral in select.args.get("laterals") or ()]
    return tuple(found)


def _opened(node: exp.Expr, join: exp.Join | None) -> Iterator[Source]:
    if _is_wrapper(node):
        yield from _opened(node.this, join)
    else:
        yield Source(_name(node), node, join)
    for nested in node.args.get("joins") or () if isinstance(node, exp.Table | exp.Subquery) else ():
        yield from _opened(nested.this, nested)


def _name(node: exp.Expr) -> str:
    """The alias of a source, which BigQuery's UNNEST writes as its column."""
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return str(node.alias_or_name or (columns[0].name if columns else "")).lower()


def _is_wrapper(node: exp.Expr) -> bool:
    """Whether these are parentheses round a join, not a subquery."""
    if not isinstance(node, exp.Subquery) or node.alias:
        return False
    inner = node.this
    return isinstance(inner, exp.Table) or (
        isinstance(inner, exp.Subquery) and bool(inner.alias or inner.args.get("joins") or _is_wrapper(inner))
    )


def is_function(node: exp.Expr) -> bool:
    """Whether a source is a table function."""
    return isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier)


def own(select: exp.Expr, *types: type[Node]) -> Iterator[Node]:
    """Nodes of these types that belong to the SELECT itself, not to a query inside of it."""
    for node in select.walk(bfs=False, prune=lambda inner: inner is not select and isinstance(inner, exp.Query)):
        if isinstance(node, types):
            yield node


def query_of(node: exp.Expr) -> exp.Query | None:
    """The query that a source stands for: a subquery's, or that of the CTE which its name means."""
    if isinstance(node, exp.Lateral):
        node = node.this
    if isinstance(node, exp.Subquery):
        inner = node.unnest()
        return inner if isinstance(inner, exp.Select | exp.SetOperation) else None
    cte = cte_of(node) if isinstance(node, exp.Table) else None
    return cte.this if cte is not None and isinstance(cte.this, exp.Query) else None


def cte_of(table: exp.Table) -> exp.CTE | None:
    """The CTE that a name without a schema means, if one is in sight. A CTE is not in sight inside of itself."""
    if table.args.get("db"):
        return None
    inner: exp.Expr = table
    node = table.parent
    while node is not None:
        with_ = node if isinstance(node, exp.With) else node.args.get("with_")
        if with_ is not None and with_ is not inner:
            found = _named(with_, table.name.lower(), inner)
            if found is not None:
                return found
        inner, node = node, node.parent
    return None


def _named(with_: exp.With, name: str, inside: exp.Expr) -> exp.CTE | None:
    """The last CTE of that name that is defined before the one we are in."""
    found: exp.CTE | None = None
    for cte in with_.expressions:
        if cte is inside:
            break
        if cte.alias.lower() == name:
            found = cte
    return found
