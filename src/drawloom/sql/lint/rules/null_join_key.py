"""{column} is NULL in {share} of the rows of {table}; such rows find no partner.

NULL equals nothing, also not NULL: an inner join leaves the rows out, an outer join keeps them without a partner, and Spark and
Trino send all of them to one worker. How often a column is NULL is known where statistics are kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import conjuncts, nodes
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import source_of
from drawloom.sql.script import Script

CODE = "null-join-key"
SEVERITY: Severity = "info"
LEAST = 0.05  # the share of NULLs from which it is told


def check(script: Script) -> Iterator[Problem]:
    """Columns that an equality of a join compares, which were measured to be often NULL."""
    for join in nodes(script, exp.Join) if any(entry.nulls for entry in script.catalog.values()) else ():
        for part in conjuncts(join.args.get("on")):
            sides = (part.this, part.expression) if isinstance(part, exp.EQ) else ()
            if all(isinstance(side, exp.Column) for side in sides):
                for side in sides:
                    yield from _finding(script, side)


def _finding(script: Script, column: exp.Column) -> Iterator[Problem]:
    source = source_of(script, column)
    share = source.entry.nulls.get(column.name.lower(), 0.0) if source is not None else 0.0
    if source is not None and share >= LEAST:
        name = snippet(script, column)
        fix = Fix(f"Leave them out on purpose (WHERE {name} IS NOT NULL), or find out why they are NULL.")
        yield finding(__name__, script, column, fix, column=name, share=f"{share:.0%}", table=source.table)
