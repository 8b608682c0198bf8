"""{condition} compares {left_type} with {right_type}, must compare one type.

Some engines refuse it; others cast one side, which loses leading zeros or digits beyond 2^53 and keeps the join from
using statistics and bloom filters.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import column_type
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes, sources
from drawloom.sql.script import Script

CODE = "type-mixed-join"
SEVERITY: Severity = "warn"

_FAMILIES = {
    "text": ("VARCHAR", "CHAR", "TEXT", "STRING", "NVARCHAR", "BPCHAR"),
    "number": (
        "TINYINT", "SMALLINT", "INT", "BIGINT", "HUGEINT", "LONG", "SHORT", "UBIGINT", "UINT", "DECIMAL", "NUMERIC",
        "NUMBER", "DOUBLE", "FLOAT", "REAL",
    ),
    "date": ("DATE",),
    "timestamp": ("TIMESTAMP", "DATETIME"),
    "boolean": ("BOOL",),
    "uuid": ("UUID",),
}  # fmt: skip


def check(script: Script) -> Iterator[Problem]:
    """Equalities between two columns whose types in the catalog are of different families."""
    for comparison in nodes(script, exp.EQ) if script.catalog else ():
        sides = comparison.this, comparison.expression
        select = comparison.find_ancestor(exp.Select)
        if select is None or not all(isinstance(side, exp.Column) for side in sides):
            continue
        among = sources(select)
        left, right = (column_type(script, side, among) for side in sides)
        if left and right and None not in (families := {_family(left), _family(right)}) and len(families) == 2:
            fix = Fix("Cast the one that was stored with the wrong type, or better store it right.")
            shown = text_of(script, comparison)
            yield tell(__name__, script, comparison, fix, condition=shown, left_type=left, right_type=right)


def _family(kind: str) -> str | None:
    """The family of a type; None for those not known, DATETIME being no DATE."""
    found = [name for name, starts in _FAMILIES.items() if kind.startswith(starts)]
    return found[-1] if found else None
