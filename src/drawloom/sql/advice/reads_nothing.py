"""{table} is read at no day, must be read at one: its conditions on {key} exclude each other.

The engine answers with no rows and no word, and nothing is waited for.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._keys import key_tests
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import conditions
from drawloom.sql.script import Script

CODE = "reads-nothing"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Reads of no day through two or more conditions on a key, unless a constant says that no row is wanted."""
    for occurrence in script.occurrences:
        if occurrence.read.how != "offset" or occurrence.read.days:
            continue
        tests = list(key_tests(script, occurrence.node))
        select = occurrence.node.find_ancestor(exp.Select)
        wanted = select is not None and all(test.find(exp.Column) for test in conditions(select))
        if wanted and len({id(test) for test, _ in tests}) > 1:
            test, key = tests[-1]
            fix = Fix("Take one of the conditions out, or join them by OR.")
            yield tell(__name__, script, test, fix, table=occurrence.read.table, key=key.name)
