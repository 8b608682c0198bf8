"""{condition} drops the rows that the {side} JOIN of {table} keeps, must stand in its ON.

Where nothing matches, the columns of {table} are NULL, the condition is not true, and the row is gone: the outer join
works as an inner join.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import owner, plain
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import Source, conjuncts, nodes, sources
from drawloom.sql.script import Script

CODE = "outer-join-undone"
SEVERITY: Severity = "warn"

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Like, exp.ILike, exp.Between, exp.In)


def check(script: Script) -> Iterator[Problem]:
    """The first condition in WHERE that no row survives whose outer-joined columns are NULL, per source."""
    for where in nodes(script, exp.Where):
        select = where.parent
        among = sources(select) if isinstance(select, exp.Select) else ()
        optional = _optional(among)
        for test in conjuncts(where.this) if optional else ():
            source = _compared(script, test, among)
            if source is not None and source.name in optional:
                side = optional.pop(source.name)
                fix = Fix("Move it into the ON, or write an inner JOIN if that is meant.")
                shown = text_of(script, test)
                yield tell(__name__, script, test, fix, condition=shown, side=side, table=source.name or "a subquery")


def _optional(among: tuple[Source, ...]) -> dict[str, str]:
    """The sources whose columns can be NULL because nothing matched -> the side of the join that makes them so."""
    found: dict[str, str] = {}
    for n, source in enumerate(among):
        side = source.join.side if source.join is not None else ""
        if side in ("LEFT", "FULL"):
            found[source.name] = side
        if side in ("RIGHT", "FULL"):
            found |= {earlier.name: side for earlier in among[:n]}
    return found


def _compared(script: Script, test: exp.Expr, among: tuple[Source, ...]) -> Source | None:
    test = test.this.unnest() if isinstance(test, exp.Not) else test
    if not isinstance(test, _COMPARISONS) or _is_null(test.args.get("expression")):
        return None
    for side in (test.this, test.args.get("expression")):
        column = plain(side) if side is not None else None
        if column is not None and (source := owner(script, column, among)):
            return source
    return None


def _is_null(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Null)
