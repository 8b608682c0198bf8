"""{table} is read up to day +{days}, must end at the run's day.

When the run starts those partitions are not there, so it finds nothing, or waits for them. A rerun finds other rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Read, Severity
from drawloom.sql.advice._columns import key_names, plain
from drawloom.sql.advice._keys import first_test
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import filters
from drawloom.sql.script import Script

CODE = "reads-future"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Reads beyond the run's day, but for windows of arrival round a day that another column pins."""
    for occurrence in script.occurrences:
        ahead = _ahead(occurrence.read)
        if ahead > 0 and not _is_arrival_window(script, occurrence.node, occurrence.read):
            fix = Fix("Shift the range back, or let the run of the later day do it.")
            at = first_test(script, occurrence.node)
            yield tell(__name__, script, at, fix, table=occurrence.read.table, days=ahead)


def _ahead(read: Read) -> int:
    """How many days beyond the run's day a read goes, at most."""
    if read.how == "offset":
        return read.days.last or 0
    if read.how != "calendar":
        return 0
    ends = [(last - day).days for day, spans in read.measured for _, last in spans if last is not None]
    return max(ends, default=0)


def _is_arrival_window(script: Script, table: exp.Expr, read: Read) -> bool:
    """Whether the read goes round the run's day while another column of the rows must be of that day.

    So late and early arrivals of one day are found in the partitions beside it; waiting for tomorrow's is meant.
    """
    select = table.find_ancestor(exp.Select)
    if select is None or 0 not in read.days:
        return False
    keys = key_names(script, table)
    return any(isinstance(test, exp.EQ) and _pins_day(script, test, keys) for test in filters(select, "where"))


def _pins_day(script: Script, test: exp.Expr, keys: frozenset[str]) -> bool:
    column = plain(test.this.this if isinstance(test.this, exp.Date | exp.TsOrDsToDate) else test.this)
    day = test.expression.find(exp.Literal, exp.Parameter)
    fixed = isinstance(day, exp.Parameter) or (day is not None and day.this == script.day.isoformat())
    return column is not None and column.name.lower() not in keys and fixed
