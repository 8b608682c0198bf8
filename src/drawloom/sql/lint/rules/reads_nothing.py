"""{table} is read at no day: its conditions on {key} exclude each other.

The engine returns no rows and no error, and the run waits for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Read, Severity
from drawloom.sql.lint.partition_conditions import key_conditions
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import conditions
from drawloom.sql.script import Script

CODE = "reads-nothing"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Reads of no day because of two or more conditions on a key, unless a constant condition excludes all rows."""
    for reference in script.table_references:
        if not _is_empty(reference.read):
            continue
        tests = list(key_conditions(script, reference.node))
        select = reference.node.find_ancestor(exp.Select)
        wanted = select is not None and all(test.find(exp.Column) for test in conditions(script, select))
        if wanted and len({id(test) for test, _ in tests}) > 1:
            test, key = tests[-1]
            fix = Fix("Remove one of the conditions, or join them with OR.")
            yield finding(__name__, script, test, fix, table=reference.read.table, key=key.name)


def _is_empty(read: Read) -> bool:
    """Whether nothing is read at the probe days. What begins at a later date is no mistake; what ended before them is."""
    first, last = read.within
    is_over = first is None and last is not None and not any(spans for _, spans in read.measured)
    return is_over or (read.how == "offset" and not read.days)
