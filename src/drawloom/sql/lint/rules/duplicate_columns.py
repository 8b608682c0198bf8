"""{column} is in {query} twice; rename one of them.

A table cannot have two columns of one name, and a reference to it from outside is ambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "duplicate-columns"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs with two output columns of one name that make a table, a view, a CTE or a subquery in FROM."""
    for select in nodes(script, exp.Select):
        query = _named_result(script, select)
        seen: set[str] = set()
        for item in select.expressions if query else ():
            name = (item.alias or (item.name if isinstance(item, exp.Column) else "")).lower()
            if name and name != "*" and name in seen:
                fix = Fix("Give one of them another name with AS.")
                yield finding(__name__, script, item, fix, column=item.alias_or_name, query=query)
                break
            seen.add(name)


def _named_result(script: Script, select: exp.Select) -> str | None:
    """What a SELECT makes, None if the names of its columns do not matter there."""
    parent = select.parent
    if isinstance(parent, exp.CTE) and not parent.args["alias"].args.get("columns"):
        return parent.alias
    if isinstance(parent, exp.Subquery) and isinstance(parent.parent, exp.From | exp.Join):
        alias = parent.args.get("alias")
        return None if alias is not None and alias.args.get("columns") else parent.alias or "the subquery"
    if isinstance(parent, exp.Create) and isinstance(parent.this, exp.Table):
        return parent.this.name
    return script.target if parent is None and select is script.statements[-1] else None
