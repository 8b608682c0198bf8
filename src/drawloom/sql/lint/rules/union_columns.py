"""The sides of the {kind} have {left} and {right} columns; give them the same number.

A set operation matches columns by position; engines refuse sides of different width.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import column_count, nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "union-columns"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Set operations whose sides have different numbers of columns."""
    for operation in nodes(script, exp.SetOperation):
        left, right = column_count(operation.this), column_count(operation.expression)
        if left is not None and right is not None and left != right and not operation.args.get("by_name"):
            kind = operation.key.upper()
            fix = Fix("Add the missing columns, NULL if there is no value.")
            yield finding(__name__, script, operation.expression, fix, left=left, right=right, kind=kind)
