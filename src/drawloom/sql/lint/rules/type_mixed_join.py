"""{condition} compares {left_type} with {right_type}; compare values of one type.

Some engines refuse it; others cast one side, which loses leading zeros or digits beyond 2^53 and keeps the join from
using statistics and bloom filters.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import column_type
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
        if not all(isinstance(side, exp.Column) for side in sides):
            continue
        left, right = (column_type(script, side) for side in sides)
        if left and right and None not in (families := {_family(left), _family(right)}) and len(families) == 2:
            fix = Fix("Cast the one with the wrong type, or better, store it with the right type.")
            shown = snippet(script, comparison)
            yield finding(__name__, script, comparison, fix, condition=shown, left_type=left, right_type=right)


def _family(kind: str) -> str | None:
    """The family of a type, None if not known. DATETIME also starts with DATE, so the last match counts."""
    found = [name for name, starts in _FAMILIES.items() if kind.startswith(starts)]
    return found[-1] if found else None
