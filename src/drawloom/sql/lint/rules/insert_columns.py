"""{table} ({columns}) takes {wanted} columns, but the SELECT gives {given}.

The columns of an INSERT are filled by position; engines refuse a SELECT of another width.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import column_count, nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.scope import table_name
from drawloom.sql.script import Script

CODE = "insert-columns"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """INSERT INTO t (columns) whose SELECT gives another number of them."""
    for insert in nodes(script, exp.Insert):
        schema = insert.this
        given = column_count(insert.expression)
        if not isinstance(schema, exp.Schema) or given is None or given == len(schema.expressions):
            continue
        names = [column.name for column in schema.expressions]
        fix = Fix("Select one value for each named column.")
        table = table_name(schema.this)
        yield finding(
            __name__, script, schema, fix, given=given, wanted=len(names), table=table, columns=", ".join(names)
        )
