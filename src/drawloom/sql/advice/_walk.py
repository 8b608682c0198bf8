"""What the rules look at: nodes by kind, the sources of a SELECT, and whose column a name is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from sqlglot import exp

from drawloom.sql.script import Script

Node = TypeVar("Node", bound=exp.Expr)
Names = Sequence[str] | None


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One thing that a SELECT reads from: its alias (lower case), and the join that brought it."""

    name: str
    node: exp.Expr
    join: exp.Join | None = None

    @property
    def table(self) -> exp.Table | None:
        """The table, where the source is one (or a CTE)."""
        return self.node if isinstance(self.node, exp.Table) and isinstance(self.node.this, exp.Identifier) else None

    @property
    def dependent(self) -> bool:
        """Whether it is made anew for each row of the sources before it."""
        return isinstance(self.node, exp.Unnest | exp.Lateral) or self.table is None and _is_function(self.node)


@dataclass(slots=True, eq=False)
class Tree:
    """The statements of a script, indexed once for all rules."""

    kinds: dict[type[exp.Expr], list[exp.Expr]]
    sources: dict[int, tuple[Source, ...]] = field(default_factory=dict)
    names: dict[int, Names] = field(default_factory=dict)


@lru_cache(maxsize=8)
def tree(script: Script) -> Tree:
    """The index of a script."""
    kinds: dict[type[exp.Expr], list[exp.Expr]] = defaultdict(list)
    for statement in script.statements:
        for node in statement.walk(bfs=False):
            kinds[type(node)].append(node)
    return Tree(dict(kinds))


def nodes(script: Script, *types: type[Node]) -> Iterator[Node]:
    """All nodes of these types, subclasses too; those of one class in the order of the text."""
    for kind, found in tree(script).kinds.items():
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


def conditions(select: exp.Select) -> Iterator[exp.Expr]:
    """The conjuncts of WHERE, HAVING, QUALIFY and of every ON."""
    for clause in ("where", "having", "qualify"):
        if found := select.args.get(clause):
            yield from conjuncts(found.this)
    for source in sources_of(select):
        if source.join is not None:
            yield from conjuncts(source.join.args.get("on"))


def sources_of(select: exp.Expr) -> tuple[Source, ...]:
    """What stands in FROM and the joins, in order, with parenthesised joins opened up."""
    found: list[Source] = []
    if from_ := select.args.get("from_"):
        found += _opened(from_.this, None)
    for join in select.args.get("joins") or ():
        found += _opened(join.this, join)
    found += [Source(lateral.alias_or_name.lower(), lateral) for lateral in select.args.get("laterals") or ()]
    return tuple(found)


def _opened(node: exp.Expr, join: exp.Join | None) -> Iterator[Source]:
    inner = node.this if isinstance(node, exp.Subquery | exp.Paren) else None
    if isinstance(inner, exp.Table | exp.Paren) or isinstance(inner, exp.Subquery):
        yield from _opened(inner, join)
    else:
        yield Source(node.alias_or_name.lower(), node, join)
    inside = node.args.get("joins") or () if not isinstance(node, exp.Query) or isinstance(node, exp.Subquery) else ()
    for nested in inside:
        yield from _opened(nested.this, nested)


def query_of(node: exp.Expr) -> exp.Query | None:
    """The query that a source stands for: a subquery's, or that of the CTE in sight with its name."""
    if isinstance(node, exp.Lateral):
        node = node.this
    if isinstance(node, exp.Subquery):
        inner = node.unnest()
        return inner if isinstance(inner, exp.Query) and not isinstance(inner, exp.Table) else None
    if isinstance(node, exp.Table) and not node.args.get("db"):
        cte = cte_of(node)
        return cte.this if cte is not None and isinstance(cte.this, exp.Query) else None
    return None


def cte_of(table: exp.Table) -> exp.CTE | None:
    """The CTE that a name without a schema means, if there is one in sight and the table is not inside of it."""
    name, inner, node = table.name.lower(), table, table.parent
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None and with_ is not inner:
            found = [cte for cte in with_.expressions if cte.alias.lower() == name]
            if found:
                return found[0]
        if isinstance(node, exp.With):
            before = node.expressions[: _index(node.expressions, inner)]
            found = [cte for cte in before if cte.alias.lower() == name]
            if found:
                return found[-1]
        inner, node = node, node.parent
    return None


def _index(items: list[exp.Expr], item: exp.Expr) -> int:
    return next(n for n, other in enumerate(items) if other is item)


def _is_function(node: exp.Expr) -> bool:
    return isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier)
