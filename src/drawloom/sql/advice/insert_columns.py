"""{given} columns for the {wanted} of {table} ({columns}), must be as many.

The columns of an INSERT are filled by position; engines refuse a SELECT of another width.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import table_name, width
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "insert-columns"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """INSERT INTO t (columns) whose SELECT gives another number of them."""
    for insert in nodes(script, exp.Insert):
        schema = insert.this
        given = width(insert.expression)
        if not isinstance(schema, exp.Schema) or given is None or given == len(schema.expressions):
            continue
        names = [column.name for column in schema.expressions]
        fix = Fix("Select one value for each named column.")
        table = table_name(schema.this)
        yield tell(__name__, script, schema, fix, given=given, wanted=len(names), table=table, columns=", ".join(names))
