"""{left} columns in one arm of the {kind} and {right} in the next, must be the same number.

Columns of a set operation are put together by position; engines refuse arms of different width.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import width
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "union-columns"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Set operations whose arms list different numbers of columns."""
    for operation in nodes(script, exp.SetOperation):
        left, right = width(operation.this), width(operation.expression)
        if left is not None and right is not None and left != right and not operation.args.get("by_name"):
            kind = operation.key.upper()
            fix = Fix("Add what is missing, NULL where there is nothing to say.")
            yield tell(__name__, script, operation.expression, fix, left=left, right=right, kind=kind)
