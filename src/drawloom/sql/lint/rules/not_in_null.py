"""NOT IN over {query} finds nothing once one of its values is NULL; use NOT EXISTS.

`x NOT IN (1, NULL)` is never true. The query is right until the first NULL arrives; then its result is empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import filters, nodes
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import sources
from drawloom.sql.script import Script

CODE = "not-in-null"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """NOT IN with a subquery whose column is not known to have no NULLs."""
    for list_ in nodes(script, exp.In):
        query = list_.args.get("query")
        select = query.unnest() if isinstance(query, exp.Subquery) else query
        if isinstance(list_.parent, exp.Not) and isinstance(select, exp.Select) and not _has_no_nulls(select):
            inner, outer = _qualified_name(script, select.expressions[0].unalias(), select), list_.this
            outer = _qualified_name(script, outer, list_.find_ancestor(exp.Select))
            fix = Fix(f"Write NOT EXISTS (SELECT 1 ... WHERE {inner} = {outer}), or add AND {inner} IS NOT NULL there.")
            source = select.args["from_"].this.alias_or_name if select.args.get("from_") else ""
            yield finding(__name__, script, list_.this, fix, query=source or "a subquery")


def _qualified_name(script: Script, node: exp.Expr, select: exp.Expr | None) -> str:
    """A column with its source's name, where there is only one source."""
    select_sources = sources(script, select)
    bare = isinstance(node, exp.Column) and not node.table and len(select_sources) == 1
    return f"{select_sources[0].alias}.{node.name}" if bare and select_sources[0].alias else snippet(script, node)


def _has_no_nulls(select: exp.Select) -> bool:
    if len(select.expressions) != 1:
        return False
    value = select.expressions[0].unalias()
    if isinstance(value, exp.Literal | exp.Count):
        return True
    if isinstance(value, exp.Coalesce):
        return isinstance(value.expressions[-1], exp.Literal)
    return any(_rejects_null(test, value) for test in filters(select, "where", "having"))


def _rejects_null(test: exp.Expr, value: exp.Expr) -> bool:
    """Whether a condition can only be true where the value is not NULL."""
    if isinstance(test, exp.Not) and isinstance(test.this, exp.Is):
        return isinstance(test.this.expression, exp.Null) and test.this.this == value
    if isinstance(test, exp.Predicate) and not isinstance(test, exp.Is | exp.NullSafeEQ | exp.NullSafeNEQ):
        return any(side == value for side in (test.this, test.args.get("expression")))
    return False
