"""{column} comes out of {query} twice, must be named apart.

A table cannot have two columns of one name, and a reference to it from outside is ambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "duplicate-columns"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs with two output columns of one name, where a table, a view or a subquery with a name is made of them."""
    for select in nodes(script, exp.Select):
        query = _use(script, select)
        seen: set[str] = set()
        for item in select.expressions if query else ():
            name = (item.alias or (item.name if isinstance(item, exp.Column) else "")).lower()
            if name and name != "*" and name in seen:
                fix = Fix("Give one of them another name with AS.")
                yield tell(__name__, script, item, fix, column=item.alias_or_name, query=query)
                break
            seen.add(name)


def _use(script: Script, select: exp.Select) -> str | None:
    """What the names of a SELECT's columns are needed for."""
    parent = select.parent
    if isinstance(parent, exp.CTE) and not parent.args["alias"].args.get("columns"):
        return parent.alias
    if isinstance(parent, exp.Subquery) and isinstance(parent.parent, exp.From | exp.Join):
        alias = parent.args.get("alias")
        return None if alias is not None and alias.args.get("columns") else parent.alias or "the subquery"
    if isinstance(parent, exp.Create) and isinstance(parent.this, exp.Table):
        return parent.this.name
    return script.target if parent is None and select is script.statements[-1] else None
