"""{condition} drops the rows that the {side} JOIN of {table} keeps; move it into the ON.

Where nothing matches, the columns of {table} are NULL, the condition is not true, and the row is gone: the outer join
works as an inner join.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import bare_column, conjuncts, nodes
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import join_of, source_of, sources
from drawloom.sql.scope import Source
from drawloom.sql.script import Script

CODE = "outer-join-undone"
SEVERITY: Severity = "warn"

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Like, exp.ILike, exp.Between, exp.In)


def check(script: Script) -> Iterator[Problem]:
    """For each source, the first condition in WHERE that drops the rows whose outer-joined columns are NULL."""
    for where in nodes(script, exp.Where):
        select = where.parent
        optional = _optional_sides(sources(script, select) if isinstance(select, exp.Select) else [])
        for test in conjuncts(where.this) if optional else ():
            source = _compared_source(script, test)
            if source is not None and source.alias in optional:
                side = optional.pop(source.alias)
                fix = Fix("Move it into the ON, or write an inner JOIN if that is meant.")
                shown = snippet(script, test)
                yield finding(
                    __name__, script, test, fix, condition=shown, side=side, table=source.alias or "a subquery"
                )


def _optional_sides(select_sources: Sequence[Source]) -> dict[str, str]:
    """Sources whose columns are NULL where nothing matched -> the side of their outer join."""
    found: dict[str, str] = {}
    for n, source in enumerate(select_sources):
        join = join_of(source)
        side = join.side if join is not None else ""
        if side in ("LEFT", "FULL"):
            found[source.alias] = side
        if side in ("RIGHT", "FULL"):
            found |= {earlier.alias: side for earlier in select_sources[:n]}
    return found


def _compared_source(script: Script, test: exp.Expr) -> Source | None:
    test = test.this.unnest() if isinstance(test, exp.Not) else test
    if not isinstance(test, _COMPARISONS) or isinstance(test.args.get("expression"), exp.Null):
        return None
    for side in (test.this, test.args.get("expression")):
        column = bare_column(side) if side is not None else None
        if column is not None and (source := source_of(script, column)):
            return source
    return None
