"""{table} is read whole, must be bounded by its partition column {key}.

Every run reads all days there are: it gets slower every day, nothing can wait for the right partitions, and a rerun of
an old day sees rows that came later.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import entry, key_names
from drawloom.sql.advice._keys import first_test, key_tests, takes_latest, wrapper_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import is_function, nodes, sources
from drawloom.sql.advice.clock import reads_clock
from drawloom.sql.script import Occurrence, Script

CODE = "missing-partition-filter"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Tables that are known or look to be partitioned, read without a bound that no other rule explains."""
    lost = _reads_no_day(script)
    for occurrence in script.occurrences:
        table = occurrence.node
        keys = sorted(key_names(script, table))
        if occurrence.read.how != "all" or not keys or not _is_partitioned(script, occurrence, lost):
            continue
        if not _is_explained(script, table):
            key = next((key for key in script.keys if key in keys), keys[0])
            fix = Fix(f"Add {key} = '{{{{ ds }}}}', joined by AND and on the table's own side of a join.")
            yield tell(__name__, script, first_test(script, table), fix, table=occurrence.read.table, key=key)


def _is_partitioned(script: Script, occurrence: Occurrence, lost: bool) -> bool:
    """Whether the catalog says so; where it is silent, whether the text uses the key, or reads no day of anything."""
    known = entry(script, occurrence.node).keys
    return bool(known) if known is not None else lost or any(key_tests(script, occurrence.node))


def _reads_no_day(script: Script) -> bool:
    """Whether a text is written for a day, and yet none of what it reads depends on one."""
    templated = any(not piece.literal for piece in script.rendered.pieces) or any(nodes(script, exp.Parameter))
    files = any(is_function(table) and table.find(exp.Literal) for table in nodes(script, exp.Table))
    return templated and not files and all(occurrence.read.how == "all" for occurrence in script.occurrences)


def _is_explained(script: Script, table: exp.Table) -> bool:
    """Whether latest-partition, clock or function-on-key tells more exactly what is wrong."""
    select = table.find_ancestor(exp.Select)
    if select is None:
        return False
    if (
        len(select.expressions) == 1
        and isinstance(select.expressions[0].unalias(), exp.Max)
        and not select.args.get("group")
    ):
        return True
    among = sources(select)
    return any(
        takes_latest(test, among, script) or wrapper_of(column) is not None or any(map(reads_clock, test.walk()))
        for test, column in key_tests(script, table)
    )
