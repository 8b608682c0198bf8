"""{table} is read at whatever partition is the latest, must be read at a day that the text names.

Which one that is changes with the hour of the run: nothing can wait for it, and a rerun reads another.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._keys import comparison_of, key_tests, takes_latest
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import sources
from drawloom.sql.script import Script

CODE = "latest-partition"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Conditions on a partition column that compare it with the maximum out of a query."""
    for occurrence in script.occurrences:
        select = occurrence.node.find_ancestor(exp.Select)
        among = sources(select) if select is not None else ()
        for test, column in key_tests(script, occurrence.node):
            inside = comparison_of(column) or test
            if isinstance(inside, exp.EQ | exp.In | exp.GTE | exp.GT) and takes_latest(inside, among, script):
                fix = Fix(f"Write {column.name} = '{{{{ ds }}}}', or the newest day that is sure to be there.")
                yield tell(__name__, script, inside, fix, table=occurrence.read.table)
                break
